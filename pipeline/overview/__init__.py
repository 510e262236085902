"""What there is to choose from, and what a run came to."""
