"""What the evaluation measures, one question a file; ``training.evaluate`` is the command."""
