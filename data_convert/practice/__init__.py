"""Corpora that the kit makes itself, in the contest's formats, small enough for two CPU cores."""
