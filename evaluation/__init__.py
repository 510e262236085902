"""Asking a set of questions and keeping the answers; what all evaluators share."""
