"""`evaluation/mark.py`: from answers to the marked text that is handed in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.errors import InputError
from core.files import write_jsonl
from core.text.markup import Marked, bare_texts
from evaluation.mark import main
from evaluation.marking.handed_in import Answers, marked_from

TEXT = "丞相伯顏命。\r\n\ufeff魏書。\r\n\r\n王來王去。"


def given(folder: Path, rows: list[dict[str, str]]) -> list[str]:
    (folder / "text.txt").write_bytes(TEXT.encode())
    write_jsonl(folder / "answers.jsonl", rows)
    files = {"--text": "text.txt", "--predictions": "answers.jsonl", "--out": "o.txt"}
    return [word for option, name in files.items() for word in (option, str(folder / name))]


def test_answers_of_a_server_are_placed_in_the_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = given(
        tmp_path,
        [
            {"id": "0", "text": "好的：{丞相|OFI}{伯颜|PER}命。"},
            {"id": "3", "text": "王來{王|PER}去。"},
            {"id": "1", "text": "{魏書|BOOK}。{新書|BOOK}"},
        ],
    )
    assert main([*words, "--json"]) == 0
    assert (tmp_path / "o.txt").read_bytes() == (
        "{丞相|OFI}{伯顏|PER}命。\r\n\ufeff{魏書|BOOK}。\r\n\r\n王來{王|PER}去。".encode()
    )
    shown = json.loads(capsys.readouterr().out)
    assert shown == {
        "file": str(tmp_path / "o.txt"), "texts": 4, "verbatim": 2, "lost": 1,
        "entities": {"PER": 2, "OFI": 1, "BOOK": 1},
    }  # fmt: skip


def test_answers_to_another_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="answers '7', which is no line of the text"):
        main(given(tmp_path, [{"id": "7", "text": "x"}]))
    with pytest.raises(InputError, match="--predictions FILE goes with --text FILE and --out FILE"):
        main(["--predictions", "x"])
    with pytest.raises(InputError, match="--text and --out go together"):
        main(["--text", "x"])


def test_a_text_with_marks_is_no_text_to_mark(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    file.write_text("甲\n乙{丙|PER}\n", encoding="utf-8")
    with pytest.raises(InputError, match="t.txt:2: column 2: a '{' in the text"):
        bare_texts(file)
    file.write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="holds no text to mark"):
        bare_texts(file)


def test_a_text_without_an_answer_stays_bare() -> None:
    found = marked_from([Marked("王"), Marked("易")], Answers("base", Path("f"), {"1": "{易|BOOK}"}))
    assert [len(line.spans) for line in found.lines] == [0, 1]
    assert (found.verbatim, found.entities["BOOK"]) == (1, 1)


def test_an_empty_file_of_answers_is_refused() -> None:
    with pytest.raises(InputError, match="holds no answer"):
        marked_from([Marked("王")], Answers("base", Path("f"), {}))
