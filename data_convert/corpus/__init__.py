"""The records of a run: which files they come from, which of them are trained on, kept on disk and not in memory."""
