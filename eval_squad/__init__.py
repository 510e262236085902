"""Retention: SQuAD F1 and EM, as the contest computes them and as SQuAD v1.1 does, and the gate on them."""
