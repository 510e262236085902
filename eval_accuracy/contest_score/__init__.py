"""What a score is worth: the best of several checkpoints, what another rank would bring."""
