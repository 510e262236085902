"""What stands beside question and answer in a row: system texts, marks, options, inputs; read or named, never lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import InputError
from core.text.records import Record
from core.text.rounds import as_learned, history_of, system_of
from data_convert.readers import BadRecords, read_corpus
from data_convert.readers.bad import Fault
from data_convert.readers.values import value_reader

TURNS = [{"role": "user", "content": "What floats?"}, {"role": "assistant", "content": "Cork."}]
PAIR = {"query": "What floats?", "response": "Cork."}


def one(row: dict[str, Any], **options: Any) -> Record:
    return value_reader(**options)(row, "0", "x:1")


def read(folder: Path, name: str, content: str | bytes) -> list[Record]:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_corpus(file))


@pytest.mark.parametrize("name", ["system", "system_prompt", "system_message", "meta_instruction", "系统提示"])
@pytest.mark.parametrize(
    "row",
    [
        {"question": "What floats?", "response": "Cork."},
        {"instruction": "What floats?", "output": "Cork."},
        {"problem": "What floats?", "solution": "Cork."},
        {"messages": TURNS},
        {"question": "What floats?", "choices": ["cork", "iron", "lead", "stone"], "answer": "A"},
    ],
)
def test_a_system_text_is_kept_by_every_format(row: dict[str, Any], name: str) -> None:
    assert system_of(one({**row, name: "Be brief."})) == "Be brief."


def test_two_system_texts_that_differ_are_refused() -> None:
    spoken = {"messages": [{"role": "system", "content": "Be brief."}, *TURNS]}
    assert system_of(one({**spoken, "system_prompt": "Be brief."})) == "Be brief."
    for row in ({**spoken, "system": "Be long."}, {**PAIR, "system": "Be brief.", "system_prompt": "Be long."}):
        with pytest.raises(Fault, match="two different system texts"):
            one(row)


@pytest.mark.parametrize(
    "mark", [{"loss": False}, {"train": "False"}, {"weight": 0}, {"weight": "0.0"}, {"trainable": False}]
)
def test_a_row_that_is_marked_is_not_learned(mark: dict[str, Any]) -> None:
    rounds = {"messages": [*TURNS, *TURNS]}
    for row in (PAIR, {"instruction": "What floats?", "output": "Cork."}, {"messages": TURNS}, rounds):
        assert as_learned(one(row), "all") is not None
        assert as_learned(one({**row, **mark}), "all") is None


@pytest.mark.parametrize("beside", [{"loss": 0.0}, {"weight": 1.0}, {"weight": "heavy"}, {"train": "train"}])
def test_figures_of_other_things_are_no_marks(beside: dict[str, Any]) -> None:
    assert as_learned(one({**PAIR, **beside}), "all") is not None


@pytest.mark.parametrize("name", ["weight", "loss_weight", "sample_weight", "loss_scale"])
@pytest.mark.parametrize("weight", [0.5, 2, "2", -1, "0.25", float("nan"), "1e-3"])
def test_a_weight_that_no_row_can_have_is_named(name: str, weight: Any) -> None:
    for row in (PAIR, {"instruction": "What floats?", "output": "Cork."}, {"messages": TURNS}):
        with pytest.raises(Fault, match=f"field '{name}' is .*data.train"):
            one({**row, name: weight})
    for said in (1, "1", 1.0, None, "", True):
        assert as_learned(one({**PAIR, name: said}), "all") is not None


@pytest.mark.parametrize("weight", [0.5, 2, -1, "1", "half"])
def test_a_weight_that_no_turn_can_have_is_named(weight: Any) -> None:
    with pytest.raises(Fault, match="turn 1: field 'weight' is"):
        one({"messages": [TURNS[0], {**TURNS[1], "weight": weight}]})


@pytest.mark.parametrize("name", ["no_loss", "is_train", "train_detail", "loss_masks", "Masked", "training_weight"])
def test_a_mark_of_a_turn_that_nobody_can_read_is_named(name: str) -> None:
    with pytest.raises(Fault, match=f"turn 1 has a field '{name}'"):
        one({"messages": [TURNS[0], {**TURNS[1], name: 1}]})
    assert one({"messages": [TURNS[0], {**TURNS[1], name: None, "id": 7}]}).answer == "Cork."


def test_an_answer_that_stands_for_nothing_is_refused_in_earlier_rounds_too() -> None:
    for row in (
        {"messages": [TURNS[0], {"role": "assistant", "content": "<nooutput>"}, *TURNS]},
        {**PAIR, "history": [["Who?", "nan"]]},
    ):
        with pytest.raises(Fault, match="which stands for none"):
            one(row)


@pytest.mark.parametrize("word", ["<no_input>", "< noinput />", "【无输入】", "no_input", "#N/A", "\\N", "<empty>"])
def test_other_spellings_of_no_input(word: str) -> None:
    record = one({"instruction": "Name a river.", "input": word, "output": "Rhine"})
    assert (record.question, record.meta) == ("Name a river.", {"no_input": word})


def test_other_spellings_of_no_answer() -> None:
    for word in ("<no_output>", "<NOOUTPUT/>", "[no-output]"):
        with pytest.raises(Fault, match="which stands for none"):
            one({**PAIR, "response": word})
    assert one({**PAIR, "response": "No output"}).answer == "No output"  # what a program may print


def test_what_an_instruction_is_about_is_never_dropped() -> None:
    assert one({"instruction": "Answer.", "question": "What floats?", "answer": "Cork."}).question.endswith("floats?")
    assert one({**PAIR, "context": "Of cork and iron."}).question == "What floats?\nOf cork and iron."
    same = {"instruction": "What floats?", "question": "What floats?", "output": "Cork."}
    assert one(same).question == "What floats?"
    with pytest.raises(Fault, match="'input' and 'question' may all be what the instruction is about"):
        one({"instruction": "Answer.", "input": "Briefly.", "question": "What floats?", "output": "Cork."})


@pytest.mark.parametrize(
    "names",
    [
        ("A", "B", "C", "D"),
        ("option_a", "option_b", "option_c", "option_d"),
        ("opa", "opb", "opc", "opd"),
        ("choice0", "choice1", "choice2", "choice3"),
        ("option1", "option2", "option3", "option4"),
        ("选项A", "选项B", "选项C", "选项D"),
    ],
)
@pytest.mark.parametrize("instruction", [{}, {"instruction": "Choose."}])
def test_options_in_fields_are_options_under_any_name(names: tuple[str, ...], instruction: dict[str, str]) -> None:
    options = dict(zip(names, ("cork", "iron", "lead", "stone"), strict=True))
    record = one({**instruction, "question": "What floats?", **options, "answer": "A"})
    assert record.task == "choice"
    assert record.question == "Question: What floats? \nA.cork\nB.iron\nC.lead\nD.stone"


def test_options_that_bring_their_letters_have_them_once() -> None:
    labelled = ["A. cork", "(B) iron", "C、lead", "D: stone"]
    assert (
        "\nA.cork\nB.iron\nC.lead\n" in one({"question": "What floats?", "options": labelled, "answer": "A"}).question
    )
    names = ["A. Smith", "Jones", "Li", "D. Wang"]
    assert "\nA.A. Smith\n" in one({"question": "Who?", "options": names, "answer": "B"}).question


def test_fields_within_fields() -> None:
    row = {"data": {"ask": "What floats?", "said": [{"text": "Cork."}]}, "data.ask": None}
    fields = {"question": "data.ask", "answer": "data.said.0.text"}
    assert one(row, fields=fields).answer == "Cork."
    for answer in ("data.said.1.text", "data.reply", "data.said.text"):
        with pytest.raises(Fault, match=f"field '{answer}' is missing"):
            one(row, fields={"question": "data.ask", "answer": answer})
    assert (
        one({"data.ask": "What sinks?", "a": "Iron."}, fields={"question": "data.ask", "answer": "a"}).answer == "Iron."
    )


def test_columns_of_lists_without_anything_in_them_do_not_decide_what_a_row_is() -> None:
    assert one({**PAIR, "choices": [], "messages": [], "answers": {}}).answer == "Cork."
    with pytest.raises(Fault, match="missing, empty or not a list"):
        one({"messages": []})


def test_answers_in_a_cell_are_unpacked_or_refused() -> None:
    row = {"context": "Cork floats.", "question": "What floats?"}
    assert one({**row, "answers": '{"text": ["Cork"], "answer_start": [0]}'}).answer == "Cork"
    with pytest.raises(Fault, match="as a program prints it"):
        one({**row, "answers": "{'text': array(['Cork'], dtype=object)}"})


@pytest.mark.parametrize("mark", ["\ufeff", "\ufeff\ufeff", "  \ufeff "])
def test_byte_order_marks_before_any_value(tmp_path: Path, mark: str) -> None:
    row = json.dumps(PAIR)
    for name, text in (
        ("lines.jsonl", f"{mark}{row}\n{mark}{row}\n{mark}\n"),
        ("array.json", f"{mark}[{mark}{row},\n{mark}{row}]\n{mark}"),
        ("indented.json", f"{mark}{json.dumps(PAIR, indent=1)}\n{mark}{json.dumps(PAIR, indent=1)}\n"),
    ):
        assert len(read(tmp_path, name, text)) == 2


def test_files_that_were_joined_are_named(tmp_path: Path) -> None:
    row = json.dumps(PAIR)
    with pytest.raises(InputError, match=":1: malformed JSON .*a byte order mark, where two files were joined"):
        read(tmp_path, "lines.jsonl", f"{row}\ufeff{row}\n")
    with pytest.raises(InputError, match=r":2: malformed JSON .*were files joined\? Give them as several: data.train="):
        read(tmp_path, "array.json", f"[{row}]\n\ufeff[{row}]\n")
    for header, cells in (("query,response", "What floats?,Cork."), ("question,A,B,C,D,answer", "Q,a,b,c,d,A")):
        file = tmp_path / "table.csv"
        file.write_text(f"{header}\n{cells}\n\ufeff{header}\n{cells}\n", encoding="utf-8")
        bad = BadRecords(1)
        assert len(list(read_corpus(file, bad))) == 2
        assert bad.found == [f"{file}:3: the header row again, as where files were joined; delete it"]


def test_a_table_with_other_columns_is_told_them(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the columns 'ask', 'reply' are neither .* name them with data.fields"):
        read(tmp_path, "orders.csv", "ask,reply\nWhat floats?,Cork.\n")


def test_a_marked_row_keeps_its_history_for_nobody() -> None:
    record = one({"messages": [*TURNS, *TURNS], "loss": False})
    assert [one.learned for one in history_of(record)] == [False]
