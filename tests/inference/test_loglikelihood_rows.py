"""What the forward pass is asked for: every wanted token once, in few shapes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inference.ascend.loglikelihood import batches, padded_length, rows_of

TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=40)
PAIRS = st.lists(st.tuples(TOKENS, st.lists(st.integers(0, 3), max_size=60)), max_size=30)


@given(pairs=PAIRS, most=st.integers(1, 9))
def test_every_wanted_token_is_read_once_after_what_precedes_it(
    pairs: list[tuple[list[int], list[int]]], most: int
) -> None:
    found: dict[int, list[int]] = {}
    for batch in batches(rows_of(pairs), most, 256):
        assert 1 <= len(batch.rows) <= batch.count == most
        assert batch.places >= sum(len(row.wanted) for row in batch.rows)
        assert batch.length == 128
        for row in batch.rows:
            for position, token, pair in row.wanted:
                before = [*pairs[pair][0], *found.setdefault(pair, [])]
                assert row.tokens[: position + 1] == before
                found[pair].append(token)
    assert found == {number: tail for number, (_, tail) in enumerate(pairs) if tail}


def test_four_letters_share_a_row_and_long_prompts_come_in_small_batches() -> None:
    pairs = [(list(range(length)), [letter]) for length in (100, 130, 900, 1800, 2000) for letter in range(4)]
    found = list(batches(rows_of(pairs), 64, 2048))
    assert [(len(batch.rows), batch.length, batch.count) for batch in found] == [
        (1, 128, 64), (1, 256, 64), (1, 1024, 16), (2, 2048, 8),
    ]  # fmt: skip
    assert [batch.places for batch in found] == [1024, 1024, 256, 128]


def test_rows_are_padded_to_few_lengths() -> None:
    assert [padded_length(tokens, 1040) for tokens in (1, 128, 129, 513, 1025, 1040)] == [
        128, 128, 256, 1024, 1040, 1040,
    ]  # fmt: skip
