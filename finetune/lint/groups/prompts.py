"""The text before an answer, in training and in inference."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from finetune.lint import Check, Found
from finetune.lint.facts import Facts

_VICUNA = "A chat between a curious user and an artificial intelligence assistant."
_AROUND = 20
_HAND_INS = "published hand-ins of the 2024 contest (mindspore-courses/competition)"


def _vicuna_missing(facts: Facts) -> Iterator[Found]:
    asked = facts.asked_prompt
    if facts.vicuna and asked is not None and not ("USER: " in asked and " ASSISTANT:" in asked):
        said = "has no 'USER: ' and ' ASSISTANT:': llama_preprocess.py --dataset_type qa wrapped every trained text"
        yield "prompt of inference", said


def _prompts_differ(facts: Facts) -> Iterator[Found]:
    trained, asked = facts.trained_prompt, facts.asked_prompt
    if trained is None or asked is None or trained == asked:
        return
    if facts.vicuna and not trained.startswith(_VICUNA):
        # What was trained is this text within the wrapper: asked with it, nothing differs.
        if asked.startswith(_VICUNA) and trained in asked:
            return
        if "ASSISTANT:" not in asked:
            return  # that is said already
    at = next(place for place, (one, other) in enumerate(zip_longest(trained, asked)) if one != other)
    said = (
        f"differs from character {at + 1} on: {asked[at : at + _AROUND]!r}, trained was {trained[at : at + _AROUND]!r}"
    )
    yield "prompt of inference", said


CHECKS = (
    Check(
        "vicuna_wrapper",
        "error",
        _vicuna_missing,
        evidence="all teams but one trained with a wrapper that they did not ask with: empty and strange answers",
        remedy="ask with it (prompt alpaca_vicuna), or convert without it: data_convert/run.py wraps nothing by itself",
        source="the contest's research/llama3/llama_preprocess.py: get_default_conv_template('vicuna')",
        trap={"vicuna": True},
        clean={"vicuna": True,
               "asked_prompt": f"{_VICUNA} USER: Below is an instruction.\n\n### Instruction:\n{{question}}\n\n"
                               "### Response: ASSISTANT: "},
    ),
    Check(
        "prompts_differ",
        "error",
        _prompts_differ,
        evidence=f"'approppriately', '## Instruction:', a blank at the end, another language: four teams; {_HAND_INS}",
        remedy="one text for both; the kit renders both by one function",
        source=f"{_HAND_INS}: 'caused by different prompts'",
        trap={"asked_prompt": "Below is an instruction.\n\n### Instruction:\n{question}\n\n### Response: "},
        clean={"asked_prompt": None},
    ),
)  # fmt: skip
