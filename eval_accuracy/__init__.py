"""Task accuracy: judges for math and multiple choice, and the low-parameter score."""
