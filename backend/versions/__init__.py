"""MindFormers, version by version: what each of them calls things and can do."""
