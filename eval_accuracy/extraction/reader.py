"""The final answer of a text: its clauses in order, the last valid announcement, the whole of what it announces."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

from core.tasks.math import FREE_TYPES
from eval_accuracy.extraction.candidates import Asked, candidates
from eval_accuracy.extraction.clauses import split
from eval_accuracy.extraction.content import EMPTY, EXPRESSION, NUMBER, UNDONE, Content, Ways, read_content
from eval_accuracy.extraction.ending import read_ending
from eval_accuracy.extraction.forms import form_of, keep, of_equation, recall
from eval_accuracy.extraction.found import Found, found_of
from eval_accuracy.extraction.kinds import LAST, NEVER, NO_VALUE, RETRACTION, Kind, kinds
from eval_accuracy.extraction.numbers import Number, plain
from eval_accuracy.extraction.sentence import is_formula
from eval_accuracy.extraction.statements import (
    ANNOUNCED,
    BOXED,
    HEDGE,
    LABELLED,
    LAST_NUMBER,
    STATED,
    Candidate,
    is_bare,
)

_LONGEST_TEXT = 20_000
# GSM8K's notes of a calculator.
# "48/2 = <<48/2=24>>24" -> "<<48/2=24>>"
_CALCULATOR = re.compile(r"<<[^<>]{0,80}>>")
# "<b>7</b>" -> "<b>"
_HTML = re.compile(
    r"</?(?:b|strong|i|em|u|p|br|span|div|font|code|h[1-6]|li|ul|ol|td|tr|center)(?:\s[^<>]{0,80})?/?>", re.IGNORECASE
)
# "10<sup>5</sup>" -> ("5",)
_RAISED = re.compile(r"<sup>(\s?[-+−–]?[0-9]{1,6}\s?)</sup>", re.IGNORECASE)
# "~~8~~ 7" -> "~~8~~"
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
# r"-\displaystyle 7" -> {"sign": "-"}
_STYLE = re.compile(r"(?P<sign>-?)\\displaystyle(?![a-z])")
# "about " -> "about"
_ABOUT = re.compile(r"about|approx|roughly|around|[≈约]", re.IGNORECASE)
# "or 0.45 as a decimal" -> "as a decimal"
_OTHER_FORM = re.compile(r"\b(?:as\san?|in)\s(?:decimal|fraction|percentage)|小数|百分数", re.IGNORECASE)
# "or 7" -> "or "
_ALTERNATIVE = re.compile(r"^\s{0,3}(?:or|and|maybe|或者?是?|和|还是|以及)(?![A-Za-z])\s?", re.IGNORECASE)


@dataclass
class Trace:
    """The stages of one reading, for people: what was taken off, the clauses and their kinds, what announced."""

    own: str = ""
    clauses: list[tuple[str, str]] = field(default_factory=list)
    candidates: list[tuple[str, str, str]] = field(default_factory=list)


def read_answer(
    text: str, question: str, asked_type: str, fractions: bool, words: bool = False, trace: Trace | None = None
) -> Found | None:
    r"""Return the final answer that a text states; None where it states none.

    Args:
        text: the model's own text (`echo.own_text`).
        question: the question; what only repeats it is no answer.
        asked_type: the question's type: it says which labels (面积为) name the answer.
        fractions: whether p/q is a number.
        words: whether words can be the answer (`Monday`).
        trace: filled with the stages where given.
    """
    text = text[-_LONGEST_TEXT:]
    same = _without_marks(plain(text))
    asked = _asked(plain(question), asked_type, Ways(fractions, asked_type in FREE_TYPES), words)
    if trace is not None:
        return read_all(text, same, asked, trace)
    return of_equation(text, same) or _by_form(text, same, asked)


def _by_form(text: str, same: str, asked: Asked) -> Found | None:
    """Read a text as one of its form was read before, else by its end, else as a whole."""
    form = form_of(same, asked)
    if form is not None and (known := recall(form, text, same, asked)):
        return known
    ending = read_ending(text, same, asked)
    found = ending or read_all(text, same, asked)
    if form is not None and found is not None and (ending or not form.behind_lines):
        keep(form, text, same, found)
    return found


@lru_cache(maxsize=1 << 10)
def _asked(question: str, asked_type: str, ways: Ways, words: bool) -> Asked:
    """Return what is known of a question, kept for the answers to it."""
    return Asked(question, asked_type, ways, words)


def read_all(text: str, same: str, asked: Asked, trace: Trace | None = None) -> Found | None:
    """Return the final answer of a text from all that it says; arguments as of `ending.read_ending`, and a trace."""
    found = kinds(split(same), asked.text)
    stating = list(candidates(same, found, asked))
    chosen = _choose(stating, found, asked.words)
    if trace is not None:
        trace.clauses = [(kind.name, kind.clause.text.strip()) for kind in found]
        trace.candidates = [
            (item.stage, item.marker, f"{item.content.kind}: {text[item.content.start : item.content.end]}")
            for item in stating
        ]
    if chosen is None:
        return None
    return found_of(text, chosen, _with_alternatives(same, chosen, found, asked.ways))


def _without_marks(text: str) -> str:
    r"""Blank what only dresses a value: notes of a calculator, HTML tags, `\displaystyle`; places stay."""
    if "<" in text:
        text = _RAISED.sub(lambda power: f"^    {power[1]}      ", text)
        text = _CALCULATOR.sub(lambda note: " " * len(note[0]), text)
        text = _HTML.sub(lambda tag: " " * len(tag[0]), text)
    if "~~" in text:
        text = _STRUCK.sub(lambda struck: " " * len(struck[0]), text)
    if "\\displaystyle" in text:
        text = _STYLE.sub(lambda style: " " * (len(style[0]) - len(style["sign"])) + style["sign"], text)
    return text


def _choose(stating: Sequence[Candidate], found: Sequence[Kind], words: bool) -> Candidate | None:
    """Return the last valid candidate of the surest stage; what was taken back counts where nothing follows it."""
    ends = (RETRACTION,) if words else (RETRACTION, NO_VALUE)
    retracted = max((kind.clause.start for kind in found if kind.name in ends), default=-1)
    later = [item for item in stating if item.place > retracted and not (retracted >= 0 and item.last_resort)]
    if retracted >= 0 and not any(item.content.kind in (NUMBER, EXPRESSION) for item in later):
        return None
    for doubt in sorted({item.doubt for item in later}):
        group = [item for item in later if item.doubt == doubt]
        for stages in ((ANNOUNCED, BOXED), (LABELLED,), (STATED, LAST_NUMBER)):
            if chosen := [item for item in group if item.stage in stages]:
                best = chosen[-1]
                if HEDGE.search(best.clause.text) and _is_hedged(best, later):
                    return None  # `maybe 3, maybe 7`
                if best.content.kind == EMPTY:
                    return None
                after = [item for item in group if item.place > best.place]
                # What nobody carried out is no answer where a number follows it.
                return after[-1] if best.content.kind == UNDONE and after else best
    return None


def _is_hedged(best: Candidate, stating: Sequence[Candidate]) -> bool:
    """Tell whether another number is said to be possible as well."""
    numbers = {
        item.content.number.value for item in (best, *stating) if item.content.number and HEDGE.search(item.clause.text)
    }
    return len(numbers) > 1


def _with_alternatives(text: str, chosen: Candidate, found: Sequence[Kind], ways: Ways) -> Content:
    """Return the content, a list where `, or 8` or `, 8` follows the clause."""
    content = chosen.content
    if content.kind != NUMBER or content.number is None:
        return content
    at = next((place for place, kind in enumerate(found) if kind.clause is chosen.clause), None)
    if at is None or at + 1 >= len(found):
        return content
    following = found[at + 1].clause
    if following.before not in (",", "，", "、", ";") or found[at + 1].name in NEVER:
        return content
    alternative = _ALTERNATIVE.match(following.text)
    start = following.start + (alternative.end() if alternative else 0)
    other = read_content(text, start, following.end, ways)
    if other.kind == EXPRESSION and is_formula(text, start, following.end, False) and found[at + 1].name not in LAST:
        return Content(EXPRESSION, content.start, other.end)  # 34, 30 or 32
    if other.kind != NUMBER or other.number is None or other.number.value == content.number.value:
        return content
    if other.unit and content.unit and other.unit != content.unit:  # 357 cm², or 35700 mm²
        return content
    if _OTHER_FORM.search(following.text):
        return content
    about = _ABOUT.search(text, start, other.number.start) is not None
    if (about or other.number.percent != content.number.percent) and _is_near_to(other.number, content.number):
        return content
    if alternative or (
        is_bare(text, other)
        and not other.unit
        and chosen.stage != LAST_NUMBER
        and not text[start : other.number.start].strip(" $")
    ):
        return Content(EXPRESSION, content.start, other.end)
    return content


def _is_near_to(one: Number, other: Number) -> bool:
    """Tell whether a number may be another one, rounded or without percent: `-1.7069, or about -1.7`."""
    distance, places = abs(one.worth.value - other.worth.value), min(one.worth.decimals, 9)
    return distance <= max(abs(other.worth.value) / 50, Decimal(1).scaleb(-places) if places > 0 else Decimal(0))
