"""Tuning methods: what each of them trains and how it becomes part of the weights."""
