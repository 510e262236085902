"""The page: one file that loads nothing, escapes everything, and shows the figures of the report."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_folder import edit_json, make_run

from core.files import write_jsonl
from submission.package.run_facts import read_run
from submission.report.book import Order
from submission.report.content import Code, Link, Paragraph, Report, Section, Table, Tokens, Verbatim, Words
from submission.report.examples import Examples, TrainedRow, read_examples
from submission.report.html import as_html
from submission.report.notes import parse_notes
from submission.report.report import make_report

EVIL = (
    "<script>alert(1)</script>",
    '"><img src=http://evil.example/x onerror=alert(1)>',
    "</title></style></script><iframe src=//evil.example>",
    "javascript:alert(1)",
    "]]><!--<svg onload=alert(1)>-->",
    "&lt;b&gt; {{7*7}} ${7*7}",
    "\u202e\x1b[2J\u2028</script>",
)
VOID = {"meta", "link", "img", "br", "path", "use", "rect", "line", "image"}
LOADING = {"src", "srcset", "data", "poster", "action", "background", "style", "xlink:href"}


class Page(HTMLParser):
    """Reads a page: its elements in order, its text, and whether they nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def check(text: str) -> Page:
    """Return a page after a look at what it could load or run."""
    page = Page(text)
    assert page.open == []
    for tag, attributes in page.elements:
        assert tag not in {"iframe", "object", "embed", "base", "form", "foreignobject"}
        assert not [name for name in attributes if name.startswith("on")]
        for name in LOADING & set(attributes):
            value = attributes[name] or ""
            assert "url(" not in value.replace("url(#", "")
            assert value.startswith(("data:image/png;base64,", "#")) or name == "style"
        href = attributes.get("href") or ""
        if tag == "link":
            assert href == "data:,"
        assert not href.lower().startswith(("javascript", "data", "//")) or href == "data:,"
        if tag == "script":
            assert attributes == {"type": "application/json", "id": "report-figures"}
    assert len([tag for tag, _ in page.elements if tag == "script"]) == 1
    policies = [attributes for tag, attributes in page.elements if tag == "meta" and "http-equiv" in attributes]
    assert "default-src 'none'" in str(policies[0]["content"])
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    return page


def _page(run: Path, language: str = "en", notes: str = "", examples: Examples | None = None) -> str:
    order = Order("a&b 'q'", language, "full", notes=parse_notes(notes))
    return as_html(make_report(read_run(run), order, examples), {}, {})


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_loads_nothing_and_shows_each_figure(run: Path, language: str) -> None:
    text = _page(run, language)
    page = check(text)
    figures = [attributes for tag, attributes in page.elements if tag == "a" and attributes.get("class") == "figure"]
    block = json.loads(re.findall(r'id="report-figures">(.*?)</script>', text)[0])
    assert {attributes["data-path"] for attributes in figures} == set(block["figures"])
    score = next(item for item in figures if item["data-path"] == "score/checkpoints/step_100/score")
    assert score["href"] == "results/score.json"
    value = block["figures"]["score/checkpoints/step_100/score"]
    assert score["title"] == f"results/score.json: checkpoints/step_100/score = {value!r}"


@pytest.mark.parametrize("evil", EVIL)
def test_what_comes_from_outside_is_text(tmp_path: Path, evil: str) -> None:
    run = make_run(tmp_path / "run")

    def attack(value: dict[str, Any]) -> None:
        entry = value["checkpoints"]["step_100"]
        entry["by_type"] = {evil.replace("/", ""): entry["by_type"]["add"]}
        entry["errors"] = {
            evil: {"count": 3, "examples": [dict.fromkeys(("id", "type", "span", "reference", "text"), evil)]}
        }

    edit_json(run / "results" / "accuracy.json", attack)
    edit_json(run / "environment.json", lambda value: value.update({"python": evil, "packages": {evil: evil}}))
    question = {"id": evil, "task": "math", "question": evil, "answer": evil, "meta": {"type": evil}}
    write_jsonl(run / "data" / "test.jsonl", [question])
    examples = read_examples(read_run(run))
    assert [answer.right for answer in examples.answers] == [False]
    row = TrainedRow(evil, 2, 1, ((evil, False), (evil, True)))
    text = _page(
        run, notes=f"{evil}\n# {evil}\n- {evil}\n```\n{evil}\n```", examples=Examples((row,), examples.answers)
    )
    page = check(text)
    seen = re.sub(r"\s|·", "", page.words)
    assert re.sub(r"\s", "", evil.partition("\u202e")[0]) in seen
    assert not set("\u202e\x1b\u2028") & set(text)


texts = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from(EVIL)


@given(texts, texts, st.lists(texts))
def test_any_text_makes_a_whole_page(one: str, other: str, lines: list[str]) -> None:
    blocks = (
        Paragraph((one, Code(other), Link(one, other))),
        Table((one, other), ((one, other),)),
        Verbatim(one),
        Tokens(((one, True), (other, False)), "read", "learned"),
        Words(parse_notes("\n".join(lines)).of([""])),
    )
    check(as_html(Report("en", one, (Section("s", other, blocks),)), {}, {}))
