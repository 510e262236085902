"""Checkpoints: reading and writing them as streams, counting, merging, naming and verifying them."""
