r"""The check of a corpus: math solutions against the exact solver, `\boxed{}` answers found, options that are named."""

from __future__ import annotations

import contextlib
import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from core.errors import InputError
from core.tasks import task_of
from core.tasks.boxed import last_boxed
from core.tasks.choice import names_option
from core.tasks.math import MathQuestion, recognise
from core.text.records import Record
from data_convert.typed.solver import digits, value, worded

# right: the corpus' text to the last digit; equal: its value in other words or digits; rounded: correctly rounded;
# wrong: another value; boxed, stated: a free-form problem, which no solver can check, whose answer stands in \boxed{…},
# or after GSM8K's "####" or the "=" of a solution of one line, or a multiple choice whose answer names an option;
# unparsable: no answer found; unsolvable: the question has no solution; unknown: no template.
VERDICTS = ("right", "equal", "rounded", "wrong", "boxed", "stated", "unparsable", "unsolvable", "unknown")
SOUND = frozenset({"right", "equal", "rounded", "boxed", "stated"})

_STATED = re.compile(r"####[ \t]*(\S[^\n]*)")
_MARKER = re.compile(r"[=≈:]|为|是|[Aa]nswer is|[Ff]inal,")
_NUMBER = re.compile(
    r"(?P<number>[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,4})?)"
    r"(?:\s?(?:[×*]|\\times)\s?10\^\{?(?P<power>[-+]?[0-9]{1,4})\}?)?"
    r"(?:\s?/\s?(?P<bottom>-?[0-9]+))?"
)
# Only so much of a solution's end is searched for the answer of a template.
_LONGEST_TEXT = 4000
_WIDE = Context(prec=2 * _LONGEST_TEXT, Emax=MAX_EMAX, Emin=MIN_EMIN)
_LONGEST_LINE = _LONGEST_EXAMPLE = 200

_LATEX_SPACE = re.compile(r"\\[ ,;!]|\\q?quad(?![a-z])|[\s$~]|\\(?:left|right|displaystyle)(?![a-zA-Z])")
_UNIT = re.compile(
    r"\\(?:text|mbox|mathrm|textrm)\s?\{[^{}]*\}(?:\^[0-9]|\^\{[0-9]\})?|\\?%|\^\{?\\circ\}?|\\\$|\\degree"
)
_FORMS = (
    ("integer", re.compile(r"[-+]?(?:[0-9]{1,3}(?:(?:,|\{,\})[0-9]{3})+|[0-9]+)")),
    ("decimal", re.compile(r"[-+]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]*)\.[0-9]+(?:E[-+]?[0-9]+)?")),
    ("fraction", re.compile(r"[-+]?(?:\\[dtc]?frac(?:\{-?[0-9]+\}|[0-9])(?:\{-?[0-9]+\}|[0-9])|[0-9]+/[0-9]+)")),
)
_WORDS = re.compile(r"(?:\\(?:text|mbox|mathrm|textrm|textbf|mathbf)\{[^{}]*\}\s*)+[.]?|[A-Za-z]{2}[A-Za-z ,.'-]*")


@dataclass(frozen=True)
class Verdict:
    """What the check says about one record.

    Attributes:
        type: the question's type, one of `core.tasks.math.TYPES`; of a record with options its task.
        verdict: one of `VERDICTS`.
        expected: the corpus' solution; empty where there is none to compute.
        found: the answer as it stands in the record's solution; empty where none was found.
        form: of a boxed or stated answer: integer, decimal, fraction, expression or text; else empty.
    """

    type: str
    verdict: str
    expected: str = ""
    found: str = ""
    form: str = ""


def check_record(record: Record) -> Verdict:
    """Check a record with options for whether its answer names one at all, any other as a math record."""
    if task_of(record.task).has_options:
        named = names_option(record.question, record.answer)
        return Verdict(record.task, "stated" if named else "unparsable", "", record.answer)
    return check(record.question, record.answer)


def check(question_text: str, solution_text: str) -> Verdict:
    """Check one math record.

    Args:
        question_text: the problem.
        solution_text: the solution that the corpus gives.
    """
    return check_typed(recognise(question_text), solution_text)


def check_typed(asked: MathQuestion, solution_text: str) -> Verdict:
    """Check a solution of a question whose type and operands are known; see `check`."""
    if asked.type == "english":
        return _free_form(solution_text)
    if asked.type == "other":
        return Verdict("other", "unknown")
    try:
        number = digits(asked)
    except InputError:
        return Verdict(asked.type, "unsolvable")
    return check_against(asked, number, solution_text)


def check_against(asked: MathQuestion, number: str, solution_text: str) -> Verdict:
    """Check a solution of a templated question against the number that `solver.digits` gives; see `check`."""
    expected = worded(asked, number)
    if solution_text == expected:
        return Verdict(asked.type, "right", expected, expected)
    found = _final_number(solution_text)
    if found is None:
        return Verdict(asked.type, "unparsable", expected)
    return Verdict(asked.type, _compare(asked, number, found), expected, found.text)


def answer_form(content: str) -> str:
    r"""Return the form of a LaTeX answer: "integer", "decimal", "fraction", "expression" or "text".

    Units, money and degree signs, spaces and size commands do not count; a text has no number and no formula.
    """
    if _WORDS.fullmatch(content.strip()):
        return "text"
    bare = _LATEX_SPACE.sub("", _UNIT.sub("", content))
    return next((name for name, pattern in _FORMS if pattern.fullmatch(bare)), "expression")


def _free_form(solution_text: str) -> Verdict:
    box = last_boxed(solution_text)
    if box and box.content and box.closed:
        return Verdict("english", "boxed", "", box.content, answer_form(box.content))
    stated = _STATED.findall(solution_text)
    if stated:
        return Verdict("english", "stated", "", stated[-1].strip(), answer_form(stated[-1]))
    line = solution_text.strip()
    if len(line) <= _LONGEST_LINE and "\n" not in line and (found := _after_marker(line)):
        return Verdict("english", "stated", "", found.text, answer_form(found.text))
    return Verdict("english", "unparsable")


class _Found(NamedTuple):
    """A number in a solution: as written, and as a ratio of a Decimal and a whole number."""

    text: str
    number: Decimal
    bottom: int | None


def _final_number(text: str) -> _Found | None:
    """Return the number in the last box, else after the last marker that one follows, else the last of all."""
    if "\\" in text and (box := last_boxed(text)):
        text = box.content
    # Most answers stand in the last line, and the others need not be read then.
    last_line = text[text.rfind("\n") + 1 :]
    return _after_marker(last_line) or _after_marker(text[-_LONGEST_TEXT:]) or _last_number(text[-_LONGEST_TEXT:])


def _after_marker(text: str) -> _Found | None:
    plain = _plain(text)
    end = len(plain)
    for marker in reversed(list(_MARKER.finditer(plain))):
        if match := _NUMBER.search(plain, marker.end(), end):
            return _parsed(match)
        end = marker.start()
    return None


def _last_number(text: str) -> _Found | None:
    plain = _plain(text)
    numbers = list(_NUMBER.finditer(plain))
    return _parsed(numbers[-1]) if numbers and not _MARKER.search(plain) else None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("−", "-")


def _parsed(match: re.Match[str]) -> _Found:
    bottom = match["bottom"]
    number = Decimal(match["number"].replace(",", "")).scaleb(int(match["power"] or 0), _WIDE)
    return _Found(match[0], number, int(bottom) if bottom else None)


def _compare(asked: MathQuestion, corpus: str, found: _Found) -> str:
    if found.bottom is not None:
        return _compare_ratio(asked, found)
    if asked.type != "fraction" and found.number == Decimal(corpus):
        return "equal"
    with contextlib.suppress(InputError):
        exact = Fraction(value(asked))
        if found.number == exact:
            return "equal"
        if _is_rounding(found.number, exact):
            return "rounded"
    # Where the exact value has too many digits, or the corpus' floating point missed a tie, its own digits decide.
    return "rounded" if _is_rounding(found.number, Fraction(corpus)) else "wrong"


def _is_rounding(number: Decimal, truth: Fraction) -> bool:
    """Tell whether a number is the truth to within half a unit of its last decimal; zero is so for nothing else."""
    if not number:
        return False
    exponent = int(number.as_tuple().exponent)
    units = int(number.scaleb(-exponent, _WIDE))
    top, bottom = truth.numerator * 10 ** max(0, -exponent), truth.denominator * 10 ** max(0, exponent)
    return bool(2 * abs(units * bottom - top) <= bottom)


def _compare_ratio(asked: MathQuestion, found: _Found) -> str:
    """Compare p/q: it must be in lowest terms, as 10/12 for 5/6 is a reduction that was not carried out."""
    top, bottom = Fraction(found.number), found.bottom
    if not bottom or top.denominator != 1 or math.gcd(top.numerator, bottom) != 1:
        return "wrong"
    try:
        return "equal" if top / bottom == value(asked) else "wrong"
    except InputError:
        return "wrong"


@dataclass
class Report:
    """Counts of verdicts by type, with the places of records that are not sound.

    Attributes:
        limit: examples kept of each type and verdict.
        counts: how often each (type, verdict) occurred.
        forms: how often each form of a boxed or stated answer occurred.
    """

    limit: int = 5
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    forms: dict[str, int] = field(default_factory=dict)
    _examples: dict[tuple[str, str], list[dict[str, str]]] = field(default_factory=dict)

    def add(self, verdict: Verdict, place: str) -> None:
        """Count one verdict; `place` (file:line or record) is kept where the record is not sound."""
        key = (verdict.type, verdict.verdict)
        self.counts[key] = self.counts.get(key, 0) + 1
        if verdict.form:
            self.forms[verdict.form] = self.forms.get(verdict.form, 0) + 1
        if verdict.verdict not in SOUND:
            kept = self._examples.setdefault(key, [])
            if len(kept) < self.limit:
                expected, found = verdict.expected[:_LONGEST_EXAMPLE], verdict.found[:_LONGEST_EXAMPLE]
                kept.append({"place": place, "expected": expected, "found": found})

    def merge(self, later: Report) -> None:
        """Add the counts of another part of the corpus, which comes after this one."""
        for key, count in later.counts.items():
            self.counts[key] = self.counts.get(key, 0) + count
        for form, count in later.forms.items():
            self.forms[form] = self.forms.get(form, 0) + count
        for key, examples in later._examples.items():
            kept = self._examples.setdefault(key, [])
            kept.extend(examples[: self.limit - len(kept)])

    def as_json(self) -> dict[str, Any]:
        """Return "records", "verdicts" (counts), "types" (type → verdict → count), "forms" and "examples"."""
        verdicts = {name: sum(self.counts.get((kind, name), 0) for kind in self._types()) for name in VERDICTS}
        return {
            "records": sum(self.counts.values()),
            "verdicts": {name: count for name, count in verdicts.items() if count},
            "types": {kind: dict(self._of_type(kind)) for kind in self._types()},
            "forms": dict(sorted(self.forms.items())),
            "examples": [
                {"type": kind, "verdict": name, **example}
                for (kind, name), examples in sorted(self._examples.items())
                for example in examples
            ],
        }

    def _types(self) -> list[str]:
        return sorted({kind for kind, _ in self.counts})

    def _of_type(self, kind: str) -> Iterator[tuple[str, int]]:
        return ((name, self.counts[kind, name]) for name in VERDICTS if (kind, name) in self.counts)
