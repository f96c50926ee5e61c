"""Where training poses come from: npz folders, splits, and our own kinematics."""
