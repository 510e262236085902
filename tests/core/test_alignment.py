"""Marks of a free answer are placed in the text by position, whatever the answer did to the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tasks.ner import TYPES
from core.text.alignment import aligned
from core.text.markup import Span, parse, written

PLACED = {
    "the text itself": ("王為王", "王為{王|PER}", "王為{王|PER}", True),
    "talk before and behind": ("王為王", "答案：王為{王|PER}。希望有幫助", "王為{王|PER}", False),
    "a character in another form": ("時讀易，又讀書", "时读{易|BOOK}，又读书", "時讀{易|BOOK}，又讀書", False),
    "another form within a mark": ("讀書經者", "读{书經|BOOK}者", "讀{書經|BOOK}者", False),
    "a mark of one character in another form": ("見趙於市", "見{赵|PER}於市", "見{趙|PER}於市", False),
    "characters left out": (
        "丞相伯顏命以所部兵取",
        "{丞相|OFI}{伯顏|PER}以兵取",
        "{丞相|OFI}{伯顏|PER}命以所部兵取",
        False,
    ),
    "the second of two equal ones": ("王見太守王", "王見太守{王|PER}", "王見太守{王|PER}", True),
    "cut off": ("王見太守讀易於市", "{王|PER}見{太", "{王|PER}見太守讀易於市", False),
    "nested": ("王太守來", "{王{太守|OFI}|PER}來", "王{太守|OFI}來", False),
    "full-width signs and small letters": ("王來", "｛王｜per｝來", "{王|PER}來", False),
    "an unknown type": ("王來", "{王|LOC}來", "王來", False),
    "another text": ("王來", "{Anna|PER} left.", "王來", False),
    "nothing": ("王來", "", "王來", False),
    "an empty mark": ("王來", "{|PER}王來", "王來", False),
    "lost U+FEFF": ("\ufeff魏書。", "{魏書|BOOK}。", "\ufeff{魏書|BOOK}。", False),
    "blanks put in": ("伯顏命", "{伯 顏|PER} 命", "{伯顏|PER}命", False),
    "said twice": ("王來", "王來\n{王|PER}來", "{王|PER}來", False),
}


@pytest.mark.parametrize("name", PLACED)
def test_marks_take_the_places_of_their_characters(name: str) -> None:
    text, answer, expected, verbatim = PLACED[name]
    found = aligned(text, answer)
    assert written(found.line).rstrip("\n") == expected
    assert found.verbatim == verbatim


marks = st.text(st.sampled_from("{}|PERBOOK王太守 ｛"), max_size=60)


@given(st.text(st.sampled_from("王太守為PE|} "), max_size=20), marks)
def test_any_answer_leaves_the_text_as_it_was(text: str, answer: str) -> None:
    found = aligned(text, answer)
    assert found.line.text == text
    assert parse(written(found.line).removesuffix("\n")).spans == found.line.spans


@given(
    st.lists(st.tuples(st.text("王太守為甲乙丙丁", min_size=1, max_size=3), st.sampled_from(["", *TYPES])), max_size=8)
)
def test_a_faithful_answer_comes_back_with_all_its_marks(pieces: list[tuple[str, str]]) -> None:
    answer = "".join(f"{{{text}|{kind}}}" if kind else text for text, kind in pieces)
    wanted = parse(answer)
    found = aligned(wanted.text, answer)
    assert (found.line.spans, found.verbatim, found.lost) == (wanted.spans, True, 0)


@given(
    st.permutations("甲乙丙丁戊己庚辛壬癸"),
    st.integers(0, 9),
    st.sampled_from(["", "x", "xy"]),
)
def test_one_change_elsewhere_moves_no_mark(order: list[str], at: int, instead: str) -> None:
    text = "".join(order)
    answer = "".join(f"{{{char}|PER}}" if place % 3 == 1 else char for place, char in enumerate(order))
    if at % 3 != 1:
        answer = answer.replace(order[at], instead)
    assert aligned(text, answer).line.spans == tuple(Span(place, place + 1, "PER") for place in (1, 4, 7))


def test_long_texts_and_answers_cost_bounded_time() -> None:
    started = time.process_time()
    found = aligned("王太守" * 1500, "{太守|OFI}" * 3000 + "王" * 1_000_000)
    assert found.line.text == "王太守" * 1500
    assert time.process_time() - started < 10
