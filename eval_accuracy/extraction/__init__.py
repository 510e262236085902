"""What a model's text says its answer is: announcements, numbers, Chinese numerals."""
