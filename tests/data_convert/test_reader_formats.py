"""One value of each format -> one record, by content and by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import InputError
from core.places import ROOT
from core.text.prompts import Prompt, render
from core.text.records import Record
from data_convert.readers import BadRecords, read_corpus
from data_convert.readers.bad import Fault
from data_convert.readers.values import value_reader

ENGLISH = ("Find $x$.", "Thus $x = \\boxed{3}$.")
CHINESE = ("计算 1 + 2 等于多少？", "1 + 2 = 3")
INSTRUCTION = "Here is a question about arts, the correct answer is one of the options A/B/C/D."
OPTIONS = "Question: q \nA.1\nB.2\nC.3\nD.4"
MEASURED = {"instruction": INSTRUCTION, "subject": "arts"}


def one(row: Any, **how: Any) -> Record:
    return value_reader(**how)(row, "7", "file:8")


def said(*turns: tuple[str, str]) -> dict[str, Any]:
    return {"id": "1", "conversations": [{"from": speaker, "value": text} for speaker, text in turns]}


def prompt(name: str) -> Prompt:
    return Prompt(**yaml.safe_load((ROOT / f"configs/prompts/{name}.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("pair", [CHINESE, ENGLISH, ("Compute:\n\n### Instruction:\n1+1", "\\boxed{2}")])
@pytest.mark.parametrize("wrapper", ["alpaca", "alpaca_vicuna"])
def test_the_prompts_that_the_kit_can_train_with_are_taken_off_a_conversation(
    pair: tuple[str, str], wrapper: str
) -> None:
    question, answer = pair
    wrapped = render(prompt(wrapper), Record("1", "math", question, answer))
    record = one(said(("human", wrapped), ("gpt", answer)))
    assert (record.question, record.answer, record.task) == (question, answer, "math")
    assert record.meta == {"type": "add" if pair == CHINESE else "english", "wrapper": wrapper}


def test_the_vicuna_conversation_alone_and_no_wrapper_at_all() -> None:
    vicuna = prompt("alpaca_vicuna").template.partition("Below")[0]
    record = one(said(("human", f"{vicuna}{CHINESE[0]} ASSISTANT: "), ("gpt", CHINESE[1])))
    assert (record.question, record.meta) == (CHINESE[0], {"type": "add", "wrapper": "vicuna"})
    assert one(said(("human", CHINESE[0]), ("gpt", CHINESE[1]))).meta == {"type": "add"}


def test_half_a_wrapper_is_part_of_the_question() -> None:
    head = prompt("alpaca").template.partition("{question}")[0]
    record = one(said(("human", head + CHINESE[0]), ("gpt", "3")))
    assert (record.question, record.task, record.meta) == (head + CHINESE[0], "instruction", {})


def test_roles_and_contents_with_a_system_turn() -> None:
    messages = [
        {"role": "system", "content": "Be exact."},
        {"role": "user", "content": CHINESE[0]},
        {"role": "assistant", "content": CHINESE[1]},
    ]
    record = one({"messages": messages})
    assert (record.id, record.source, record.question) == ("7", "file:8", CHINESE[0])
    assert record.meta == {"type": "add", "system": "Be exact."}


def test_alpaca_fields_that_hold_nothing_and_its_system_text() -> None:
    row = {"instruction": INSTRUCTION, "input": OPTIONS, "output": "The right option is B.", "history": None}
    assert one({**row, "system": None}).meta == MEASURED
    assert one({**row, "system": "Be exact."}).meta == {**MEASURED, "system": "Be exact."}
    assert one({"instruction": CHINESE[0], "input": None, "output": CHINESE[1]}).question == CHINESE[0]


def test_an_alpaca_prompt_with_an_input_around_a_choice() -> None:
    text = (
        "Below is an instruction that describes a task, paired with an input that provides further context. Write a "
        f"response that appropriately completes the request.\n\n### Instruction:\n{INSTRUCTION}"
        f"\n\n### Input:\n{OPTIONS}\n\n### Response:"
    )
    record = one(said(("human", text), ("gpt", "The right option is B.")))
    assert (record.task, record.question) == ("choice", OPTIONS)
    assert record.meta == {**MEASURED, "wrapper": "alpaca_input"}


def test_a_choice_as_one_text_is_parted_at_its_question() -> None:
    record = one(said(("user", f"{INSTRUCTION}\n{OPTIONS}"), ("assistant", "The right option is B.")))
    assert (record.task, record.question, record.meta) == ("choice", OPTIONS, MEASURED)


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        ([("system", "s"), ("human", "a"), ("gpt", "b"), ("human", "c")], "found user, assistant, user"),
        ([("human", "a"), ("gpt", "b"), ("gpt", "c")], "found user, assistant, assistant"),
        ([("human", "a"), ("gpt", "b"), ("system", "s"), ("human", "c"), ("gpt", "d")], "a system text within"),
        ([("human", "a"), ("observation", "b"), ("gpt", "c")], "turn 1 is of 'observation', a tool"),
        ([("human", "a"), ("human", "b")], "found user, user"),
        ([("gpt", "a"), ("human", "b")], "found assistant, user"),
        ([("human", "a")], "found user"),
        ([("system", "a")], "found none"),
        ([("tool", "a"), ("gpt", "b")], "turn 0 is of 'tool'"),
        ([("human", " "), ("gpt", "b")], "field 'value' is empty"),
        ([], "missing, empty or not a list"),
    ],
)
def test_a_conversation_that_is_no_questions_and_their_answers_is_refused(
    turns: list[tuple[str, str]], reason: str
) -> None:
    with pytest.raises(Fault) as caught:
        one(said(*turns))
    assert reason in str(caught.value)


def test_a_wrapper_around_nothing_is_refused() -> None:
    empty = prompt("alpaca").template.replace("{question}", " ")
    with pytest.raises(Fault, match="the question is empty"):
        one(said(("human", empty), ("gpt", "b")))


@pytest.mark.parametrize(
    ("row", "task", "question", "meta"),
    [
        ({"instruction": INSTRUCTION, "input": OPTIONS, "output": "B"}, "choice", OPTIONS, MEASURED),
        ({"instruction": "Name a colour.", "input": "", "output": "B"}, "instruction", "Name a colour.", {}),
        ({"instruction": "Name a colour.", "output": "B"}, "instruction", "Name a colour.", {}),
        ({"instruction": "Translate.", "input": "红", "output": "B"}, "instruction", "Translate.\n红", {}),
        ({"instruction": "Sort.", "input": "\nB.1\nA.2\nC.3\nD.4", "output": "B"}, "instruction", None, {}),
        ({"instruction": CHINESE[0], "input": "", "output": "3"}, "math", CHINESE[0], {"type": "add"}),
        ({"question": "A?", "answer": "1+1=2\n#### 2"}, "math", "A?", {"type": "english"}),
        ({"problem": "x", "solution": "y"}, "math", "x", {"type": "english"}),
    ],
)
def test_the_task_is_what_the_record_says(
    row: dict[str, str], task: str, question: str | None, meta: dict[str, str]
) -> None:
    record = one(row)
    assert (record.task, record.meta) == (task, meta)
    assert record.question == (question or f"{row['instruction']}\n{row['input']}")
    assert record.answer == next(row[name] for name in ("output", "answer", "solution") if name in row)


@pytest.mark.parametrize(
    ("row", "task", "question", "meta"),
    [
        ({"problem": "x", "solution": "y"}, "instruction", "x", {}),
        (
            {"instruction": INSTRUCTION, "input": OPTIONS, "output": "B"},
            "instruction",
            f"{INSTRUCTION}\n{OPTIONS}",
            {},
        ),
        ({"instruction": "Add.", "input": "1 and 2", "output": "3"}, "math", "Add.\n1 and 2", {"type": "english"}),
    ],
)
def test_the_task_can_be_decided_by_the_caller(
    row: dict[str, str], task: str, question: str, meta: dict[str, str]
) -> None:
    record = one(row, task=task)
    assert (record.task, record.question, record.meta) == (task, question, meta)


KIT = {"id": "a", "task": "math", "question": "q", "answer": "1", "source": "x:1", "meta": {"type": "other"}}


@pytest.mark.parametrize(
    ("row", "options", "reason"),
    [
        ({"problem": "x", "solution": "y"}, {"task": "choice"}, "not multiple choice"),
        ({"problem": "x", "solution": "y"}, {"task": "squad"}, "no passage"),
        ({"problem": "x", "solution": "y"}, {"format_name": "alpaca"}, "field 'instruction' is missing"),
        ({"problem": "x", "solution": "y"}, {"format_name": "conversation"}, "missing, empty or not a list"),
        ({"problem": "x", "solution": "y"}, {"format_name": "mmlu"}, "not from single JSON values"),
        ({"instruction": "a", "input": 5, "output": "b"}, {}, "field 'input' is a number, not text"),
        ({"instruction": "a", "history": [["b"]], "output": "d"}, {}, "round 0 of field 'history' is not a question"),
        ({"instruction": "a", "history": "b", "output": "d"}, {}, "field 'history' is text, not a list"),
        (KIT, {"task": "choice"}, "a record of task 'math', not 'choice'"),
        ({**KIT, "task": "maths"}, {}, "task 'maths' is none of"),
        ({**KIT, "meta": [1]}, {}, "'meta' is not a JSON object"),
        ({**KIT, "source": 1}, {}, "field 'source' is not text"),
        ({**KIT, "extra": 1}, {}, "unknown field 'extra'"),
        ({**KIT, "answer": " "}, {}, "field 'answer' is empty"),
        ({**KIT, "meta": {"n": 1 << 70}}, {}, "cannot be written as JSON"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_reason(
    row: dict[str, Any], options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Fault) as caught:
        one(row, **options)
    assert reason in str(caught.value)


def test_the_kits_own_records_are_taken_as_they_are() -> None:
    assert one(KIT) == Record("a", "math", "q", "1", "x:1", {"type": "other"})
    unanswerable = {"id": "s", "task": "squad", "question": "q", "answer": "", "meta": {"passage": "p", "answers": []}}
    assert one(unanswerable).answer == ""


def test_a_format_by_name_reads_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    rows = [{"problem": "x", "solution": "y"}, {"instruction": "a", "input": "", "output": "b"}]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert [record.task for record in read_corpus(file)] == ["math", "instruction"]
    bad = BadRecords(1)
    assert [record.task for record in read_corpus(file, bad, "alpaca")] == ["instruction"]
    assert bad.found == [f"{file}:1: field 'instruction' is missing"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format_name": "maths"}, "unknown corpus format 'maths'; there are: alpaca, .*math.*did you mean 'math'"),
        ({"task": "maths"}, "task 'maths' is none of choice, .*instruction, math, .*squad.*; did you mean 'math'"),
    ],
)
def test_an_unknown_format_or_task_is_an_error(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        list(read_corpus(tmp_path, **options))
