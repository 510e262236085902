"""Overlap with evaluation texts against brute force, and the refusal to train on what is asked."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.text.records import Record
from data_convert import fingerprint
from data_convert.readers import read_corpus
from data_convert.readers.squad_questions import read_questions
from data_convert.selection import refusal
from data_convert.selection.overlap import Overlap
from data_convert.selection.refusal import Asked, dev_passages, is_long, is_squad_dev


def _ngrams(text: str, n: int) -> list[tuple[str, ...]]:
    words = text.split()
    return [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]


def _brute_force(evaluation: list[str], text: str, n: int) -> tuple[int, int]:
    """Return shared n-grams, all n-grams, for texts of plain words."""
    mine = _ngrams(text, n)
    if not mine:
        return int(bool(text.split()) and text.split() in [other.split() for other in evaluation]), 1
    theirs = {ngram for other in evaluation for ngram in _ngrams(other, n)}
    return sum(ngram in theirs for ngram in mine), len(mine)


texts = st.lists(st.lists(st.sampled_from("abc"), max_size=9).map(" ".join), max_size=8)


@given(texts, texts, st.integers(1, 4))
def test_overlap_is_that_of_brute_force(evaluation: list[str], training: list[str], n: int) -> None:
    overlap = Overlap(evaluation, n)
    hits = overlap.hits(training)
    expected = [_brute_force(evaluation, text, n) for text in training]
    assert list(zip(hits.shared.tolist(), hits.total.tolist(), strict=True)) == expected
    for text, (count, _) in zip(training, expected, strict=True):
        shared = overlap.shared(text)
        assert (shared is not None) == (count > 0)
        if shared is not None:
            assert f" {shared.words} " in f" {text} "
            assert f" {shared.words} " in f" {evaluation[shared.text]} "


def test_case_width_and_punctuation_hide_nothing() -> None:
    overlap = Overlap(["The Panthers finished the regular season with a 15–1 record, and quarterback Cam Newton won."])
    leak = "Did you know?  THE PANTHERS finished the regular season, with a １５-1 record and quarterback"
    shared = overlap.shared(leak)
    assert shared is not None
    assert shared.words == "the panthers finished the regular season with a 15 - 1 record and"
    assert overlap.hits([leak]).share.tolist() == [pytest.approx(2 / 5)]


def test_numbers_are_whole_words_and_chinese_characters_one_each() -> None:
    chinese = "下列关于我国水资源分布的说法中不正确的是"
    assert Overlap([chinese], 8).hits(
        [f"题目：{chinese}哪一项？", chinese[:7] + "错" + chinese[8:15]]
    ).shared.tolist() == [
        len(chinese) - 7,
        0,
    ]
    assert Overlap(["a b c 3.14 d"], 3).hits(["b c 3.1 d", "b c 3.14 e"]).shared.tolist() == [0, 1]
    assert Overlap(["take 1,000 of 1,2,3"], 6).hits(
        ["take 1,000 of 1, 2, 3", "take 1 , 000 of 1 2 3"]
    ).shared.tolist() == [1, 0]
    assert Overlap(["1 + 2 - 3"], 5).hits(["1 - 2 + 3", "1 + 2 - 3"]).shared.tolist() == [0, 1]


def test_short_texts_are_compared_as_a_whole() -> None:
    overlap = Overlap(["Who won?", "What is 5! in base ten"])
    asked = ["who  WON", "Who won then?", "Who", "", "What is 5 in base ten"]
    assert overlap.hits(asked).shared.tolist() == [1, 0, 0, 0, 0]
    assert Overlap(["", "?"]).hits(["", "."]).shared.tolist() == [0, 0]


def test_template_problems_overlap_by_type_and_operands_only() -> None:
    area = "一个长方形的长为 {} 厘米，宽为 {} 厘米，请计算其面积。"
    overlap = Overlap([area.format(57, 84), "计算 5 + 3 等于多少？"], n=4)
    asked = [area.format(57, 84).replace(" ", ""), area.format(57, 85), "计算 5+3 等于多少?", "计算 3 + 5 等于多少？"]
    assert overlap.hits(asked).shared.tolist() == [1, 0, 1, 0]


def test_another_process_finds_the_same() -> None:
    rng = random.Random(1)
    evaluation = [" ".join(rng.choices("abcdefgh", k=rng.randrange(30))) for _ in range(50)]
    training = [" ".join(rng.choices("abcdefgh", k=rng.randrange(30))) for _ in range(9000)]
    overlap = Overlap(evaluation, 5)
    hits, again = overlap.hits(training), pickle.loads(pickle.dumps(overlap)).hits(training)
    assert 0 < (hits.shared > 0).mean() < 1
    assert (hits.shared == again.shared).all()
    # Chunks do not change what is found.
    assert hits.shared[4090:4100].tolist() == overlap.hits(training[4090:4100]).shared.tolist()


def test_planted_leaks_are_found_and_nothing_else(shared_data: Path) -> None:
    dev = read_questions(shared_data / "squad" / "dev-v1.1.json", "all")[0]
    passages = sorted({str(record.meta["passage"]) for record in dev})
    overlap = Overlap([*passages, *(record.question for record in dev)])
    clean = [record.question for record in read_corpus(shared_data / "contest" / "math_sample.jsonl")]
    clean += [record.question for record in read_corpus(shared_data / "contest" / "choice_sample.json")]
    assert overlap.hits(clean).shared.sum() == 0
    rng = random.Random(3)
    leaks = []
    for passage in rng.sample(passages, 200):
        words = passage.split(" ")
        at = rng.randrange(len(words) - 20)
        leaks.append("Please read this: " + " ".join(words[at : at + 20]).lower() + " – and so on.")
    leaks += [record.question.upper() for record in rng.sample(dev, 200)]
    assert (overlap.hits(leaks).shared > 0).all()


def _reading(passage: str, **meta: str) -> Record:
    return Record("7", "squad", "Who?", "Ann", "train.json:7", {"passage": passage, **meta})


PASSAGE = " ".join(f"In {year} Ann sold {year % 7} books, maps and globes by the river." for year in range(1900, 1910))
ESSAY = " ".join(
    f"Nobody knows what became of room {number} after the {number}th flood of the river." for number in range(60)
)


def test_a_passage_that_is_asked_is_known_in_every_wrapping() -> None:
    asked = Asked([_reading(PASSAGE)])
    leaks = [
        _reading(PASSAGE.upper() + "\n"),
        _reading(PASSAGE[:160]),
        Record("8", "instruction", f"Read this.\n{PASSAGE}\nWhere did Ann live?", "there"),
        Record("8", "instruction", f"Context: {PASSAGE} Question: where did Ann live?", "there"),
        Record("8", "math", f"{ESSAY}\n{PASSAGE[:400]}", "there"),
        Record("9", "choice", "A.1\nB.2", "A", "", {"instruction": PASSAGE}),
    ]
    innocent = [_reading("Ann. " * 50), _reading("Bob."), _reading(ESSAY), Record("1", "math", ESSAY[::-1], "1")]
    found = asked.held_by([*leaks, *innocent])
    assert [id(record) for record in found] == [id(record) for record in leaks]
    assert all(map(is_long, leaks))
    assert not is_long(Record("1", "math", "计算 1 + 2 等于多少？", "3", "", {"type": "add"}))


def test_squad_dev_is_known_without_the_file(shared_data: Path, tmp_path: Path) -> None:
    official = shared_data / "squad" / "dev-v1.1.json"
    assert is_squad_dev(official)
    changed = tmp_path / "renamed.json"
    changed.write_text(json.dumps(json.loads(official.read_text(encoding="utf-8")), indent=1), encoding="utf-8")
    assert not is_squad_dev(changed)
    records = read_questions(changed, "all")[0]
    assert Asked([]).held_by(records) == records
    train = read_questions(shared_data / "squad" / "train-v1.1-44-articles.json", "all")[0]
    assert Asked(records).held_by(train) == []


def test_the_kept_fingerprints_are_those_of_the_dev_set(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remade = tmp_path / "passages.bin"
    kept = refusal.FINGERPRINTS.read_bytes()
    monkeypatch.setattr(fingerprint, "FINGERPRINTS", remade)
    assert fingerprint.main([str(shared_data / "squad" / "dev-v1.1.json")]) == 0
    assert remade.read_bytes() == kept
    with pytest.raises(InputError, match="not the official dev-v1.1.json"):
        fingerprint.main([str(shared_data / "xquad" / "xquad.zh.json")])


def test_there_is_a_fingerprint_for_each_passage_of_the_dev_set() -> None:
    assert len(dev_passages()) >= 2067
