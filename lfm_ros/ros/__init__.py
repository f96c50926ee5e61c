"""The ROS 2 side: nodes, messages and parameters. The only part that imports rclpy and *_msgs."""
