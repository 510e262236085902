"""What the commands that ask models have in common: their options, checkpoints, and whose a result is."""
