"""Target modules: what is chosen is what Python's `re` chooses, and what could be tried for ever is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.methods.targets import LONGEST_NAME, chooses, layer_expression

NAMES = ("wq", "wk", "wv", "wo", "w1", "w2", "w3", "layers", "0", "attention", "feed_forward", "q_proj", "dense")
IN_USE = (".*wq|.*wv", ".*wq|.*wk|.*wv|.*wo|.*w1|.*w2|.*w3", ".*(wq|wv)", "w[qv]$", "^w[123]", "(?!w1)w.",
          ".*dense$|.*linear", ".*layers.*(wq|wv)", ".*\\.wq", "(?:w|x)q", "w\\d", "(?i:WQ)", "q_proj|v_proj",
          ".*q.*|.*v.*", "w.?")  # fmt: skip


@pytest.mark.parametrize("text", IN_USE)
def test_expressions_in_use_choose_as_before(text: str) -> None:
    assert [chooses(text, name) for name in NAMES] == [re.match(text, name) is not None for name in NAMES]


@given(st.from_regex(r"\A(\.\*)?[wqv1(|)\[\].?+*{}2,\\d]{1,12}\Z"), st.text("wqv12", max_size=LONGEST_NAME))
def test_any_expression_chooses_as_re_does_or_is_refused(text: str, name: str) -> None:
    try:
        chosen = chooses(text, name)
    except InputError:
        return
    assert chosen == (re.match(text, name) is not None)


@pytest.mark.parametrize("text", ["(a+)+$", "(a|aa)*b", "(.*)*x", "(a*)*", ".*" * 5 + "x", "(a)\\1", "((a?){9}){9}b"])
def test_what_could_be_tried_for_ever_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="too many ways"):
        layer_expression(text)


@pytest.mark.parametrize("text", ["[", "*wq", "a{99999999999}", "(" * 400, "x" * 501])
def test_what_is_no_expression_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a regular expression"):
        layer_expression(text)


def test_a_name_that_no_layer_has_is_chosen_by_nothing() -> None:
    assert chooses("a*", "a" * LONGEST_NAME)
    assert not chooses("a*", "a" * (LONGEST_NAME + 1))
