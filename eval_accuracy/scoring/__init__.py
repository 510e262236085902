"""Accuracy of a set of predictions: judged, counted by type and category, as a summary."""
