"""What ``lfm demo`` does: node, player and viewer as processes, watched from outside.

Nothing here imports rclpy; ``lfm_ros.ros.monitor`` brings what is heard on the graph.
"""
