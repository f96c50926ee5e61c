"""Recordings of ROS 2, mcap and sqlite3, lifted without ROS: read and written through rosbags."""
