"""``python -m lfm_ros.doctor``: the doctor where nothing is on the path."""

import sys

from lfm_ros.doctor.command import main

sys.exit(main())
