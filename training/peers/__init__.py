"""Other ways of lifting, each in a small file, trained and judged on the same data and views."""
