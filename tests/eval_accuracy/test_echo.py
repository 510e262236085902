"""The model's own part of a text: without prompt, the question in other spellings, reasoning, further turns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval_accuracy.extraction.echo import own_text, without_echo

QUESTION = "计算12.5 + 30等于多少？"
PROMPT = f"Below is an instruction.\n\n### Instruction:\n{QUESTION}\n\n### Response:"


@pytest.mark.parametrize(
    ("prediction", "own"),
    [
        ("42.5", "42.5"),
        (f"{QUESTION}42.5", "42.5"),
        (f"{PROMPT}42.5", "42.5"),
        ("计算12.5+30等于多少？\n答案是42.5", "答案是42.5"),
        ("让我们来计算：\n计算12.5+30等于多少？\n答案是42.5", "答案是42.5"),
        ("<think>12.5 + 30 = 43?</think>42.5", "42.5"),
        ("42.5</s>43.5", "42.5"),
        ("42.5\n### Instruction:\n计算 1 + 1", "42.5"),
        ("42.5\n题目：计算 1 + 1", "42.5"),
        ("so 42.5\n#### 42.5\nand 43", "so 42.5\n#### 42.5"),
        (QUESTION, ""),
        ("12.5 + 30 = 42.5", "12.5 + 30 = 42.5"),
    ],
)
def test_what_is_the_models_own(prediction: str, own: str) -> None:
    assert without_echo(prediction, QUESTION).strip() == own
    assert without_echo(prediction, QUESTION, PROMPT).strip() == own


@given(st.integers(-(10**6), 10**6), st.sampled_from(["{}", "答案是{}。", "12.5 + 30 = {}", "The answer is {}."]))
def test_a_repeated_prompt_changes_nothing(value: int, form: str) -> None:
    answer = form.format(value)
    assert without_echo(PROMPT + answer, QUESTION).strip() == without_echo(answer, QUESTION).strip() == answer


def test_an_unknown_prompt_with_examples_is_reported() -> None:
    shots = "Question: What is 2 + 2?\nAnswer: 4\n\nQuestion: What is 3 + 3?\nAnswer: 6"
    assert own_text(shots, QUESTION).seems_prompt
    assert not own_text("42.5", QUESTION).seems_prompt
