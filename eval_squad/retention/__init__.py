"""Retention: scores of a set of predictions, and the gate they are held against."""
