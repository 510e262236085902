"""Taggers without a language model, and votes on the spans of several responses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.text.markup import Marked, Span, parse, read_marked, written_text
from data_convert.practice.ner import records
from eval_accuracy.floors import main as floors
from eval_accuracy.ner.measures import measured
from eval_accuracy.ner.taggers import KINDS
from eval_accuracy.ner.taggers.dictionary import Dictionary
from eval_accuracy.ner.taggers.lexicon import Lexicon
from eval_accuracy.ner.taggers.tagger import tagged_spans
from eval_accuracy.ner.votes import voted
from eval_accuracy.votes import main as votes

TRAIN = [parse(record.answer) for record in records(300, 1, 0)]
TEST = [parse(record.answer) for record in records(60, 2, 1)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_tagger_finds_again_what_it_has_learned_and_leaves_the_text_as_it_is(kind: str) -> None:
    tagger = KINDS[kind]()
    tagger.fit(TRAIN)
    found = [tagger.mark(line.text) for line in TEST]
    assert [line.text for line in found] == [line.text for line in TEST]
    written_text(found)  # or a span overlaps another, is empty or lies outside
    assert tagger.mark("").spans == ()
    again = KINDS[kind]()
    again.fit(TRAIN)
    assert [again.mark(line.text) for line in TEST] == found
    assert measured(TEST, found)["f1"] > {"dictionary": 40, "frequent": 45, "hmm": 75, "crf": 85}[kind]


def test_the_dictionary_takes_the_longest_string_with_its_commonest_type_and_leaves_out_the_rarely_marked() -> None:
    lines = [parse("{王|PER}{王安石|PER}{石|OFI}"), parse("{石|BOOK}{石|BOOK}"), parse("甲甲甲{甲|PER}")]
    every, frequent = Dictionary(), Dictionary(0.3)
    every.fit(lines)
    frequent.fit(lines)
    assert every.spans("王安石王石甲") == (Span(0, 3, "PER"), Span(3, 4, "PER"), Span(4, 5, "BOOK"), Span(5, 6, "PER"))
    assert frequent.spans("甲王") == (Span(1, 2, "PER"),)


def test_a_lexicon_knows_where_its_strings_stand() -> None:
    lexicon = Lexicon([parse("{王安|PER}見王{王|OFI}")])
    assert list(lexicon.matches("王安")) == [(0, "王安"), (0, "王")]
    assert (lexicon.seen["王"], lexicon.characters["王"], lexicon.longest) == (3, 3, 2)


@given(st.lists(st.sampled_from(["O", "B-PER", "M-PER", "E-PER", "S-OFI", "B-OFI", "E-OFI"]), max_size=12))
def test_tags_that_do_not_go_together_make_no_broken_span(tags: list[str]) -> None:
    written_text([Marked("王" * len(tags), tagged_spans(tags))])


@pytest.mark.slow
def test_floors_of_the_shared_half(shared_data: Path) -> None:
    lines = read_marked(shared_data / "guner" / "train_half.txt")
    found = {}
    for kind in ("dictionary", "frequent", "hmm"):  # the CRF (72.3) takes half a minute
        tagger = KINDS[kind]()
        tagger.fit(lines[0::2])
        found[kind] = measured(lines[1::2], [tagger.mark(line.text) for line in lines[1::2]])["f1"]
    assert {kind: round(f1, 1) for kind, f1 in found.items()} == {"dictionary": 45.3, "frequent": 57.1, "hmm": 58.5}


def test_the_command_measures_and_marks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test, text = (tmp_path / name for name in ("train.txt", "test.txt", "text.txt"))
    train.write_text(written_text(TRAIN), encoding="utf-8")
    test.write_text(written_text(TEST), encoding="utf-8")
    text.write_bytes(TEST[0].text.encode() + b"\r\n")
    words = ["--train", str(train), "--test", str(test), "--mark", str(text), "--out", str(tmp_path / "out")]
    assert floors([*words, "--kinds", "dictionary", "hmm", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["lines_trained"], shown["lines_tested"], shown["dictionary"]["expected"]) == (
        300, 60, sum(len(line.spans) for line in TEST),
    )  # fmt: skip
    (line,) = read_marked(tmp_path / "out" / "hmm.txt")
    assert (line.text, line.end) == (TEST[0].text, "\r\n")
    with pytest.raises(InputError, match="--mark TEXT and --out FOLDER go together"):
        floors(words[:-2])
    with pytest.raises(InputError, match="go with --train"):
        floors(["--test", str(test)])


def lines_of(*texts: str) -> list[list[Marked]]:
    return [[parse(text)] for text in texts]


@pytest.mark.parametrize(
    ("texts", "weights", "least", "expected"),
    [
        (("{王|PER}來", "{王|PER}來", "王{來|OFI}"), None, None, "{王|PER}來"),
        (("{王|PER}來", "王來"), None, None, "王來"),
        (("{王|PER}來", "王來"), None, 1, "{王|PER}來"),
        (("{王|PER}來", "{王|OFI}來", "{王|OFI}來"), None, None, "{王|OFI}來"),
        (("{王安|PER}", "{王|PER}安"), None, 1, "{王安|PER}"),
        (("{王|PER}安", "{王安|PER}"), (2.0, 1.0), 1, "{王|PER}安"),
        (("{王|PER}安{石|OFI}", "王{安石|OFI}", "{王|PER}安石"), None, None, "{王|PER}安石"),
    ],
)
def test_votes(texts: tuple[str, ...], weights: tuple[float, ...] | None, least: float | None, expected: str) -> None:
    assert written_text(voted(lines_of(*texts), weights, least)) == f"{expected}\n"


def test_votes_of_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "text.txt"
    text.write_bytes("王來。\r\n  王\r\n".encode())
    for name, content in {
        "a": "{王|PER}來。\n{王|PER}\n",
        "b": "{王|PER}{來|OFI}。\n 王\n",
        "c": "王來。\n  {王|PER}",
    }.items():
        (tmp_path / f"{name}.txt").write_text(content, encoding="utf-8")
    files = [str(tmp_path / f"{name}.txt") for name in "abc"]
    assert votes([str(text), *files, "--out", str(tmp_path / "all.txt")]) == 0
    assert (tmp_path / "all.txt").read_bytes() == "{王|PER}來。\r\n  {王|PER}\r\n".encode()
    assert "2 spans" in capsys.readouterr().out
    (tmp_path / "b.txt").write_text("{王|PER}来。\n王\n", encoding="utf-8")
    with pytest.raises(InputError, match="b.txt:1: column 8: the text is changed: '来' stands where the text has '來'"):
        votes([str(text), *files, "--out", str(tmp_path / "all.txt")])
    with pytest.raises(InputError, match="2 weights for 1 responses"):
        votes([str(text), files[0], "--weights", "1", "2", "--out", str(tmp_path / "all.txt")])
