"""`data_convert/marks.py`, and the real training text where it is there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InputError
from core.text.markup import read_whole
from data_convert.marks import main
from data_convert.markup import FORMS, converted
from data_convert.readers import read_corpus

TEXT = "\ufeff{丞相|OFI}{伯顏|PER}命以所部兵取寧國。\r\n無實體。\r\n"


@pytest.mark.parametrize("form", FORMS)
def test_there_and_back_gives_the_same_bytes(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    first, other, again = (tmp_path / name for name in ("a.txt", "b", "c.txt"))
    first.write_bytes(TEXT.encode())
    assert main([str(first), str(other), "--to", form]) == 0
    assert capsys.readouterr().out == f"{other}: 2 texts, 18 characters; PER 1, OFI 1, BOOK 0\n"
    assert main([str(other), str(again), "--from", form, "--to", "markup", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"texts": 2, "characters": 18, "spans": {"OFI": 1, "PER": 1}}
    assert again.read_bytes() == TEXT.encode()


def test_a_faulty_line_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    file, out = tmp_path / "a.txt", tmp_path / "b.bio"
    file.write_bytes("甲\n{乙|PER\n".encode())
    with pytest.raises(InputError, match="a.txt:2: column 1: '{' has no '}'"):
        main([str(file), str(out), "--to", "bio"])
    assert not out.exists()


def test_records_are_read_as_a_corpus(tmp_path: Path) -> None:
    file = tmp_path / "a.jsonl"
    file.write_text(converted("讀{易|BOOK}。\n", "a", "markup", "records"), encoding="utf-8")
    (record,) = read_corpus(file)
    assert (record.task, record.question, record.answer) == ("ner", "讀易。", "讀{易|BOOK}。")


@pytest.mark.parametrize("form", FORMS)
def test_the_real_training_text_comes_back_to_the_byte(form: str, shared_data: Path) -> None:
    file = shared_data / "guner" / "train_half.txt"
    text = read_whole(file)
    assert "\r\n\ufeff" in text
    assert converted(converted(text, "f", "markup", form), "g", form, "markup").encode() == file.read_bytes()


def test_the_real_training_text_is_a_corpus_of_1173_records(shared_data: Path) -> None:
    records = list(read_corpus(shared_data / "guner" / "train_half.txt"))
    assert len(records) == 1173
    assert sum(record.question.startswith("\ufeff") for record in records) == 1
