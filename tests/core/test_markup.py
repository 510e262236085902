"""Marked texts: read and written to the byte, and every fault named with its column and a repair."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.tasks.ner import TYPES
from core.text.markup import (
    Marked,
    Span,
    decoded,
    faults,
    parse,
    parsed_text,
    read_marked,
    read_whole,
    split_lines,
    write_whole,
    written,
    written_text,
)
from data_convert.markup import FORMS, converted

# Any character but those that end a line; those that editors and libraries like to touch come often.
ODD = "\ufeff\ue797\u3000\t \u2028\x85\x0b\u200d𠮷é]["
plain = st.text(st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8", exclude_characters="\r\n{")), max_size=6)
inner = st.text(
    st.one_of(st.sampled_from(ODD), st.characters(codec="utf-8", exclude_characters="\r\n{|}")), min_size=1, max_size=4
)
pieces = st.lists(st.tuples(plain, st.none() | st.tuples(inner, st.sampled_from(TYPES))), max_size=5)


@st.composite
def marked_lines(draw: st.DrawFn) -> Marked:
    text, spans = "", []
    for before, span in draw(pieces):
        text += before
        if span is not None:
            spans.append(Span(len(text), len(text) + len(span[0]), span[1]))
            text += span[0]
    return Marked(text, tuple(spans), draw(st.sampled_from(["\n", "\r\n"])))


files = st.lists(marked_lines(), max_size=5).flatmap(
    lambda lines: st.booleans().map(
        lambda ended: (
            lines
            if ended or not lines or not lines[-1].text
            else [*lines[:-1], Marked(lines[-1].text, lines[-1].spans, "")]
        )
    )
)


@given(files)
def test_what_is_written_is_read_again_and_written_with_the_same_characters(lines: list[Marked]) -> None:
    text = written_text(lines)
    assert parsed_text(text, "f") == lines
    assert written_text(parsed_text(text, "f")) == text


@given(st.text(st.sampled_from("{}|PERX王\r\n \ufeff"), max_size=40))
def test_any_text_comes_back_to_the_byte_or_is_refused_with_line_and_column(text: str) -> None:
    if any(faults(line) for line, _ in split_lines(text)):
        with pytest.raises(InputError, match=r"f\.txt:\d+: column \d+: "):
            parsed_text(text, "f.txt")
    else:
        assert written_text(parsed_text(text, "f.txt")) == text


@pytest.mark.parametrize("form", FORMS)
@given(lines=files)
def test_every_form_gives_the_same_bytes_back(form: str, lines: list[Marked]) -> None:
    text = written_text(lines)
    assert converted(converted(text, "f", "markup", form), "g", form, "markup") == text


def test_bytes_are_kept_on_the_disk(tmp_path: Path) -> None:
    raw = "\ufeff{魏書|BOOK}。\r\n\ufeff{王\ue797|PER}\r\n\r\n末".encode()
    file, again = tmp_path / "a.txt", tmp_path / "b.txt"
    file.write_bytes(raw)
    lines = read_marked(file)
    assert [line.end for line in lines] == ["\r\n", "\r\n", "\r\n", ""]
    assert lines[0].text[0] == "\ufeff"
    write_whole(again, written_text(lines))
    assert again.read_bytes() == raw


FAULTY = {
    "{易|BOOK": ("unclosed", 1, "write {易|BOOK}"),
    "讀{易": ("unclosed", 2, "write '}' behind the type, or leave out the '{'"),
    "{王|PER為{太守|OFI}": ("unclosed", 1, "write {王|PER}"),
    "{王{太守|OFI}|PER}來": ("nested", 1, "keep {太守|OFI} and leave out the outer mark, or the other way round"),
    "{易}": ("no type", 1, "write {易|PER} or another of PER, OFI, BOOK, or '易' alone"),
    "{王|PER|X}": ("second |", 1, "write {王|PER}"),
    "{王|per}": ("unknown type", 1, "write {王|PER}"),
    "{王| PER}": ("unknown type", 1, "write {王|PER}"),
    "{王|BOK}": ("unknown type", 1, "write {王|BOOK}"),
    "{王|LOC}": ("unknown type", 1, "the types are PER, OFI, BOOK"),
    "甲{|PER}": ("empty", 2, "leave it out"),
}


@pytest.mark.parametrize("line", FAULTY)
def test_a_fault_has_its_kind_its_column_and_a_repair(line: str) -> None:
    kind, column, repair = FAULTY[line]
    found = faults(line)[0]
    assert (found.kind, found.column, found.repair) == (kind, column, repair)
    assert found.excerpt[:1] in (line[0], "…")


def test_all_faults_of_a_line_are_found_at_once() -> None:
    found = faults("{|PER}甲{乙}丙{丁|LOC}{戊{己|PER}庚{辛")
    assert [fault.kind for fault in found] == ["empty", "no type", "unknown type", "nested", "unclosed"]
    assert [fault.column for fault in found] == [1, 8, 12, 19, 29]


def test_outside_marks_all_but_an_opening_brace_is_text() -> None:
    assert parse("甲|}乙{丙|PER}").spans == (Span(4, 5, "PER"),)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (Marked("a{b"), "column 2: '{' cannot stand in the text"),
        (Marked("a|b", (Span(0, 3, "PER"),)), r"column 2: '\|' cannot stand in a span"),
        (Marked("ab", (Span(0, 2, "PER"), Span(1, 2, "OFI"))), "column 2: the span 1 to 2 overlaps"),
        (Marked("ab", (Span(1, 1, "PER"),)), "column 2: the span 1 to 1 is empty"),
        (Marked("ab", (Span(0, 3, "PER"),)), "column 1: the span 0 to 3 is empty or lies outside"),
        (Marked("ab", (Span(0, 1, "LOC"),)), "column 1: type 'LOC' is none of PER, OFI, BOOK"),
        (Marked("a\nb"), "column 2: '\\\\n' cannot stand in a line"),
    ],
)
def test_what_no_line_can_say_is_refused_with_its_column(line: Marked, said: str) -> None:
    with pytest.raises(InputError, match=said):
        written(line)


def test_bytes_that_are_no_text_are_named_by_line_and_column(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="f:2: column 2: byte 0xff is no UTF-8 text"):
        decoded(b"ab\r\nc\xff", "f")
    with pytest.raises(InputError, match="f:3: column 1: byte 0xff"):
        decoded(b"ab\r\nc\n\xff", "f")
    with pytest.raises(InputError, match="cannot be read"):
        read_whole(tmp_path / "none.txt")


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("bio", "王\tB-PER\n為\tI-OFI\n", "f:2: column 3: tag 'I-OFI' goes on with a span that is not open"),
        ("bio", "王\tI-PER\n", "f:1: column 3: tag 'I-PER' goes on"),
        ("bio", "王\tB-LOC\n", "f:1: column 3: tag 'B-LOC' is none of BIO"),
        ("bio", "王B-PER\n", "f:1: column 1: '王B-PER' is no character, a tab and a tag"),
        ("bmes", "王\tB-PER\n為\tO\n", "f:2: column 3: a span of PER has no end: E-PER must close it"),
        ("bmes", "王\tB-PER\n", "f:1: column 3: a span of PER has no end"),
        ("bmes", "王\tS-PER\n為\tE-PER\n", "f:2: column 3: tag 'E-PER' goes on with a span that is not open"),
        ("bmes", "王\tI-PER\n", "f:1: column 3: tag 'I-PER' is none of BMES"),
        (
            "spans",
            '{"text": "王", "spans": [{"start": 0, "end": 2, "type": "PER"}]}\n',
            "f:1: column 1: the span 0 to 2",
        ),
        (
            "spans",
            '{"text": "王", "spans": [{"start": 0, "end": 1, "type": "PER", "text": "為"}]}',
            "'為' does not stand",
        ),
        ("spans", '{"text": "王", "span": []}\n', "f:1: unknown field 'span'; did you mean 'spans'"),
        ("spans", '{"text": 1}\n', "f:1: field 'text' is no str"),
        ("spans", '{"text": "王", "end": "x"}\n', "f:1: end 'x' is no line end"),
        ("records", '{"question": "王為", "answer": "{王|PER}谓"}\n', "f:1: column 2: the answer's text is not"),
        ("records", '{"question": "王"}\n', "f:1: field 'answer' is missing"),
        ("records", '\n{"question": "王", "answer": "{王|PER"}\n', "f:2: answer: column 1: '{' has no '}'"),
        ("markup", "甲\r\n{乙\r\n", "f:2: column 1: '{' has no '}'"),
    ],
)
def test_a_form_refuses_what_it_cannot_read_with_line_and_column(form: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as raised:
        FORMS[form].read(text, "f", TYPES)
    assert said in str(raised.value)


def test_tags_of_other_tools_are_read() -> None:
    lines = FORMS["bio"].read("丞 B-OFI\n相 I-OFI\n伯 B-PER\n\n", "f", TYPES)
    assert lines == [Marked("丞相伯", (Span(0, 2, "OFI"), Span(2, 3, "PER")), "\n")]
