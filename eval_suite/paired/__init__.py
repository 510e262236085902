"""Two sets of answers to the same questions, question by question."""
