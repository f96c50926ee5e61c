"""A live 3D page in the browser. Knows numpy and viser, nothing of ROS."""
