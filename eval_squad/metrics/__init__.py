"""F1 and EM, as the contest and as SQuAD v1.1 compute them."""
