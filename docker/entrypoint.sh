#!/bin/bash
# Makes ROS 2 and this workspace known to whatever is run.
set -e
source "/opt/ros/$ROS_DISTRO/setup.bash"
source /ws/install/setup.bash
exec "$@"
