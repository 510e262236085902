"""One prompt for training and inference."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from core.config import CONFIGS, names
from core.errors import InputError
from core.text.prompts import Prompt, first_difference, render
from core.text.records import Record


def shipped(name: str) -> Prompt:
    return Prompt(**yaml.safe_load((CONFIGS / "prompts" / f"{name}.yaml").read_text(encoding="utf-8")))


def test_the_contests_prompts_byte_for_byte() -> None:
    math = Record("1", "math", "计算 1 + 1 等于多少？", "1 + 1 = 2")
    assert render(shipped("alpaca"), math) == (
        "Below is an instruction that describes a task. Write a response that appropriately completes the request."
        "\n\n### Instruction:\n计算 1 + 1 等于多少？\n\n### Response:"
    )
    squad = Record("1", "squad", "Who?", "He", meta={"passage": "He did."})
    assert render(shipped("squad"), squad) == (
        "Read the passage and answer the question below.\n\n### Instruction:\nHe did.\n\n### Input:\nWho?\n\n"
        "### Response:"
    )
    assert not shipped("squad").bos
    choice = Record("1", "choice", "Question: x \nA.1", "B", meta={"instruction": "Select."})
    assert render(shipped("internlm_chat"), choice) == "<|User|>:Select.\nQuestion: x \nA.1<eoh>\n<|Bot|>:"


@pytest.mark.parametrize("name", names("prompts"))
def test_the_file_is_named_after_the_prompt(name: str) -> None:
    assert shipped(name).name == name


@given(st.text())
def test_a_question_is_never_read_as_a_template(question: str) -> None:
    prompt = Prompt(name="x", template="<{question}>")
    assert render(prompt, Record("1", "math", question, "")) == f"<{question}>"


def test_a_record_without_the_field_is_an_error() -> None:
    with pytest.raises(InputError, match="passage"):
        render(shipped("squad"), Record("7", "math", "x", "y"))


@pytest.mark.parametrize("template", ["no field", "{question} {answer}", ""])
def test_a_template_with_wrong_fields_is_refused(template: str) -> None:
    with pytest.raises(ValidationError):
        Prompt(name="x", template=template)


def test_the_hash_follows_what_decides_the_text_and_not_the_name() -> None:
    prompt = Prompt(name="x", template="{question}")
    assert prompt.sha256 == Prompt(name="y", template="{question}").sha256
    assert prompt.sha256 != Prompt(name="x", template="{question}", bos=False).sha256


def test_the_first_differing_byte_is_shown() -> None:
    assert first_difference("题目: a", "题目：a").startswith("byte 6: ")
    assert first_difference("ab", "abc").startswith("byte 2: ")
