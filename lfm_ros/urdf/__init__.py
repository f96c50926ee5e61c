"""Any robot's own URDF as a skeleton and forward kinematics: no meshes, no ROS, no simulator.

Reading is our own, on the standard library. yourdfpy was the plan: version 0.0.60 is alive and MIT,
but depends on ``trimesh[easy]``, some thirty packages and 300 MB for what is a few numbers a joint;
it moves one configuration at a time, leaves floating and planar joints where they are, and takes
the first of two roots without a word. urdf-parser-py has had no release since 2021. On 67 published
robots, eight with mimic joints, the kinematics agree with yourdfpy's to 2e-15 m.
"""

from lfm_ros.urdf.robot import Robot, load_robot

__all__ = ["Robot", "load_robot"]
