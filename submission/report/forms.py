"""The report in each of its forms, all made from one content: Markdown, a page; Word and PDF where these are there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.files import remove_file, write_json, write_text
from core.progress import say
from submission.package import layout
from submission.report.content import Report
from submission.report.html import as_html
from submission.report.markdown import as_markdown
from submission.report.pdf import has_typst, write_pdf
from submission.report.plots import read_drawing
from submission.report.sidecar import figures_of, figures_sha256, sidecar
from submission.report.word import has_docx, write_word


def write_forms(
    report: Report, folder: Path, pictures: Mapping[str, Path], plots: Mapping[str, Path]
) -> dict[str, Path]:
    """Write a report; return name in the zip -> file.

    Args:
        report: what it says.
        folder: where its files go.
        pictures: name in the zip -> PNG.
        plots: kind -> PNG, beside which an SVG lies.
    """
    markdown = as_markdown(report)
    drawings = {kind: read_drawing(path, kind) for kind, path in plots.items()}
    names = (layout.REPORT, layout.REPORT_DATA, layout.PAGE)
    made = {name: folder / name for name in names}
    write_text(made[layout.REPORT], markdown.text)
    write_json(made[layout.REPORT_DATA], sidecar(report, markdown))
    write_text(made[layout.PAGE], as_html(report, pictures, drawings))
    sha256 = figures_sha256(figures_of(report))
    for name, is_there, write, library in _MORE:
        path = folder / name
        if is_there():
            write(report, sha256, path, pictures)
            made[name] = path
        else:
            remove_file(path)
            say(f"{name} is not made: {library} is not installed (bash finetune/setup.sh report)")
    return made


_MORE = (
    (layout.WORD, has_docx, write_word, "python-docx"),
    (layout.PDF, has_typst, write_pdf, "typst"),
)
