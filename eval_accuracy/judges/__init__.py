"""Judges: whether an answer is right, by every rule that a contest may count by."""
