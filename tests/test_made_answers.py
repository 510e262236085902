"""The made answers of `benchmarks/judging.py`: same for same seed, whole, right as they say, the sets apart."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from types import ModuleType

import pytest

from benchmarks.made_answers import (
    PROSE_SETS,
    SETS,
    choice_four,
    choice_one,
    choice_three,
    choice_two,
    contest,
    free_equals,
    free_equals_four,
    free_equals_three,
    free_forms,
    free_values,
    natural_five,
    natural_four,
    natural_one,
    natural_three,
    natural_two,
    stories,
)
from benchmarks.made_answers.forms import Forms
from benchmarks.made_answers.groups import GROUPS
from benchmarks.made_answers.numerals import chinese, english
from benchmarks.made_answers.others import first_option, reference_value
from benchmarks.made_answers.values import Gold, is_right
from core.places import ROOT


@pytest.mark.parametrize(("group", "name"), [(group, name) for group in GROUPS for name in GROUPS[group].sets])
def test_a_seed_draws_the_same_answers_with_all_marks_filled_in(group: str, name: str) -> None:
    drawn = list(GROUPS[group].draw(400, name, "3"))
    assert drawn == list(GROUPS[group].draw(400, name, "3"))
    assert drawn != list(GROUPS[group].draw(400, name, "4"))
    left = [made.text for made in drawn if re.search("@[A-Za-z]", made.text)]
    assert left == []
    assert {made.right for made in drawn} == {True, False}


@pytest.mark.parametrize("name", PROSE_SETS[1:])
def test_a_right_plain_answer_is_the_gold_value_and_a_wrong_one_is_not(name: str) -> None:
    """Digits behind a sign alone can be checked without any reader."""
    checked = {True: 0, False: 0}
    for made in GROUPS["contest"].draw(5000, name, "5"):
        shown = re.fullmatch(r"(?:[^\w.]+ )?[*`＝]*(-?[0-9]+(?:\.[0-9]+)?)[*`。]*", made.text)
        gold = reference_value(made.reference)
        if made.kind == "plain" and shown and re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", gold):
            checked[made.right] += 1
            assert is_right(shown[1], Gold("", gold, Fraction(gold), Fraction(gold))) == made.right, made
    assert min(checked.values()) > 3


@pytest.mark.parametrize(
    ("text", "gold", "right"),
    [
        ("42.5", "42.50", True),
        ("42", "42.50", False),
        ("43", "42.50", False),
        ("78.4", "78.39005038906404479030928703", True),
        ("78.3", "78.39005038906404479030928703", False),
        ("-2e7", "-20039957.1680", False),
        ("-2.00e7", "-20039957.1680", True),
        ("0.83", "5/6", False),
        ("20", "20.0", True),
        ("20.4", "20.0", False),
        ("0.0", "0.04", False),
        ("4.01e+39", "4.009454406557210414448855724E+39", True),
        ("4e+39", "4.009454406557210414448855724E+39", False),
    ],
)
def test_what_is_right_under_rule_rounded(text: str, gold: str, right: bool) -> None:
    value = Fraction(gold)
    assert is_right(text, Gold("", gold, value, value)) is right


def _forms(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _forms(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _forms(part)


# Names of spellings.
_NO_FORMS = {"plain", "special", "fractions"}


def _contest(forms: Forms) -> set[str]:
    names = {field.name for field in dataclasses.fields(forms)} - _NO_FORMS
    told = {"".join(parts) for parts in forms.examples}
    pairs = [pair for by_language in forms.conversions.values() for pairs in by_language.values() for pair in pairs]
    names -= {"examples", "conversions"}
    return told | {form for form, _ in pairs} | {form for name in names for form in _forms(getattr(forms, name))}


def _right_spellings(families: Sequence[free_equals.Family]) -> set[str]:
    return {form for _, _, right, _ in families for form in right}


def _parts(module: ModuleType, *names: str) -> set[str]:
    return {form for name in names for form in _forms(getattr(module, name))}


def _told(stories_of_set: Sequence[stories.Story]) -> set[str]:
    return {form for story in stories_of_set for form in (story.question, *story.before, *story.conclusions)}


# What a set consists of: set -> its forms; by group.
_WORDINGS: Mapping[str, Mapping[str, set[str]]] = {
    "contest": {name: _contest(forms) for name, forms in contest.SETS.items()},
    "prose": {
        name: _parts(module, "LEADS", "CONCLUSIONS", "REMARKS")
        for name, module in (
            ("one", natural_one),
            ("two", natural_two),
            ("three", natural_three),
            ("four", natural_four),
            ("five", natural_five),
        )
    },
    "stories": {
        "one": _told(stories.ONE),
        "two": _told(stories.TWO),
        "three": _told(stories.THREE),
        "four": _told(stories.FOUR),
        "five": _told(stories.FIVE),
    },
    **{
        f"free: {module.__name__} {part}": {name: set(_forms(getattr(module, part)[name])) for name in SETS}
        for module in (free_forms, free_values)
        for part in ("LATEX", "WORDS")
    },
    "expressions": {
        "one": _right_spellings(free_equals.ONE),
        "two": _right_spellings(free_equals.TWO),
        "three": _right_spellings(free_equals_three.THREE),
        "four": _right_spellings(free_equals_four.FOUR),
    },
    "choice": {
        name: _parts(module, "NAMED", "NOTHING", "LISTS") | {layout for layout, _ in module.ECHOES}
        for name, module in (
            ("one", choice_one),
            ("two", choice_two),
            ("three", choice_three),
            ("four", choice_four),
        )
    },
}


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(PROSE_SETS, 2)))
@pytest.mark.parametrize("group", _WORDINGS)
def test_no_form_is_in_two_sets(group: str, first: str, second: str) -> None:
    """But for a value or a letter without a word, which a model may always write."""
    sets = _WORDINGS[group]
    assert set(sets) == set(PROSE_SETS if group in ("contest", "prose", "stories") else SETS)
    assert {form for form in sets[first] & sets.get(second, set()) if len(form) > 6} == set()


@pytest.mark.parametrize("group", _WORDINGS)
def test_the_held_out_set_is_about_as_large_as_the_second(group: str) -> None:
    assert len(_WORDINGS[group]["four"]) > 0.8 * len(_WORDINGS[group]["two"])


def test_numerals() -> None:
    assert chinese("-10205.50") == "负一万零二百零五点五零"
    assert chinese("12") == "十二"
    assert chinese("100030") == "十万零三十"
    assert english(-113204) == "negative one hundred and thirteen thousand two hundred and four"


def test_the_rebuilt_reader_of_choices_takes_the_first_phrase_that_fits() -> None:
    assert first_option("A和C都错，所以选D", "ABCD") == "D"
    assert first_option("答案不是A，是B", "ABCD") == "B"
    assert first_option("I think B is wrong. The correct answer is C", "ABCD") == "C"
    assert first_option("无法确定", "ABCD") == ""


def test_the_command_prints_json() -> None:
    command = [sys.executable, "benchmarks/judging.py", "--answers", "300", "--groups", "contest", "--json"]
    shown = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)
    assert shown["set"] == "four"
    assert sum(row["answers"] for row in shown["kinds"]) == 300
    assert all(0 <= row["agreed"] <= row["answers"] for row in shown["kinds"])
