"""The prompts that the contest's converted corpus has around its questions, and how they are taken off."""

from __future__ import annotations

from typing import NamedTuple

_VICUNA = (
    "A chat between a curious user and an artificial intelligence assistant. The assistant gives helpful, detailed, "
    "and polite answers to the user's questions. USER: "
)
_TASK = "Below is an instruction that describes a task"
_REQUEST = "Write a response that appropriately completes the request.\n\n### Instruction:\n"
_ALPACA = f"{_TASK}. {_REQUEST}"
_ALPACA_INPUT = f"{_TASK}, paired with an input that provides further context. {_REQUEST}"
_INPUT = "\n\n### Input:\n"
_RESPONSE = "\n\n### Response:"


class Unwrapped(NamedTuple):
    """A question without its wrapper.

    Attributes:
        instruction: the question, or what is to be done with `input`.
        input: "" in a wrapper without one.
        wrapper: "" for none, else "alpaca", "alpaca_input", "vicuna", or both ("alpaca_vicuna"), as the prompts in
            configs/prompts are called.
    """

    instruction: str
    input: str
    wrapper: str


def unwrap(text: str) -> Unwrapped:
    """Take off the alpaca prompt, the Vicuna conversation, or the first inside the second."""
    inner, names = text, []
    if inner.startswith(_VICUNA) and inner.rstrip().endswith(" ASSISTANT:"):
        inner = inner[len(_VICUNA) :].rstrip().removesuffix(" ASSISTANT:")
        names = ["vicuna"]
    instruction, given = inner, ""
    if inner.rstrip().endswith(_RESPONSE):
        body = inner.rstrip().removesuffix(_RESPONSE)
        if body.startswith(_ALPACA):
            instruction = body[len(_ALPACA) :]
            names.insert(0, "alpaca")
        elif body.startswith(_ALPACA_INPUT) and _INPUT in body:
            instruction, _, given = body[len(_ALPACA_INPUT) :].partition(_INPUT)
            names.insert(0, "alpaca_input")
    return Unwrapped(instruction, given, "_".join(names))
