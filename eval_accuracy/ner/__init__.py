"""Marked texts as a whole file: the organiser's scorer, and figures that say more."""
