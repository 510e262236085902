"""How questions are put: requests, few-shot examples, and from a checkpoint or a server to a predictions file."""
