"""Fields of a JSON object, checked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from core.text.rounds import SYSTEM, Round
from data_convert.readers.bad import Fault

# The usual names of a question and of its answer, in small letters.
QUESTIONS = (
    *("question", "query", "prompt", "problem", "input", "inputs", "user", "human"),
    *("问题", "提问", "题目"),
)
ANSWERS = (
    *("answer", "response", "completion", "output", "outputs", "target", "targets", "reply", "solution"),
    *("assistant", "bot", "gpt", "答案", "回答", "回复"),
)
_KINDS = {dict: "an object", list: "a list", str: "text", bool: "true or false", int: "a number", float: "a number"}
# What stands for "nothing" where a tool had to write something: self-instruct's and Alpaca's words, pandas' and SQL's.
_NOTHING = frozenset({"noinput", "nooutput", "nan", "<na>", "<n/a>", "<null>", "<none>", "<empty>"})
_BRACKETS = "<>[]()（）【】"
# Beside an instruction these say that there is no input; as an answer they may be what is asked for.
_NO_INPUT = _NOTHING | {
    *("no input", "none", "null", "n/a", "#n/a", "na", "nil", "\\n", "not applicable", "empty", "-"),
    *("无", "空", "无输入", "没有输入"),
}
_LONGEST_PLACEHOLDER = 16
# Where data sets of one round keep the text that precedes it.
SYSTEMS = (SYSTEM, "System", "system_prompt", "system_message", "system_text", "meta_instruction", "系统", "系统提示")


class MissingField(Fault):
    """A field is not there.

    Attributes:
        name: its name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"field {name!r} is missing")
        self.name = name


def kind_of(value: Any) -> str:
    """Return what a JSON value is, in words."""
    return _KINDS.get(type(value)) or ("null" if value is None else f"a {type(value).__name__}")


def text_field(row: Any, name: str) -> str:
    """Return a field's text; of a list of text parts (`{"type": "text", "text": …}`) what they say, end to end.

    Raises:
        Fault: `row` is no object, or the field is missing, no text, blank or holds a NUL.
    """
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        if not (isinstance(row, dict) and name in row):
            raise MissingField(name)
        value = _joined(value, name)
    if not value or value.isspace():
        raise Fault(f"field {name!r} is empty")
    if "\0" in value:
        raise Fault(f"field {name!r} holds a NUL character")
    return value


def answer_field(row: Any, name: str) -> str:
    """Return the text of an answer, which may be a number (42, 3.5); Fault as `text_field`."""
    value = row.get(name) if isinstance(row, dict) else None
    return str(value) if type(value) in (int, float) else text_field(row, name)


def optional_field(row: dict[str, Any], name: str) -> str:
    """Return a field's text; "" where it is missing, null or blank."""
    value = row.get(name)
    blank = value is None or (isinstance(value, str) and not value.strip())
    return "" if blank else text_field(row, name)


def system_field(row: dict[str, Any]) -> str:
    """Return the system text that a row has under one of its usual names; "" for none.

    Raises:
        Fault: it is no text, or there are two that differ.
    """
    texts = {text: name for name in SYSTEMS if (text := optional_field(row, name))}
    if len(texts) > 1:
        raise Fault(f"{' and '.join(map(repr, texts.values()))} are two different system texts")
    return next(iter(texts), "")


def within(row: Any, name: str) -> tuple[Any, str]:
    """Return what holds a field, and its name there; the name may lead through others (`data.query`, `answers.text.0`).

    A field that has the whole name comes first. What is not there is missing in what is returned too.
    """
    if not isinstance(row, dict) or name in row or "." not in name:
        return row, name
    for at, part in enumerate(parts := name.split("."), 1):
        if isinstance(row, list) and part.isdecimal() and int(part) < len(row):
            row = {part: row[int(part)]}
        if not isinstance(row, dict) or part not in row:
            break
        if at == len(parts):
            return row, part
        row = row[part]
    return {}, name


def earlier_rounds(rounds: Any) -> Iterator[Round]:
    """Yield the rounds before the question, as field 'history' has them: pairs of what was asked and answered.

    Raises:
        Fault: it is no list of such pairs.
    """
    if not isinstance(rounds, list):
        raise Fault(f"field 'history' is {kind_of(rounds)}, not a list of questions with their answers")
    for number, pair in enumerate(rounds):
        texts = pair if isinstance(pair, list) else []
        if len(texts) != 2 or not all(isinstance(text, str) and text.strip() for text in texts):
            raise Fault(f"round {number} of field 'history' is not a question and its answer")
        yield Round(*texts)


def is_nothing(text: str, as_input: bool = False) -> bool:
    """Tell whether a text is one of the words that tools write for nothing, such as `<noinput>` and `nan`.

    Args:
        text: the text.
        as_input: it stands beside an instruction, where `None` or `N/A` says that there is no input.
    """
    if len(text) > _LONGEST_PLACEHOLDER:
        return False
    word = text.strip().lower().rstrip(".。")
    inner = word.strip(_BRACKETS)
    forms = {word, inner}
    if inner != word or as_input:  # <no_input>, < noinput />; but "no output" is what a program may print
        forms |= {inner.strip(" /"), re.sub(r"[\s_/-]", "", inner)}
    return not forms.isdisjoint(_NO_INPUT if as_input else _NOTHING)


def refuse_nothing(question: str, answer: str) -> None:
    """Refuse a question or an answer that is a word for nothing; Fault that says which."""
    for what, text in (("question", question), ("answer", answer)):
        if is_nothing(text):
            raise Fault(f"the {what} is {text.strip()!r}, which stands for none")


def _joined(value: Any, name: str) -> str:
    if not (isinstance(value, list) and value and all(isinstance(part, dict) for part in value)):
        raise Fault(f"field {name!r} is {kind_of(value)}, not text")
    for part in value:
        if not isinstance(part.get("text"), str):
            raise Fault(f"field {name!r} has a part of type {part.get('type')!r}, which is no text")
    return "".join(part["text"] for part in value)
