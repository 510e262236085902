"""Conversations as they are: rounds, system texts, which turns are learned; nothing of them lost without a word."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import load_contest, run_tokenizer
from core.errors import InputError, run_command
from core.files import read_jsonl
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.text.prompt_tokens import prompt_ids
from core.text.prompts import Prompt, render
from core.text.records import Record, read_records
from core.text.rounds import Round, as_learned, history_of
from data_convert import clean
from data_convert.conversion.audit_table import table
from data_convert.conversion.convert import convert
from data_convert.mindrecord import MindRecordReader
from data_convert.readers.bad import Fault
from data_convert.readers.values import value_reader
from data_convert.rows.rows import IGNORED, Audit, RowSettings, rows
from data_convert.rows.tokenise import Example, example

MARKS = st.sampled_from([None, True, False])


def turn(speaker: str, text: str, **marks: Any) -> dict[str, Any]:
    return {"role": speaker, "content": text, **marks}


def read(row: dict[str, Any]) -> Record:
    return value_reader()(row, "0", "talks.jsonl:1")


def talk(*answers: tuple[str, bool | None]) -> Record:
    """A conversation with these answers and their marks; the questions are numbered."""
    turns = []
    for number, (answer, learned) in enumerate(answers):
        turns += [turn("user", f"question {number}"), turn("assistant", answer, loss=learned)]
    return read({"messages": turns})


def test_rounds_and_a_system_text_are_read() -> None:
    said = [turn("developer", "Be brief."), turn("user", "Who?"), turn("assistant", "Ann.", weight=0),
            turn("user", "Why?"), turn("assistant", "Why not?", weight=1)]  # fmt: skip
    history = [{"question": "Who?", "answer": "Ann.", "learned": False}]
    meta = {"system": "Be brief.", "history": history, "learned": True}
    assert read({"messages": said}) == Record("0", "instruction", "Why?", "Why not?", "talks.jsonl:1", meta)
    apart = read({"system": "Be brief.", "messages": said[1:]})
    assert apart.meta == meta
    alpaca = {"instruction": "Why?", "output": "Why not?", "history": [["Who?", "Ann."]], "system": "Be brief."}
    assert read(alpaca).meta == {"system": "Be brief.", "history": [{"question": "Who?", "answer": "Ann."}]}
    written = json.loads(json.dumps(vars(apart)))
    assert read(written) == apart


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"messages": [turn("user", "a"), turn("tool", "b"), turn("assistant", "c")]}, "turn 1 is of 'tool', a tool"),
        ({"messages": [turn("user", "a"), turn("assistant", "b", tool_calls=[{"id": 1}])]}, "turn 1 has 'tool_calls'"),
        ({"messages": [turn("user", "a"), turn("assistant", "b")], "tools": [{"name": "sum"}]}, "field 'tools' offers"),
        ({"messages": [turn("user", "a"), turn("assistant", "b", reasoning_content="so")]}, "has 'reasoning_content'"),
        (
            {"messages": [turn("user", "a"), turn("assistant", "b", loss="no")]},
            "field 'loss' is 'no', not true or false",
        ),
        ({"messages": [turn("user", "a"), turn("assistant", "b", weight=0.5)]}, "field 'weight' is 0.5"),
        ({"messages": [turn("user", "a"), turn("assistant", "b", loss=True, weight=0)]}, "contradict each other"),
        ({"messages": [turn("user", "a"), turn("assistant", "b", mask=1)]}, "a field 'mask', of which nothing says"),
        ({"messages": [turn("user", "a", loss=True), turn("assistant", "b")]}, "of the user, is marked as learned"),
        (
            {"system": "x", "messages": [turn("system", "y"), turn("user", "a"), turn("assistant", "b")]},
            "two different",
        ),
    ],
)
def test_what_would_be_lost_of_a_turn_is_refused_by_name(row: dict[str, Any], reason: str) -> None:
    with pytest.raises(Fault) as caught:
        read(row)
    assert reason in str(caught.value)


@pytest.mark.parametrize("mark", [{"loss": None}, {"weight": 1}, {"train": True}, {"tool_calls": []}, {"name": "Bo"}])
def test_what_says_nothing_against_a_turn_is_no_fault(mark: dict[str, Any]) -> None:
    assert read({"messages": [turn("user", "a"), turn("assistant", "b", **mark)], "tools": []}).answer == "b"


@given(st.lists(MARKS, min_size=1, max_size=5), st.sampled_from(["all", "last", "marked"]))
def test_the_turns_that_a_setting_asks_for_are_learned_and_no_other(marks: list[bool | None], turns: Any) -> None:
    record = talk(*((f"answer {number}", mark) for number, mark in enumerate(marks)))
    wanted = {
        "all": [mark is not False for mark in marks],
        "last": [number == len(marks) - 1 and mark is not False for number, mark in enumerate(marks)],
        "marked": [mark is True for mark in marks],
    }[turns]
    found = as_learned(record, turns)
    if not any(wanted):
        assert found is None
        return
    assert found is not None
    kept = [*history_of(found), Round(found.question, found.answer, True)]
    assert [one.learned for one in kept] == wanted[: len(kept)]
    assert not any(wanted[len(kept) :])
    assert [one.answer for one in kept] == [f"answer {number}" for number in range(len(kept))]
    assert as_learned(found, "marked" if turns == "marked" else "all") == found


def setting(prompt: str = "internlm_instruction", *more: str) -> RunConfig:
    return load_contest("practice_choice", [f"instruction_prompt={prompt}", *more])


@pytest.mark.parametrize("overlong", ["drop", "cut"])
def test_labels_are_the_learned_answers_and_their_ends(overlong: Any) -> None:
    config = setting()
    prompt, tokenizer = config.instruction_prompt, run_tokenizer(config)
    assert prompt is not None
    record = as_learned(talk(("one", None), ("two", False), ("three", None)), "all")
    assert record is not None
    item = example(record, prompt, tokenizer)
    width = len(item.ids) + 4 if overlong == "drop" else len(item.ids) - item.earlier[1][1]
    block = rows([item], RowSettings(width, tokenizer.pad_id, overlong), Audit(), tokenizer)
    ids, labels = block["input_ids"][0].tolist(), block["labels"][0].tolist()
    assert all(label in (IGNORED, token) for token, label in zip(ids, labels, strict=True))
    end = tokenizer.encode_around(["", "\n"], [tokenizer.controls["<eoa>"]])
    answers = [[*tokenizer.encode(text), *end] for text in ("one", "three")]
    learned = [label for label in labels if label != IGNORED]
    # Cut at the prompt's beginning, where the first answer is; the last one and EOS stay whole.
    assert learned[-len(answers[1]) - 1 :] == [*answers[1], tokenizer.eos_id]
    assert learned[: -len(answers[1]) - 1] == (answers[0] if overlong == "drop" else [])


def test_an_earlier_answer_that_is_cut_in_two_is_learned_as_far_as_it_is_there() -> None:
    tokenizer = run_tokenizer(setting())
    item = Example(Record("1", "math", "", ""), [tokenizer.bos_id, *range(100, 120)], 15, ((4, 8), (10, 12)))
    block = rows([item], RowSettings(15, tokenizer.pad_id, "cut"), Audit(), tokenizer)
    assert block["input_ids"][0].tolist() == [tokenizer.bos_id, *range(106, 120)]
    learned = block["labels"][0][block["labels"][0] != IGNORED].tolist()
    assert learned == [*range(106, 107), *range(109, 111), *range(114, 120)]


@given(st.lists(st.text("ab <eoa>\n|", min_size=1).filter(str.strip), min_size=2, max_size=6))
def test_every_learned_answer_stands_behind_the_prompt_that_asks_for_it(texts: list[str]) -> None:
    """What a run trains on before an answer is, id for id, what an evaluation asks with."""
    config = setting()
    tokenizer, prompt = run_tokenizer(config), config.instruction_prompt
    assert prompt is not None
    rounds = list(zip(texts[0::2], texts[1::2], strict=False))

    def so_far(count: int) -> Record:
        history = [{"question": asked, "answer": said} for asked, said in rounds[: count - 1]]
        return Record("1", "instruction", *rounds[count - 1], meta={"history": history})

    whole = example(so_far(len(rounds)), prompt, tokenizer)
    for count in range(1, len(rounds) + 1):
        asked = prompt_ids(prompt, render(prompt, so_far(count)), tokenizer)
        assert whole.ids[: len(asked)] == asked
    assert whole.answer_start == len(asked)


def write(path: Path, rows_: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows_)) + "\n", encoding="utf-8")
    return path


def talks(count: int) -> list[dict[str, Any]]:
    """Conversations of two rounds; of every fourth no answer is to be learned, every second has a system text."""
    made = []
    for number in range(count):
        first = [turn("system", f"Speak as number {number % 3}.")] if number % 2 else []
        refused = [turn("user", f"Tell me of {number}."), turn("assistant", "No.", loss=False)]
        told = [turn("user", "Do!"), turn("assistant", f"Well, {number}.", weight=min(number % 4, 1))]
        made.append({"messages": [*first, *refused, *told]})
    return made


def converted(folder: Path, *words: str) -> tuple[RunFolder, dict[str, Any]]:
    run = RunFolder(folder)
    corpus = write(folder.parent / "talks.jsonl", talks(40))
    few = ["data.retention_records=40", "data.records=60", "data.test_records=10", "data.squad_records=10"]
    config = setting("internlm_instruction", f"data.retention_corpus={corpus}", *few, *words)
    return run, convert(config, run, 1)


def test_a_run_says_what_became_of_every_conversation(tmp_path: Path) -> None:
    run, audit = converted(tmp_path / "run")
    found = audit["corpus"]["retention_corpus"]
    assert (found["read"], found["unlearned"], found["bad"], audit["corpus"]["retention"]) == (30, 10, 0, 30)
    # Of those that are left 20 have a system text (the odd numbers); internlm_instruction has no place for it.
    assert audit["system_unheard"] == 20
    shown = table(audit)
    assert re.search(r"system text that no prompt holds \(\{system\}\) +20\n", shown)
    assert re.search(r"  not to be learned \(data.learned_turns\) +10\n", shown)
    listed = [row for _, row in read_jsonl(run.data / "skipped.jsonl")]
    assert sum("no answer of it is to be learned" in row["reason"] for row in listed) == 10
    tokenizer = run_tokenizer(setting())
    learned = []
    with MindRecordReader(run.data / "mindrecord" / "train.mindrecord") as reader:
        for at in range(len(reader)):
            labels = reader[at]["labels"]
            learned.append(tokenizer.decode(labels[labels != IGNORED].tolist()))
    assert not any("No." in text for text in learned)
    assert sum(text.startswith("Well, ") for text in learned) == 30


def test_a_prompt_with_a_place_for_it_holds_the_system_text(tmp_path: Path) -> None:
    own = (
        r'template: "{system}<|User|>:{question}<eoh>\n<|Bot|>:", system_part: "{system}\n", default_system: "Say it."'
    )
    chat = f"{{name: internlm_instruction, {own}}}"
    config = setting(chat)
    prompt = config.instruction_prompt
    assert prompt is not None
    heard = render(prompt, Record("1", "instruction", "Who?", "Ann.", meta={"system": "Be brief."}))
    assert heard == "Be brief.\n<|User|>:Who?<eoh>\n<|Bot|>:"
    assert render(prompt, Record("1", "instruction", "Who?", "")) == "Say it.\n<|User|>:Who?<eoh>\n<|Bot|>:"
    run = RunFolder(tmp_path / "run")
    corpus = write(tmp_path / "talks.jsonl", talks(40))
    more = [f"data.retention_corpus={corpus}", "data.retention_records=40", "data.records=60", "data.test_records=10"]
    assert convert(setting(chat, *more, "data.squad_records=10"), run, 1)["system_unheard"] == 0


def test_a_prompt_of_one_round_refuses_conversations_before_anything_is_trained(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"talks\.jsonl:2: a conversation of 2 rounds, and prompt 'bare' writes one"):
        converted(tmp_path / "run", "instruction_prompt=bare")
    run, audit = converted(tmp_path / "other", "instruction_prompt=bare", "data.max_bad=30", "data.retention_records=0")
    assert audit["converted"] == 60
    with pytest.raises(InputError, match="a conversation of 2 rounds"):
        render(Prompt(name="x", template="{question}"), talk(("a", None), ("b", None)))


def test_cleaning_leaves_out_what_is_not_to_be_learned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "clean.jsonl"
    assert run_command(clean.main, [str(write(tmp_path / "talks.jsonl", talks(8))), "--out", str(out)]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"- not to be learned \(loss: false, weight: 0\) +2\n", shown)
    assert [record.answer for record in read_records(out)] == [f"Well, {number}." for number in (1, 2, 3, 5, 6, 7)]
    # What was written keeps what is not learned.
    assert {history_of(record)[0].learned for record in read_records(out)} == {False}


def test_one_question_under_two_system_texts_is_no_duplicate_and_no_contradiction(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [("Ann", "Ann"), ("Bo", "Bo"), ("Cy", "Ann"), ("Ann", "ann."), ("Ann", "Di")]
    said = [{"system": f"Answer as {name}.", "instruction": "Who are you?", "output": answer} for name, answer in names]
    assert run_command(clean.main, [str(write(tmp_path / "who.jsonl", said)), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["records"], report["normalised_duplicates"], report["kept"]) == (5, 1, 4)
    assert (report["conflicts"]["questions"], report["conflicts"]["records"]) == (1, 3)


def test_a_question_that_is_asked_in_an_earlier_round_is_left_out_of_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = write(tmp_path / "test.jsonl", [{"instruction": "Tell me of 3 .", "output": "Three."}])
    corpus = write(tmp_path / "talks.jsonl", talks(8))
    assert run_command(clean.main, [str(corpus), "--against", str(asked), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["asked"], report["kept"]) == (1, 5)
