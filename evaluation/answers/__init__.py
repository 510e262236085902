"""What was answered: the log that is written while a model is asked, and predictions that are read."""
