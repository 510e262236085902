"""The report as Word and PDF: the same words, Chinese drawn, the hash of its figures, the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from run_folder import rewrite

from submission.check import check_zip
from submission.package.build import build
from submission.package.run_facts import read_run
from submission.report import forms
from submission.report.book import Order
from submission.report.content import Report
from submission.report.forms import write_forms
from submission.report.notes import parse_notes
from submission.report.report import make_report
from submission.report.sidecar import figures_of, figures_sha256

docx = pytest.importorskip("docx", reason="needs the extra [report]")
pytest.importorskip("typst", reason="needs the extra [report]")

# The marks of Word's XML, of typst and of Markdown.
EVIL = '</w:t><w:p/> #panic("x") $x$ *b* @ref <label> \\ & ` 我们 \x1b[2J\x00'


@pytest.fixture
def report(run: Path) -> Report:
    order = Order("梦之队", "zh", "full", notes=parse_notes(f"# 微调算法介绍\n{EVIL}\n- {EVIL}\n```\n{EVIL}\n```"))
    return make_report(read_run(run), order)


def test_word_and_pdf_say_the_same_as_the_page(report: Report, tmp_path: Path) -> None:
    made = write_forms(report, tmp_path / "a", {}, {})
    document = docx.Document(str(made["report.docx"]))
    text = "\n".join(paragraph.text for paragraph in document.paragraphs)
    cells = {cell.text for table in document.tables for row in table.rows for cell in row.cells}
    assert "1. 微调算法介绍" in text
    assert text.count("</w:t><w:p/> #panic") == 3
    assert {"梦之队", "64 个，占全部 328 个的 19.512 %", "61.31"} <= cells
    sha256 = figures_sha256(figures_of(report))
    assert document.core_properties.keywords == f"figures-sha256:{sha256}"
    pdf = made["report.pdf"].read_bytes()
    assert pdf.startswith(b"%PDF-")
    assert sha256.encode() in pdf
    assert b"NotoSansCJK" in pdf
    again = write_forms(report, tmp_path / "b", {}, {})
    assert {name: path.read_bytes() for name, path in again.items()} == {
        name: path.read_bytes() for name, path in made.items()
    }


def test_without_the_libraries_a_sentence_says_so(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.pdf").write_bytes(b"of an earlier packing")
    absent = tuple((name, lambda: False, write, library) for name, _, write, library in forms._MORE)
    monkeypatch.setattr(forms, "_MORE", absent)
    assert set(write_forms(report, tmp_path, {}, {})) == {"report.md", "report.json", "report.html"}
    assert not (tmp_path / "report.pdf").exists()
    assert "report.pdf is not made: typst is not installed" in capsys.readouterr().err


@pytest.mark.slow
def test_documents_of_other_figures_are_found(run: Path, project: Path, tmp_path: Path) -> None:
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    sha256 = figures_sha256(figures_of(make_report(read_run(run), Order("practice", "en", "full"))))

    def change(files: dict[str, bytes]) -> None:
        assert sha256.encode() in files["report.pdf"]
        files["report.pdf"] = files["report.pdf"].replace(sha256.encode(), b"0" * 64)
        body = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(files["report.docx"])) as old, zipfile.ZipFile(body, "w") as new:
            for name in old.namelist():
                new.writestr(name, old.read(name).replace(sha256.encode(), b"0" * 64))
        files["report.docx"] = body.getvalue()

    problems = check_zip(rewrite(built.path, tmp_path / "bad.zip", change, honest=True)).problems
    assert problems == tuple(f"report.{kind}: was made with other figures than report.md" for kind in ("docx", "pdf"))
    damaged = rewrite(built.path, tmp_path / "bad.zip", lambda files: files.update({"report.docx": b"PK"}), honest=True)
    assert check_zip(damaged).problems == ("report.docx: was made with other figures than report.md",)
