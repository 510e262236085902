"""In which encoding a corpus is: told where that is certain, said by the user, and no byte changed in silence."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from core.errors import InputError
from data_convert.readers import BadRecords, read_corpus
from data_convert.readers.containers import stored
from data_convert.readers.encodings import as_utf8, encoding_of

CHINESE = "中国的首都是哪一座城市？请用一句话回答。\n"
ROWS = [{"problem": CHINESE.strip(), "solution": "北京是中国的首都。"}, {"problem": "计算 3 + 4", "solution": "3+4=7"}]


def lines(rows: list[dict[str, str]] = ROWS) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def told(text: str | bytes, encoding: str = "utf-8") -> str | None:
    return encoding_of(io.BytesIO(text if isinstance(text, bytes) else text.encode(encoding)))


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", None),
        ("utf-8-sig", None),
        ("gbk", "gb18030"),
        ("gb2312", "gb18030"),
        ("gb18030", "gb18030"),
        ("utf-16", "utf-16"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
@pytest.mark.parametrize("as_array", [False, True])
def test_a_corpus_in_any_of_these_is_read_as_it_is(
    tmp_path: Path, encoding: str, expected: str | None, as_array: bool
) -> None:
    text = json.dumps(ROWS, ensure_ascii=False) if as_array else lines()
    file = tmp_path / "corpus.json"
    file.write_bytes(text.encode(encoding))
    assert stored(file, None).encoding == expected
    assert [(r.question, r.answer) for r in read_corpus(file)] == [(r["problem"], r["solution"]) for r in ROWS]
    assert [record.source.partition(":")[0] for record in read_corpus(file)] == [str(file)] * 2


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("안녕하세요. 대한민국의 수도는 어디인가? 韓國\n" * 2, "euc_kr"),
        ("これは日本語の文章です。漢字とかなが混ざっています。\n", "euc_jp"),
        ("これは日本語の文章です。\n", "shift_jis"),
        ("臺灣與香港的報紙用繁體字。\n" * 3, "big5"),
        ("Le café déjà vu où l'élève a été naïf.\n" * 5, "latin-1"),
        ("Привет, как дела сегодня? Хорошая погода.\n" * 5, "cp1251"),
        ("Привет, как дела сегодня? Хорошая погода.\n" * 5, "koi8-r"),
        ("plain words\n", "ascii"),
        ("短\n", "gbk"),
    ],
)
def test_nothing_else_is_taken_for_chinese(text: str, encoding: str) -> None:
    assert told(text, encoding) is None


def test_chinese_that_begins_late_in_a_file_is_told_too() -> None:
    assert told(("plain line\n" * 200_000 + CHINESE).encode("gbk")) == "gb18030"


def test_utf8_with_damaged_lines_stays_utf8_and_the_lines_are_faults(tmp_path: Path) -> None:
    file = tmp_path / "mixed.jsonl"
    file.write_bytes(lines().encode() + lines(ROWS[:1]).encode("gbk"))
    bad = BadRecords(1)
    assert len(list(read_corpus(file, bad))) == 2
    assert bad.found == [f"{file}:3: not UTF-8 text; it looks like GBK: say data.encoding=gbk"]


def test_what_is_not_certain_is_read_when_it_is_said(tmp_path: Path) -> None:
    file = tmp_path / "short.jsonl"
    file.write_bytes('{"problem": "红", "solution": "red"}\n'.encode("gbk"))
    with pytest.raises(InputError, match=":1: not UTF-8 text; it looks like GBK: say data.encoding=gbk"):
        list(read_corpus(file))
    assert [record.question for record in read_corpus(file, encoding="gbk")] == ["红"]
    with pytest.raises(InputError, match="encoding 'gkb' is none that Python knows"):
        list(read_corpus(file, encoding="gkb"))


def test_an_encoding_that_is_said_leaves_utf8_alone(tmp_path: Path) -> None:
    file = tmp_path / "utf8.jsonl"
    file.write_text(lines(), encoding="utf-8")
    for encoding in ("gbk", "utf-16", "latin-1"):
        assert [record.answer for record in read_corpus(file, encoding=encoding)] == [row["solution"] for row in ROWS]


def test_bytes_that_the_encoding_has_not_make_a_fault_of_their_record_alone(tmp_path: Path) -> None:
    file = tmp_path / "damaged.jsonl"
    first, second = lines().encode("gbk").splitlines(keepends=True)
    file.write_bytes(first + second.replace(b"3+4", b"3\xff\xff4") + first)
    bad = BadRecords(1)
    assert [record.id for record in read_corpus(file, bad, encoding="gbk")] == ["0", "2"]
    assert bad.found == [f"{file}:2: not gbk text"]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-32-be"])
def test_a_recoded_stream_is_the_text_however_it_is_read(encoding: str) -> None:
    text = CHINESE * 9_000 + "𠀀 end"
    stream = as_utf8(io.BytesIO(text.encode(encoding)), encoding)
    assert stream.readline().decode() == CHINESE
    stream.seek(0)
    pieces = iter(lambda: stream.read(7_919), b"")
    assert b"".join(pieces).decode() == text


def test_tables_in_gbk_and_with_other_delimiters(tmp_path: Path) -> None:
    header, row = "id,question,A,B,C,D,answer", "0,长江流过下面哪一个城市？,武汉市,北京市,西安市,兰州市,A"
    for delimiter in ",;\t|":
        file = tmp_path / "geo_val.csv"
        file.write_bytes(f"{header}\r\n{row}\r\n".replace(",", delimiter).encode("gbk"))
        (record,) = read_corpus(file)
        assert record.question == "Question: 长江流过下面哪一个城市？ \nA.武汉市\nB.北京市\nC.西安市\nD.兰州市"
        assert record.meta["subject"] == "geo"


def test_marks_of_files_put_behind_each_other(tmp_path: Path) -> None:
    mark = "\ufeff".encode()
    file = tmp_path / "both.jsonl"
    file.write_bytes(b"".join(mark + lines([row]).encode() for row in ROWS) + mark)
    assert len(list(read_corpus(file))) == 2
    table = tmp_path / "both.csv"
    table.write_bytes(mark + b"q,a,b,c,d,A\n" + mark + b"r,a,b,c,d,B\n")
    assert [record.question[10:11] for record in read_corpus(table)] == ["q", "r"]
