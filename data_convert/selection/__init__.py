"""Cleaning and sampling: which records of a corpus are kept, drawn, held out, or must not be trained on.

Pure functions over texts (`normalise`, `keys`, `overlap`, `refusal`) and over columns with one row a record
(`columns`, `dedup`, `near`, `quota`, `split`), so that a corpus is scanned in parallel and decided on in one place.
"""
