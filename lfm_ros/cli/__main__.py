"""``python -m lfm_ros.cli``: the command ``lfm`` where it is not on the path."""

import sys

from lfm_ros.cli import main

sys.exit(main())
