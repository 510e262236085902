"""Tokens that a server's answers took, and what they cost."""

from __future__ import annotations

from pathlib import Path

from core.files import read_jsonl
from core.result_parts import Usage

_MILLION = 1_000_000


def usage(path: Path, input_price: float | None, output_price: float | None) -> Usage | None:
    """Sum up the tokens of a prediction log.

    Args:
        path: the log.
        input_price: of a million tokens of prompts; None: there is no price.
        output_price: of a million generated tokens.

    Returns:
        The sums; None where the server told no tokens of prompts.
    """
    answers = read = written = 0
    for _, row in read_jsonl(path):
        count = row.get("prompt_tokens") if isinstance(row, dict) else None
        if type(count) is int:
            answers, read, written = answers + 1, read + count, written + row["tokens"]
    if not answers:
        return None
    price = None
    if input_price is not None and output_price is not None:
        price = (read * input_price + written * output_price) / _MILLION
    return Usage(answers=answers, prompt_tokens=read, completion_tokens=written, price=price)
