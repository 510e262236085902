"""Models beside each other: paired comparison of what they answered."""
