"""Rows of input_ids and labels, packed or not, and the account of what became of each record."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.config import kit_path, load_contest
from core.errors import InputError
from core.text.records import Record
from core.text.tokenizers import Tokenizer, load_tokenizer
from data_convert.rows.packing import pack
from data_convert.rows.rows import IGNORED, Audit, RowSettings, rows
from data_convert.rows.tokenise import Example, example

ALPACA = load_contest("practice_math").prompt


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    model = load_contest("practice_math").model
    return load_tokenizer("sentencepiece", kit_path(model.tokenizer.file), 1, 2, 3)


@pytest.fixture(scope="module")
def item(tokenizer: Tokenizer) -> Example:
    return example(Record("1", "math", "计算 1 + 2 等于多少？", "1 + 2 = 3"), ALPACA, tokenizer)


def made(sizes: list[tuple[int, int]]) -> list[Example]:
    """Examples of a prompt and an answer of so many tokens each, every token different."""
    examples, first = [], 10
    for number, (prompt, answer) in enumerate(sizes):
        ids = list(range(first, first + prompt + answer))
        examples.append(Example(Record(str(number), "math", "q", "a", f"f:{number}"), ids, prompt))
        first += prompt + answer
    return examples


SIZES = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=40)


def test_a_record_that_just_fits_keeps_its_eos_and_one_token_more_is_reported(
    tokenizer: Tokenizer, item: Example
) -> None:
    length, audit = len(item.ids), Audit()
    block = rows([item], RowSettings(length, 3), audit, tokenizer)
    assert block["input_ids"].tolist() == [item.ids]
    assert block["labels"][0, -1] == tokenizer.eos_id
    assert block["labels"][0, : item.answer_start].tolist() == [IGNORED] * item.answer_start
    assert len(rows([item], RowSettings(length - 1, 3), audit, tokenizer)["input_ids"]) == 0
    assert (audit.records, audit.converted, audit.rows) == (2, 1, 1)
    assert audit.skipped == [{"where": "1", "reason": f"{length} tokens, {length - 1} fit"}]
    with pytest.raises(InputError, match=r"raise data\.seq_length"):
        rows([item], RowSettings(length - 1, 3, "refuse"), Audit(), tokenizer)


def test_a_cut_record_keeps_bos_answer_and_eos(tokenizer: Tokenizer, item: Example) -> None:
    audit, width = Audit(), len(item.ids) - 5
    block = rows([item], RowSettings(width, 3, "cut"), audit, tokenizer)
    assert block["input_ids"][0].tolist() == [item.ids[0], *item.ids[6:]]
    learned = block["labels"][0][block["labels"][0] != IGNORED].tolist()
    assert learned == item.ids[item.answer_start :]
    assert (audit.cut, audit.converted, audit.skipped) == (1, 1, [])
    # No prompt is left to be cut: the record is reported.
    assert len(rows([item], RowSettings(len(learned), 3, "cut"), audit, tokenizer)["input_ids"]) == 0
    assert len(audit.skipped) == 1


def test_padding_is_not_learned(tokenizer: Tokenizer, item: Example) -> None:
    block = rows([item], RowSettings(100, 3), Audit(), tokenizer)
    assert block["input_ids"].shape == block["labels"].shape == (1, 100)
    assert set(block["input_ids"][0, len(item.ids) :].tolist()) == {3}
    assert set(block["labels"][0, len(item.ids) :].tolist()) == {IGNORED}


@given(SIZES, st.booleans())
def test_every_record_is_in_a_row_or_reported_and_its_answer_alone_is_learned(
    tokenizer: Tokenizer, sizes: list[tuple[int, int]], packing: bool
) -> None:
    examples, audit = made(sizes), Audit()
    block = rows(examples, RowSettings(16, 3, packing=packing), audit, tokenizer)
    ids, labels = block["input_ids"].reshape(-1), block["labels"].reshape(-1)
    assert audit.records == len(examples) == audit.converted + len(audit.skipped)
    for item in examples:
        if len(item.ids) > 16:
            assert item.ids[0] not in ids
            continue
        (at,) = np.flatnonzero(ids == item.ids[0])
        assert at // 16 == (at + len(item.ids) - 1) // 16, "a record does not run on in the next row"
        assert ids[at : at + len(item.ids)].tolist() == item.ids
        assert labels[at : at + item.answer_start].tolist() == [IGNORED] * item.answer_start
        assert labels[at + item.answer_start : at + len(item.ids)].tolist() == item.ids[item.answer_start :]
    assert int((labels != IGNORED).sum()) == audit.answer_tokens
    assert int((ids != 3).sum()) == audit.tokens
    assert audit.masked_rows == 0


@given(st.lists(st.integers(1, 50), max_size=200), st.integers(50, 60))
def test_packed_rows_hold_what_fits_and_overlap_nowhere(lengths: list[int], width: int) -> None:
    places = pack(lengths, width)
    taken = np.zeros((places.rows, width), dtype=int)
    for length, row, column in zip(lengths, places.row, places.column, strict=True):
        taken[row, column : column + length] += 1
        assert column + length <= width
    assert taken.max(initial=0) <= 1
    fewest = -(-sum(lengths) // width)
    assert fewest <= places.rows <= 1.7 * fewest + 1


@given(st.lists(st.integers(1, 20), min_size=1, max_size=7), st.integers(20, 25))
def test_few_records_lie_in_nearly_as_few_rows_as_there_can_be(lengths: list[int], width: int) -> None:
    """Best fit with the longest first needs 11/9 of the fewest and a part of a row at the most."""

    def fewest(left: list[int], spaces: list[int]) -> int:
        if not left:
            return len(spaces)
        fitting = {space: place for place, space in enumerate(spaces) if space >= left[0]}
        tried = [[*spaces[:at], space - left[0], *spaces[at + 1 :]] for space, at in fitting.items()]
        return min(fewest(left[1:], one) for one in [*tried, [*spaces, width - left[0]]])

    assert pack(lengths, width).rows <= 11 / 9 * fewest(sorted(lengths, reverse=True), []) + 6 / 9


@given(st.lists(st.integers(1, 50), min_size=1, max_size=80))
def test_packing_keeps_the_order_within_rows_and_that_of_the_rows_longest_records(lengths: list[int]) -> None:
    places = pack(lengths, 50)
    longest = []
    for row in range(places.rows):
        (inside,) = np.flatnonzero(places.row == row)[None]
        columns = places.column[inside].tolist()
        assert columns == [0, *np.cumsum([lengths[one] for one in inside])[:-1].tolist()], "no place between two"
        longest.append(max(inside.tolist(), key=lambda one: (lengths[one], -one)))
    assert longest == sorted(longest)


@given(SIZES)
def test_a_column_numbers_the_records_of_a_packed_row(tokenizer: Tokenizer, sizes: list[tuple[int, int]]) -> None:
    examples = made(sizes)
    block = rows(examples, RowSettings(16, 3, packing=True), Audit(), tokenizer)
    flat = {name: column.reshape(-1) for name, column in block.items()}
    assert ((flat["segments"] == 0) == (flat["input_ids"] == 3)).all()
    for row in block["segments"]:
        used = row[row > 0].tolist()
        assert used == sorted(used)
        assert set(used) == set(range(1, max(used) + 1))
        assert (row[len(used) :] == 0).all()
    for item in examples:
        if len(item.ids) <= 16:
            (at,) = np.flatnonzero(flat["input_ids"] == item.ids[0])
            number = set(flat["segments"][at : at + len(item.ids)].tolist())
            assert len(number) == 1
            assert at % 16 == 0 or flat["segments"][at - 1] not in number
    assert "segments" not in rows(examples, RowSettings(16, 3), Audit(), tokenizer)


def test_the_first_token_of_a_packed_record_is_not_learned_whatever_it_is(tokenizer: Tokenizer) -> None:
    """A record that is learned from its first token on would be predicted from the last one of the record before."""
    examples = [
        Example(Record(str(number), "math", "q", "a"), [10 * number + place for place in range(4)], 0)
        for number in (1, 2)
    ]
    audit = Audit()
    block = rows(examples, RowSettings(8, 3, packing=True), audit, tokenizer)
    assert block["labels"].tolist() == [[IGNORED, 11, 12, 13, IGNORED, 21, 22, 23]]
    assert audit.answer_tokens == 6


def test_bos_that_does_not_begin_each_record_alone_is_refused(tokenizer: Tokenizer) -> None:
    settings = RowSettings(16, 3, packing=True, bos_id=1)
    assert "segments" not in rows([_ids([1, 8, 9]), _ids([1, 7])], settings, Audit(), tokenizer)
    for wrong in ([8, 9], [1, 8, 1], [8, 1]):
        with pytest.raises(InputError, match=r"f:7: id 1 \(BOS\) does not stand at its beginning alone"):
            rows([_ids([1, 8, 9]), _ids(wrong)], settings, Audit(), tokenizer)


def _ids(ids: list[int]) -> Example:
    return Example(Record("7", "math", "q", "a", "f:7"), ids, 1)


def test_accounts_add_up_and_survive_json(tokenizer: Tokenizer) -> None:
    one, two = Audit(), Audit()
    rows(made([(3, 4), (20, 4)]), RowSettings(16, 3), one, tokenizer)
    rows(made([(5, 2)]), RowSettings(16, 3), two, tokenizer)
    one.add(Audit.from_json(two.as_json()))
    assert (one.records, one.converted, one.rows, one.tokens) == (3, 2, 2, 14)
    assert dict(one.lengths) == {7: 2, 24: 1}
