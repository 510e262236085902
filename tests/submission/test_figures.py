"""Marked figures: what is written is found again, whatever the value looks like."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from submission.report.figures import find_figures, leaves, resolve, show

names = st.text(st.characters(blacklist_characters="/<>|\n", blacklist_categories=["Cs"]), min_size=1)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
trees = st.recursive(scalars | st.lists(scalars), lambda inner: st.dictionaries(names, inner), max_leaves=12)


def marked(sources: dict[str, Any], path: str) -> str:
    """Return a figure as reports had it before 0.3."""
    return f"<!--={path}-->{show(resolve(sources, path))}<!--/-->"


def test_numbers_keep_every_digit() -> None:
    assert show(59.87023775108988) == "59.87023775108988"
    assert show(0.1 + 0.2) == "0.30000000000000004"
    assert show(1e-05) == "1e-05"
    assert show(True) == "true"


def test_text_that_markdown_would_read_is_code() -> None:
    assert show(".*wq|.*wv") == "`.*wq\\|.*wv`"
    assert show("a`b") == "``a`b``"
    assert show("two\nlines") == "`two\\nlines`"


@given(st.dictionaries(names, trees, min_size=1))
def test_every_figure_is_found_again(sources: dict[str, Any]) -> None:
    paths = [path for name, value in sources.items() for path in leaves(value, name)]
    text = " text ".join(marked(sources, path) for path in paths)
    found = list(find_figures(text))
    assert [path for path, _ in found] == paths
    assert all(re.search(r"[\n\r]", value) is None for _, value in found)
