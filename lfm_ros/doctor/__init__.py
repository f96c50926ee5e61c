"""What this computer has of all that lfm_ros can use, and what each lack switches off."""
