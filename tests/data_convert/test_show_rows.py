"""Rows as readable lines, and the command that shows them."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import kit_path, load_contest
from core.errors import run_command
from core.run_folder import RunFolder, new_run
from core.text.tokenizers import Tokenizer, load_tokenizer
from data_convert import show
from data_convert.mindrecord import MindRecordWriter
from data_convert.rows.row_text import IGNORED, RowPrinter, columns_of, understand, visible

CONFIG = load_contest("practice_math")
PRACTICE = kit_path(CONFIG.model.tokenizer.file)
BOS, EOS, PAD = CONFIG.model.bos_token_id, CONFIG.model.eos_token_id, CONFIG.model.pad_token_id
WIDTH = 48


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return load_tokenizer("sentencepiece", PRACTICE, BOS, EOS, PAD)


def packed_row(tokenizer: Tokenizer, records: Sequence[tuple[str, str]]) -> tuple[list[int], list[int]]:
    """Lay (prompt, answer) pairs out as conversion does."""
    ids: list[int] = []
    labels: list[int] = []
    for prompt, answer in records:
        read, learned = [BOS, *tokenizer.encode(prompt)], [*tokenizer.encode(answer), EOS]
        ids += read + learned
        labels += [IGNORED] * len(read) + learned
    return ids + [PAD] * (WIDTH - len(ids)), labels + [IGNORED] * (WIDTH - len(labels))


def write(path: Path, rows: Sequence[tuple[list[int], list[int]]]) -> None:
    ids, labels = (np.array(column, np.int32) for column in zip(*rows, strict=True))
    with MindRecordWriter(path, ["input_ids", "labels"]) as writer:
        writer.write({"input_ids": ids, "labels": labels})


@pytest.fixture
def run(tmp_path: Path, tokenizer: Tokenizer) -> RunFolder:
    """A run with two shards of 2 and 1 rows."""
    run = new_run(CONFIG, tmp_path / "logs")
    folder = run.data / "mindrecord"
    rows = [
        packed_row(tokenizer, [("计算 3 + 4\n", "3 + 4 = 7"), ("龘 =", "\t1")]),
        packed_row(tokenizer, [("a", "b")]),
        packed_row(tokenizer, [("c", "d")]),
    ]
    write(folder / "train-00000-of-00002.mindrecord", rows[:2])
    write(folder / "train-00001-of-00002.mindrecord", rows[2:])
    return run


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run_command(show.main, list(words)) == 0
    return capsys.readouterr().out


def test_a_run_folder(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, str(run.path), "--rows", "0").splitlines()
    assert lines == [
        "row 0 of 3 (train-00000-of-00002.mindrecord): 48 tokens, 21 of them padding, 13 learned",
        "  record 1 of 2: tokens 0 to 16",
        "  masked   <s>│·计算│·│3│·+│·│4│⏎",
        "  learned  ·│3│·+│·│4│·=│·│7│</s>",
        "  as text  3 + 4 = 7",
        "  record 2 of 2: tokens 17 to 26",
        "  masked   <s>│·│<0xE9>│<0xBE>│<0x98>│·=",
        "  learned  ·│⇥│1│</s>",
        "  as text  ⇥1",
        f"  padding  21 × <pad> (id {PAD})",
    ]


def test_rows_are_numbered_on_from_shard_to_shard(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, str(run.data / "mindrecord"), "--rows", "1-9")
    assert re.findall(r"^row .*?\)", text, re.MULTILINE) == [
        "row 1 of 3 (train-00000-of-00002.mindrecord)",
        "row 2 of 3 (train-00001-of-00002.mindrecord)",
    ]
    assert [line for line in text.splitlines() if "as text" in line] == ["  as text  b", "  as text  d"]


def test_json(run: RunFolder, tokenizer: Tokenizer, capsys: pytest.CaptureFixture[str]) -> None:
    file = run.data / "mindrecord" / "train-00001-of-00002.mindrecord"
    ids, labels = packed_row(tokenizer, [("c", "d")])
    assert json.loads(shown(capsys, str(file), "--json")) == {
        "rows": 1,
        "shown": [
            {
                "row": 0,
                "file": str(file),
                "padding": 44,
                "learned": 2,
                "records": [{"start": 0, "end": 4, "text": "d"}],
                "input_ids": ids,
                "labels": labels,
                "pieces": ["<s>", " c", " d", "</s>"] + ["<pad>"] * 44,
            }
        ],
    }


def test_colour_where_it_is_asked_for(run: RunFolder, capsys: pytest.CaptureFixture[str]) -> None:
    plain = shown(capsys, str(run.path), "--no-color")
    assert "\x1b" not in plain
    colored = shown(capsys, str(run.path), "--color")
    assert re.sub(r"\x1b\[[0-9;]+m", "", colored) == plain
    # Masked tokens are dim, learned ones green and cyan in turns, special tokens stand out.
    for token in ("\x1b[2m·计算\x1b[0m", "\x1b[36m3\x1b[0m", "\x1b[32m·+\x1b[0m", "\x1b[1;33m<s>\x1b[0m"):
        assert token in colored


def test_without_a_run_and_with_a_tokenizer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.mindrecord"
    write(file, [([BOS, 5, 6, 9, EOS, 0, 0, 0], [IGNORED, IGNORED, 6, 8, EOS, IGNORED, IGNORED, IGNORED])])
    # A label that is not the token in its place is shown behind it.
    assert shown(capsys, str(file)).splitlines()[1:] == [
        "  masked   1│5",
        "  learned  6│9⇒8│2",
        "  padding  3 × id 0",
    ]
    named = shown(capsys, str(file), "--tokenizer", f"sentencepiece:{PRACTICE}")
    assert "  learned  <|Bot|>│␀⇒<eoa>│</s>\n" in named
    assert "  padding  3 × <unk> (id 0)\n" in named


def test_mistakes_are_one_sentence(run: RunFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.mindrecord"
    write(other, [([BOS, 900_000, EOS], [IGNORED, 900_000, EOS])])
    foreign = tmp_path / "foreign.mindrecord"
    with MindRecordWriter(foreign, ["a"]) as writer:
        writer.write({"a": np.ones((1, 3), np.int32)})
    (tmp_path / "empty").mkdir()
    (tmp_path / "circle").symlink_to("circle")
    for words, message in (
        ([str(run.path), "--rows", "3"], "there is no row 3; it has 3 rows, from 0 to 2"),
        ([str(run.path), "--rows", "2-1"], "--rows 2-1: give a row as 7"),
        ([str(run.path), "--tokenizer", "wordpiece:x"], "KIND being one of sentencepiece, tiktoken, hf"),
        ([str(other), "--tokenizer", f"sentencepiece:{PRACTICE}"], "row 0 has id 900000"),
        ([str(foreign)], "the columns a, not input_ids and labels"),
        ([str(tmp_path / "empty")], "no .mindrecord file in it"),
        ([str(tmp_path / "absent.mindrecord")], "cannot be read"),
        ([str(tmp_path / "circle")], "cannot be read"),
        ([str(run.path), "--run", str(tmp_path)], "not a run folder"),
        ([str(run.path), "--run", str(tmp_path / "circle")], "not a run folder"),
    ):
        assert run_command(show.main, words) == 2
        printed = capsys.readouterr()
        assert printed.out == ""
        assert message in printed.err


RECORDS = st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=5)


@given(records=RECORDS, padding=st.integers(2, 9), pad=st.sampled_from([0, EOS]))
def test_the_borders_of_packed_records_are_found(records: list[tuple[int, int]], padding: int, pad: int) -> None:
    ids: list[int] = []
    labels: list[int] = []
    borders = []
    for prompt, answer in records:
        borders.append((len(ids), len(ids) + prompt + answer + 1))
        ids += [9] * (prompt + answer) + [EOS]
        labels += [IGNORED] * prompt + [9] * answer + [EOS]
    ids, labels = ids + [pad] * padding, labels + [IGNORED] * padding
    for known in ((pad, EOS), (None, None)):
        row = understand(ids, labels, *known)
        assert (row.records, row.padding) == (borders, padding)
        assert row.learned == sum(answer + 1 for _, answer in records)


def test_a_column_of_record_numbers_tells_the_borders_whatever_is_learned() -> None:
    ids, labels = [7, EOS, 8, 9, EOS, 7, 0, 0], [IGNORED] * 8
    assert understand(ids, labels, 0, EOS).records == [(0, 6)]
    row = understand(ids, labels, 0, EOS, [1, 1, 2, 2, 2, 3, 0, 0])
    assert (row.records, row.padding) == ([(0, 2), (2, 5), (5, 6)], 2)
    assert understand(ids, labels, 0, EOS, [0] * 8).records == []


def test_rows_of_padding_alone_and_of_masked_tokens_alone() -> None:
    assert understand([0] * 5, [IGNORED] * 5, 0, EOS).records == []
    row = understand([7, 8, 9], [IGNORED] * 3, None, None)
    assert (row.records, row.padding, row.learned) == ([(0, 3)], 0, 0)


@given(text=st.text())
def test_every_character_is_visible_and_none_steers_the_terminal(text: str) -> None:
    seen = visible(text)
    assert seen.isprintable()
    assert " " not in seen
    assert bool(seen) == bool(text)


@given(
    pieces=st.lists(st.text(st.sampled_from("ab 中文，\n\u0301e🙂"), min_size=1, max_size=6), min_size=1, max_size=60),
    learned=st.integers(0, 60),
    width=st.integers(30, 90),
)
def test_lines_fit_the_terminal_and_lose_no_token(pieces: list[str], learned: int, width: int) -> None:
    ids = list(range(len(pieces)))
    labels = [IGNORED if number < learned else number for number in ids]
    row = understand(ids, labels, -1, None)
    lines = list(RowPrinter(pieces.__getitem__, None, False, width).lines(row))
    tokens = [token.removeprefix("◌") for line in lines for token in line[11:].split("│")]
    assert tokens == [visible(piece) for piece in pieces]
    assert all(columns_of(line) <= width for line in lines)


def test_chinese_characters_take_two_columns() -> None:
    assert columns_of("ab中，e\u0301") == 2 + 4 + 1
    assert unicodedata.east_asian_width("中") == "W"
