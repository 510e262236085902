"""Near-duplicates against brute force, on made and on real texts."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from data_convert.readers import read_corpus
from data_convert.selection.near import HASHES, jaccard, near_duplicates, signatures
from data_convert.selection.normalise import normalise


def _shingles(text: str) -> frozenset[str]:
    plain = normalise(text)
    return frozenset(plain[at : at + 5] for at in range(max(1, len(plain) - 4)))


def _brute_force(texts: list[str], threshold: float) -> list[int]:
    """Each text against all earlier ones that stay."""
    sets = [_shingles(text) for text in texts]
    original: list[int] = []
    for row, mine in enumerate(sets):
        near = (at for at in range(row) if original[at] < 0 and jaccard(mine, sets[at]) >= threshold)
        original.append(next(near, -1))
    return original


def _families(seed: int, families: int) -> list[str]:
    """Sentences without numbers, some of them with one or two words changed."""
    rng = random.Random(seed)
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randrange(3, 9))) for _ in range(400)]
    texts = []
    for _ in range(families):
        first = rng.choices(words, k=20)
        for _ in range(rng.choice([1, 1, 2, 4])):
            member = list(first)
            for _ in range(rng.randrange(3)):
                member[rng.randrange(20)] = rng.choice(words)
            texts.append(" ".join(member))
    rng.shuffle(texts)
    return texts


def test_families_of_texts_are_found_as_by_brute_force() -> None:
    texts = _families(1, 150)
    expected = _brute_force(texts, 0.7)
    found = near_duplicates(signatures(texts), texts.__getitem__, 0.7)
    assert sum(original >= 0 for original in expected) > 50
    # Banding overlooks a pair at the threshold once in a hundred; with this seed it overlooks none.
    assert found.tolist() == expected


@given(st.lists(st.text("ab c", min_size=0, max_size=12), max_size=12), st.sampled_from([0.3, 0.6, 0.8, 1.0]))
def test_what_is_merged_is_near_and_what_it_is_merged_into_stays(texts: list[str], threshold: float) -> None:
    found = near_duplicates(signatures(texts), texts.__getitem__, threshold)
    for row, original in enumerate(found.tolist()):
        if original >= 0:
            assert original < row
            assert found[original] == -1
            assert jaccard(_shingles(texts[row]), _shingles(texts[original])) >= threshold
    # Equal texts have equal signatures: no probability is involved.
    kept = [normalise(text) for text, original in zip(texts, found.tolist(), strict=True) if original < 0]
    assert len(kept) == len(set(kept))


def test_signatures_estimate_the_jaccard_index() -> None:
    left, right = "the quick brown fox jumps over the lazy dog", "the quick brown fox jumped over a lazy dog"
    one, other = signatures([left, right])[:, :HASHES]
    assert np.mean(one == other) == pytest.approx(jaccard(_shingles(left), _shingles(right)), abs=0.15)


def test_a_signature_depends_on_its_text_alone() -> None:
    texts = _families(2, 300)
    together = signatures(texts)
    assert (np.concatenate([signatures([text]) for text in texts]) == together).all()
    assert together[0, 0] == 17638004


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        (
            "Tom has 12 red apples in his big basket, Ann has none.",
            "Tom has 12 red apples in his big basket; Ann has none",
            True,
        ),
        (
            "Tom has 12 red apples in his big basket, Ann has none.",
            "Tom has 13 red apples in his big basket, Ann has none.",
            False,
        ),
        ("what is the value of the sum 5 + 3 in base ten", "what is the value of the sum 3 + 5 in base ten", False),
        ("what is the value of the sum 5 + 3 in base ten", "what is the value of the sum 5 - 3 in base ten", False),
        ("a well-known fact about the oldest city there is", "a well known fact about the oldest city there is", True),
        (
            "一个长方形的长为 57 厘米，宽为 84 厘米，请计算其面积。",
            "一个长方形的长为 58 厘米，宽为 84 厘米，请计算其面积。",
            False,
        ),
    ],
)
def test_texts_with_other_numbers_or_operators_are_no_near_duplicates(one: str, other: str, merged: bool) -> None:
    texts = [one, other]
    assert jaccard(_shingles(one), _shingles(other)) >= 0.5
    assert (near_duplicates(signatures(texts), texts.__getitem__, 0.5)[1] == 0) == merged


def test_records_that_take_no_part_or_have_another_answer_stay() -> None:
    texts = ["which of these is the capital of France today"] * 4
    found = near_duplicates(
        signatures(texts),
        texts.__getitem__,
        0.8,
        takes_part=np.array([True, False, True, True]),
        alike=np.array([7, 7, 8, 7]),
    )
    assert found.tolist() == [-1, -1, -1, 0]


@pytest.mark.parametrize("threshold", [0, -0.1, 1.01, float("nan")])
def test_a_threshold_that_is_no_jaccard_index_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match="threshold"):
        near_duplicates(signatures(["a"]), ["a"].__getitem__, threshold)


def test_planted_variants_of_real_questions_are_found(shared_data: Path) -> None:
    texts = [record.question for record in read_corpus(shared_data / "contest" / "choice_sample.json")][:400]
    planted = [f"{text} ".replace(", ", ",") + "。" for text in texts[:100] if len(text) > 200]
    assert len(planted) > 20
    found = near_duplicates(signatures(texts + planted), (texts + planted).__getitem__, 0.8)
    assert (found[: len(texts)] == -1).all()
    assert (found[len(texts) :] >= 0).mean() > 0.9
    assert found.tolist() == _brute_force(texts + planted, 0.8)
