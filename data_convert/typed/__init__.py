"""Typed math: questions as operands, their exact solutions, and the check of a corpus against them."""
