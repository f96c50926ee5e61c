"""Any robot's own URDF as a skeleton and forward kinematics: no meshes, no ROS, no simulator.

Reading is our own, on the standard library. yourdfpy was the plan: version 0.0.60 is alive and MIT,
but depends on ``trimesh[easy]``, 33 packages and 375 MB for what is a few numbers a joint; it moves
one configuration at a time, leaves floating and planar joints where they are, and takes the first
of two roots without a word. urdf-parser-py has had no release since 2021 and needs lxml. Against
yourdfpy the kinematics were held by hand on robots of both kinds.
"""

from lfm_ros.urdf.robot import Robot, load_robot

__all__ = ["Robot", "load_robot"]
