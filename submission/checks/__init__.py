"""What is checked in a zip: its parts, and its figures against each other."""
