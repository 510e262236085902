"""Quotas by label: exact numbers, by seed, whatever the order of the corpus."""

from __future__ import annotations

import random
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from data_convert.selection.draw import draw
from data_convert.selection.normalise import as_pairs, fingerprint
from data_convert.selection.quota import QuotaRow, parse_quotas, take

NAMES = ["add", "mass", "fraction", "sqrt"]


def _keys(count: int) -> np.ndarray:
    return as_pairs(b"".join(fingerprint(str(number)) for number in range(count)))


LABELS = np.array([0] * 50 + [1] * 7 + [2] * 3)


def test_too_many_are_sampled_too_few_are_repeated_and_the_rest_is_taken_whole() -> None:
    drawn = take(LABELS, NAMES, _keys(60), {"add": 20, "mass": 17}, seed=1)
    assert drawn.table == (
        QuotaRow("add", 50, 20, 20, 0),
        QuotaRow("mass", 7, 17, 17, 10),
        QuotaRow("fraction", 3, None, 3, 0),
    )
    times = Counter(drawn.rows.tolist())
    assert {times[row] for row in range(50)} == {0, 1}
    # Each of the seven twice, three of them a third time: no record is favoured beyond that.
    assert sorted(times[row] for row in range(50, 57)) == [2, 2, 2, 2, 3, 3, 3]
    assert drawn.rows.tolist() == sorted(drawn.rows.tolist())


def test_a_star_is_the_quota_of_each_label_that_is_not_named() -> None:
    drawn = take(LABELS, NAMES, _keys(60), {"mass": 0, "*": 5}, seed=1)
    assert [(row.label, row.taken, row.repeated) for row in drawn.table] == [
        ("add", 5, 0),
        ("mass", 0, 0),
        ("fraction", 5, 2),
    ]


def test_a_total_is_filled_from_the_labels_without_a_quota() -> None:
    drawn = take(LABELS, NAMES, _keys(60), {"fraction": 6}, seed=1, total=20)
    assert len(drawn.rows) == 20
    assert drawn.table[2] == QuotaRow("fraction", 3, 6, 6, 3)
    assert len(take(LABELS, NAMES, _keys(60), {"fraction": 6}, seed=1, total=10_000).rows) == 57 + 6
    assert take(LABELS, NAMES, _keys(60), {}, seed=1, total=60).rows.tolist() == list(range(60))


labels = st.lists(st.integers(0, 3), min_size=1, max_size=60)
quota_sets = st.dictionaries(st.sampled_from([*NAMES, "*"]), st.integers(0, 80))


@given(labels, quota_sets, st.integers(0, 9), st.randoms(use_true_random=False))
def test_each_quota_is_met_and_the_order_of_the_corpus_does_not_matter(
    codes: list[int], quotas: dict[str, int], seed: int, rng: random.Random
) -> None:
    label, keys = np.array(codes), _keys(len(codes))
    quotas = {name: count for name, count in quotas.items() if name == "*" or NAMES.index(name) in codes}
    drawn = take(label, NAMES, keys, quotas, seed)
    taken = Counter(NAMES[code] for code in label[drawn.rows])
    for code in set(codes):
        name = NAMES[code]
        assert taken[name] == quotas.get(name, quotas.get("*", codes.count(code)))
    for row in drawn.table:
        assert row.taken - row.repeated == len(set(drawn.rows[label[drawn.rows] == NAMES.index(row.label)].tolist()))
    shuffled = np.array(rng.sample(range(len(codes)), len(codes)))
    again = take(label[shuffled], NAMES, keys[shuffled], quotas, seed)
    assert sorted(shuffled[again.rows].tolist()) == drawn.rows.tolist()


def test_another_seed_draws_others_and_a_larger_draw_holds_the_smaller() -> None:
    keys = _keys(1000)
    assert draw(keys, 100, 1).tolist() != draw(keys, 100, 2).tolist()
    assert set(draw(keys, 100, 1).tolist()) < set(draw(keys, 200, 1).tolist())
    assert draw(keys, 5, 1).tolist() == [152, 245, 293, 737, 931]
    # A fair lottery: of 1,000 records drawn 400 times by tens, each some four times.
    drawn = np.bincount(np.concatenate([draw(keys, 10, seed) for seed in range(400)]), minlength=1000)
    assert abs(drawn.mean() - 4) < 1e-9
    assert drawn.max() < 16
    assert 3 < drawn.var() < 5


@pytest.mark.parametrize(
    ("quotas", "total", "part"),
    [
        ({"mas": 5}, None, "did you mean 'mass'"),
        ({"sqrt": 5}, None, "the corpus has none"),
        ({"add": -5}, None, "-5 records cannot be taken"),
        ({"add": 5, "*": 3}, 100, "contradict each other"),
        ({"add": 50, "mass": 51}, 100, "the total is 100"),
    ],
)
def test_a_quota_that_cannot_be_met_is_refused(quotas: dict[str, int], total: int | None, part: str) -> None:
    with pytest.raises(InputError, match=part):
        take(LABELS, NAMES, _keys(60), quotas, 1, total)


def test_a_quota_of_none_of_a_label_without_records_is_met() -> None:
    assert take(LABELS, NAMES, _keys(60), {"sqrt": 0}, 1).table[-1] == QuotaRow("sqrt", 0, 0, 0, 0)


def test_quotas_are_read_as_they_are_typed() -> None:
    assert parse_quotas(["add=6000", "*=10", "a=b=1"]) == {"add": 6000, "*": 10, "a=b": 1}
    for text in ("add", "add=", "=5", "add=-1", "add=1.5"):
        with pytest.raises(InputError, match="LABEL=NUMBER"):
            parse_quotas([text])
    with pytest.raises(InputError, match="has a quota already"):
        parse_quotas(["add=1", "add=2"])
