"""Counting parameters: of files, of training logs, and whether several counts agree."""
