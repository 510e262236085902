"""Multiple choice as rows, as the hub has MMLU, C-Eval and ARC: a question, its four options, the right one."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from core.tasks import choice
from core.tasks.choice import LETTERS
from core.text.records import Record
from data_convert.readers.bad import Fault
from data_convert.readers.fields import kind_of, optional_field, text_field
from data_convert.readers.formats import Example, QuestionFormat
from data_convert.readers.question_answer import QuestionAnswer

_LISTS = ("choices", "options")
_QUESTIONS = ("question", "Question", "query", "problem", "input", "题目", "问题")
# Four fields that are the options: A, option_b, "choice c", opd, 选项A; choice0 or option1 to the fourth.
_OPTION = re.compile(r"(?:options?|choices?|opt?|answer|选项)?[ _.-]?(?P<letter>[a-d])", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:options?|choices?|opt?|选项)[ _.-]?(?P<digit>[0-4])", re.IGNORECASE)
# Labels that the texts of options bring along: "A. x", "(B) y", "C、z".
_LABEL = re.compile(r"\s*[(（]?\s*(?P<letter>[A-D])\s*[.．、:：)）]\s*(?=\S)")
_ANSWERS = ("answer", "Answer", "answerKey", "answer_key", "answer_idx", "label", "target", "cop", "correct", "答案")
_SUBJECTS = ("subject", "Subject", "category", "Category")
_NO_SUBJECT = "general knowledge"


class ChoiceRows(QuestionFormat):
    """A question, options as a list, an object or fields A to D, the right one by its letter or its place from 0."""

    order = 28  # before alpaca and the pairs of question and answer, which would lose the options
    described = "question/choices/answer"
    task = "choice"
    example: ClassVar[Example] = Example(
        "choices.jsonl",
        '{"question": "2 + 2?", "subject": "arts", "choices": ["1", "2", "3", "4"], "answer": 3}\n'
        '{"id": 1, "question": "What falls?", "A": "A stone", "B": "Air", "C": "Fire", "D": "Time", "answer": "A"}\n',
        (
            Record(
                "0",
                "choice",
                "Question: 2 + 2? \nA.1\nB.2\nC.3\nD.4",
                choice.answer("D"),
                "choices.jsonl:1",
                {"instruction": choice.instruction("arts"), "subject": "arts"},
            ),
            Record(
                "1",
                "choice",
                "Question: What falls? \nA.A stone\nB.Air\nC.Fire\nD.Time",
                choice.answer("A"),
                "choices.jsonl:2",
                {"instruction": choice.instruction(_NO_SUBJECT), "subject": _NO_SUBJECT},
            ),
        ),
    )

    def recognises(self, row: dict[str, Any]) -> bool:
        """See `JsonFormat`."""
        if not any(name in row for name in _QUESTIONS) or "task" in row:
            return False
        return any(name in row for name in _LISTS) or bool(_option_fields(row))

    def question(self, row: dict[str, Any]) -> QuestionAnswer:
        """See `QuestionFormat`."""
        labels, texts = _options(row)
        answer = _answer(row, labels, texts)
        subject = next((found for name in _SUBJECTS if (found := optional_field(row, name))), _NO_SUBJECT)
        subject = subject.replace("_", " ")
        explanation = optional_field(row, "explanation")
        meta = {"subject": subject, **({"explanation": explanation} if explanation else {})}
        asked = text_field(row, next((name for name in _QUESTIONS if name in row), _QUESTIONS[0]))
        return QuestionAnswer(choice.instruction(subject), choice.question(asked, texts), choice.answer(answer), meta)


def _options(row: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return labels and texts of the options; Fault where they are not four texts."""
    name = next((name for name in _LISTS if name in row), "")
    labels, found = list(LETTERS), row.get(name) if name else [row.get(field) for field in _option_fields(row)]
    if isinstance(found, dict) and isinstance(found.get("text"), list) and isinstance(found.get("label"), list):
        labels, found = list(map(str, found["label"])), found["text"]
    elif isinstance(found, dict):
        labels, found = list(found), list(found.values())
    if not isinstance(found, list):
        raise Fault(f"field {name!r} is {kind_of(found)}, not a list of options")
    if len(found) != len(LETTERS) or len(labels) != len(LETTERS):
        raise Fault(f"{len(found)} options; a multiple choice has four, A to D")
    for letter, text in zip(LETTERS, found, strict=True):
        if type(text) not in (str, int, float) or not str(text).strip():
            raise Fault(f"option {letter} is empty or not text")
    return labels, _unlabelled([str(text) for text in found])


def _option_fields(row: dict[str, Any]) -> list[str]:
    """Return the fields that are the options, A to D; none where it is not clear that there are four of them.

    An option that is null is still one of them: A and B are enough, so that the row is not taken for a mere pair.
    """
    lettered = {found["letter"].upper(): name for name in row if (found := _OPTION.fullmatch(name))}
    if lettered.keys() >= set(LETTERS[:2]):
        return [lettered.get(letter, letter) for letter in LETTERS]
    numbered = {int(found["digit"]): name for name in row if (found := _NUMBERED.fullmatch(name))}
    first = 0 if 0 in numbered else 1
    places = range(first, first + len(LETTERS))
    return [numbered[place] for place in places] if set(numbered) == set(places) else []


def _unlabelled(texts: list[str]) -> list[str]:
    """Return options without their letters, where all of them bring theirs."""
    found = [_LABEL.match(text) for text in texts]
    if [one["letter"] if one else "" for one in found] != list(LETTERS):
        return texts
    return [text[one.end() :] for text, one in zip(texts, found, strict=True) if one]


def _answer(row: dict[str, Any], labels: list[str], texts: list[str]) -> str:
    """Return the right option's letter, whatever names it: a letter, its label, its place from 0, its text."""
    name = next((name for name in _ANSWERS if name in row), _ANSWERS[0])
    value = row.get(name)
    if type(value) is int and 0 <= value < len(LETTERS):
        return LETTERS[value]
    said = text_field(row, name).strip()
    for places in (labels, list(LETTERS)):
        if said in places or said.upper() in places:
            return LETTERS[places.index(said if said in places else said.upper())]
    if said.isdecimal() and int(said) < len(LETTERS):  # a table's cell
        return LETTERS[int(said)]
    if texts.count(said) == 1:
        return LETTERS[texts.index(said)]
    raise Fault(f"answer {said[:40]!r} is not one of A, B, C, D, nor an option's place from 0")


FORMAT = ChoiceRows()
