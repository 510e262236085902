from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.tasks.boxed import Boxed, last_boxed


@pytest.mark.parametrize(
    ("text", "box"),
    [
        ("so $\\boxed{3000}$, and $9000/3$", Boxed("3000")),
        ("\\boxed{1}, then \\boxed{2}", Boxed("2")),
        ("\\boxed{\\frac{1}{\\sqrt{2}}} is it", Boxed("\\frac{1}{\\sqrt{2}}")),
        ("\\fbox{ x }", Boxed("x")),
        ("\\boxed 7", Boxed("7")),
        ("\\boxed{}", Boxed("")),
        ("\\boxed{3000", Boxed("3000", closed=False)),
        ("\\boxed{" + "x" * 30_000 + "}", Boxed("x" * 399, closed=False)),
        ("\\boxed", None),
        ("no box", None),
        ("", None),
    ],
)
def test_the_last_box(text: str, box: Boxed | None) -> None:
    assert last_boxed(text) == box


@given(st.recursive(st.text("ab1\\ ", max_size=5), lambda inner: inner.map(lambda text: "{" + text + "}")))
def test_what_was_boxed_is_found(content: str) -> None:
    found = last_boxed(f"before \\boxed{{{content}}} after")
    assert found == Boxed(content.strip())
