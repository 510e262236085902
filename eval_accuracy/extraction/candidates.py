"""Everything in a text that states a value: clause after clause, with how sure it is that it is the final answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from eval_accuracy.extraction.content import EMPTY, EXPRESSION, NUMBER, UNDONE, WORDS, Content, Ways, last_formula
from eval_accuracy.extraction.kinds import CORRECTION, LAST, LIKELY, NEVER, NO_VALUE, ORDINARY, Kind
from eval_accuracy.extraction.numbers import digits_in
from eval_accuracy.extraction.sentence import counts, is_counter, is_prose, last_in
from eval_accuracy.extraction.statements import (
    ANNOUNCED,
    BOXED,
    LABELLED,
    LAST_FORMULA,
    LAST_NUMBER,
    LONGEST_CLAUSE,
    STATED,
    Candidate,
    boxed,
    by_name,
    by_name_behind,
    by_statement,
    by_value_first,
    of_programs,
    read_whole,
)
from eval_accuracy.extraction.words import (
    ANSWER_EN,
    ANSWER_ZH,
    CONCLUSION_EN,
    CONCLUSION_ZH,
    COPULA_EN,
    COPULA_ZH,
    LABELS,
    RESULT_EN,
    RESULT_ZH,
    either,
    english,
)

_COPULA = rf"(?:{english(COPULA_EN)}|{either(COPULA_ZH)}|[=≈≒:]|'s\b)"
_GAP_EN, _GAP_ZH = r"(?:\s|[A-Za-z(),'_`\]\"-]|\*\*){0,90}?", r"[^0-9=≈:\n]{0,24}?"
# "the answer would be 7" -> {"name": "answer", "copula": "be"}
# "答案应该是 7" -> {"name": "答案", "copula": "应该是"}
# "#### 7" -> {"mark": "####"}
_ANNOUNCED = re.compile(
    f"(?P<mark>####)|(?P<name>{english(ANSWER_EN)}|{either(ANSWER_ZH)})(?:(?:{_GAP_EN}|{_GAP_ZH})"
    rf"(?P<copula>{_COPULA}|of(?=\s[-+$\\(*]{{0,4}}[0-9]))|[\s*_`]{{0,4}}(?=[-+$\\¥]{{0,3}}[0-9]))",
    re.IGNORECASE,
)
# "结果约为 7" -> {"name": "结果", "copula": "约为"}
_RESULT = re.compile(
    rf"(?P<name>{english(RESULT_EN)}|{either(RESULT_ZH)})(?:{_GAP_EN}|{_GAP_ZH})(?P<copula>{_COPULA})", re.IGNORECASE
)
# A clause that names the answer and does not give it: it comes next.
# "**Answer" -> "**Answer"
# "综上，最终答案" -> "综上，最终答案"
_OPEN = re.compile(
    f"^.{{0,60}}?(?:{english(ANSWER_EN)}|{either(ANSWER_ZH)})[^0-9]{{0,40}}$"
    rf"|^[\s*_#]{{0,6}}(?:{english(RESULT_EN)}|{either(RESULT_ZH)})[\s*_:]{{0,6}}$",
    re.IGNORECASE | re.DOTALL,
)
# "which is our answer" -> "which"
_POINTS_BACK = re.compile(r"\s*(?:and\s)?(?:which|that|this)\b|\s*(?:这|即)", re.IGNORECASE)
# "So 7" -> "So"
_CONCLUDES = re.compile(rf"^[\s*_]{{0,6}}(?:and\s)?(?:{english(CONCLUSION_EN)}|{either(CONCLUSION_ZH)})", re.IGNORECASE)
# What a sentence begins behind, and what parts its clauses.
_SENTENCE = frozenset({"", "\n", "#", ".", "。", "!", "！", "?", "？"})
_WITHIN = frozenset({",", "，", "、", ";", "；", "condition"})
# One of several answers.
# "答案二:" -> {"number": "二"}
_NUMBERED = re.compile(r"(?:答案|解|answer|option|solution)\s?(?P<number>[一二三四1-4])\s?[:是为]", re.IGNORECASE)
# What states a number for sure, even one that the question names as well.
_EQUALS = frozenset({"=", "≈", "等于", "约等于", "⇒", "→", "->", "=>", "∴"})
# Behind words that are a value: `$\\text{No}$`.
# "} $" -> "}"
_IN_FORMULA = re.compile(r"\$|\\[)\]]|\}")
# "  = 7" -> "  ="
_GOES_ON = re.compile(r"[\s$&\\]{0,9}[=≈]")
# An equation without its right side.
# "we compute 3/8 =" -> "="
_UNFINISHED = re.compile(r"[=≈]\s*$")
# "3, 4" -> ", "
_NO_DIGIT = re.compile("[^0-9.]+")
# "3 + 4 = 7" -> "3 + 4 = 7"
_PLAIN = re.compile(r"[-+*/×÷=^().,0-9\s]*=[-+.,0-9\s]*")


def _of_label(words: str) -> str:
    """Return the pattern of a label and what follows it; its English words stand as words of their own."""
    english_words = "|".join(word for word in words.split("|") if word.isascii())
    chinese_words = "|".join(word for word in words.split("|") if not word.isascii())
    return (
        rf"(?P<name>{english(english_words)}|{either(chinese_words)})(?:{_GAP_EN}|[^0-9=≈:\n]{{0,12}}?)"
        rf"(?P<copula>{_COPULA}|有)"
    )


# What names the value that a type of question asks for: 面积为 of one about an area.
_LABELS = {asked_type: re.compile(_of_label(words), re.IGNORECASE) for asked_type, words in LABELS.items()}


@dataclass(frozen=True)
class Asked:
    """What is known of the question.

    Attributes:
        text: its plain text.
        type: its type, which says what names the answer.
        ways: what counts as a number.
        words: whether words can be the answer.
    """

    text: str
    type: str
    ways: Ways
    words: bool

    @cached_property
    def given(self) -> frozenset[str]:
        """The numbers in it."""
        return frozenset(digits_in(self.text))

    @cached_property
    def digits(self) -> str:
        """All its digits and points, one behind the other."""
        return _NO_DIGIT.sub("", self.text)

    @cached_property
    def counting(self) -> bool:
        """Whether it asks about pages, points or steps itself."""
        return counts(self.text)


@dataclass(frozen=True)
class _Part:
    """One clause: its kind, the whole text with remarks of the clause blank, and where the clause stands."""

    kind: Kind
    text: str
    span: tuple[int, int]

    @property
    def last(self) -> bool:
        """It holds the answer only where nothing else does."""
        return self.kind.name in LAST


def candidates(text: str, found: Sequence[Kind], asked: Asked) -> Iterator[Candidate]:
    """Yield every clause that states a value, in order, with the stage it reaches; tags and JSON come first.

    Args:
        text: the model's own text, as `numbers.plain` returns it.
        found: its clauses with what they are.
        asked: what is known of the question.

    `3 + 4 = 7, so the answer is 7` gives 7 ("stated") and 7 ("announced").
    """
    read = list(of_programs(text, asked.ways))
    yield from read
    open_name, said = "", False
    labelled: Candidate | None = None  # what the clause before labels
    numbered: set[str] = set()
    for kind in found:
        clause = kind.clause
        said = said and clause.before not in _SENTENCE
        if kind.name in NEVER or (kind.name == NO_VALUE and not asked.words):
            continue
        if any(clause.start < item.clause.end and item.clause.start < clause.end for item in read):
            continue
        same = kind.text == text[clause.start : clause.end]
        body = text if same else text[: clause.start] + kind.text + text[clause.end :]
        part = _Part(kind, body, (clause.start, min(clause.end, clause.start + 4 * LONGEST_CLAUSE)))
        if kind.name == ORDINARY and _PLAIN.fullmatch(kind.text) and not open_name:  # the commonest clause: `3 + 4 = 7`
            if got := by_statement(body, part.span, clause, asked.ways, asked.words):
                got = _going_on(kind, got, labelled)
                labelled = got if got.stage == LABELLED else None
                yield got
            continue
        got = _announced(part, asked, open_name)
        if rival := _NUMBERED.search(kind.text):
            numbered |= {rival["number"]}
        if got is not None and len(numbered) > 1:  # `答案一：3；答案二：7`
            got = replace(got, content=replace(got.content, kind=EXPRESSION, number=None))
        if got is None and (correction := CORRECTION.match(kind.text)):
            content = read_whole(body, (clause.start + correction.end(), part.span[1]), asked.ways)
            if content.kind == EMPTY:
                open_name = correction[0].strip()
                continue
            if content.kind in (NUMBER, EXPRESSION):
                got = Candidate(clause.start, ANNOUNCED, correction[0].strip(), content, clause, own=False)
        got = got or _stated(part, asked)
        if got is not None:
            sure = got.stage in (ANNOUNCED, BOXED)
            beside = got.beside or (said and got.stage == LAST_NUMBER == got.marker and clause.before in _WITHIN)
            number = got.content.number
            if number is not None and got.stage in (STATED, LAST_NUMBER) and not asked.counting:
                beside = beside or is_counter(part.text, part.span[0], number, clause.end)
            got = replace(got, clause=clause, weak=_is_weak(part, got, asked.given), beside=beside and not sure)
            got = replace(got, last_resort=0 if sure or not part.last else 1 if kind.name in LIKELY else 2)
            got = _going_on(kind, got, labelled)
            yield got
            said = said or not (got.weak or part.last)
        labelled = got if got is not None and got.stage == LABELLED else None
        open_name = _left_open(kind, got, open_name)


def _going_on(kind: Kind, got: Candidate, labelled: Candidate | None) -> Candidate:
    """Return a candidate as labelled where its line goes on with a labelled equation: `原式 = √9`, `= 3`."""
    if labelled is None or got.stage != STATED or not _GOES_ON.match(kind.text):
        return got
    return replace(got, stage=LABELLED, marker=labelled.marker)


def _announced(part: _Part, asked: Asked, open_name: str) -> Candidate | None:
    """Return what a clause announces as the answer, or a clause before it whose name of the answer is left open."""
    clause, ways, words = part.kind.clause, asked.ways, asked.words
    got: Candidate | None = None
    if "\\boxed" in part.kind.text or "\\fbox" in part.kind.text:
        got = boxed(part.text, clause, ways)
    got = got or by_name(part.text, part.span, clause, _ANNOUNCED, ANNOUNCED, ways, words)
    got = got or by_name_behind(part.text, part.span, clause, ways, words)
    if got is None and open_name and not part.last:
        content = read_whole(part.text, part.span, ways)
        if content.kind not in (EMPTY, UNDONE) and (content.kind != WORDS or words):
            return Candidate(clause.start, ANNOUNCED, open_name, content, clause, own=False)
    return got


def _stated(part: _Part, asked: Asked) -> Candidate | None:
    """Return the value that a clause labels or states, else the number or formula that it is about."""
    clause, ways, words = part.kind.clause, asked.ways, asked.words
    label = _LABELS.get(asked.type)
    got: Candidate | None = None
    if label and not part.last:
        got = by_name(part.text, part.span, clause, label, LABELLED, ways, False)
    if got is None and not part.last:
        got = by_name(part.text, part.span, clause, _RESULT, LABELLED, ways, words)
    got = got or by_value_first(part.text, part.span, clause, ways)
    got = got or by_statement(part.text, part.span, clause, ways, words)
    if got is not None:
        return got
    if _UNFINISHED.search(part.kind.text):
        return None
    stage = STATED if _CONCLUDES.match(part.kind.text) else LAST_NUMBER
    formula = last_formula(part.text, *part.span, ways)
    if formula is not None and formula.kind != EMPTY:
        readable = words or formula.kind in (NUMBER, EXPRESSION)
        return Candidate(clause.start, stage, LAST_FORMULA, formula, clause) if readable else None
    found = last_in(part.text, *part.span, ways.fractions, asked.given, asked.counting)
    if found is None:
        return None
    number, beside = found
    content = Content(NUMBER, number.start, number.end, number)
    return Candidate(clause.start, stage, LAST_NUMBER, content, clause, beside=beside)


def has_rivals(text: str) -> bool:
    """Tell whether a text seems to number its answers."""
    return _NUMBERED.search(text) is not None


def leaves_open(kind: Kind) -> bool:
    """Tell whether a clause may leave it to the next to say what the answer is."""
    return _OPEN.match(kind.text) is not None or CORRECTION.match(kind.text) is not None


def _left_open(kind: Kind, got: Candidate | None, open_name: str) -> str:
    """Return the name of the answer whose value is still to come after a clause; empty where none is."""
    if (
        _OPEN.match(kind.text)
        and not _POINTS_BACK.match(kind.text)
        and (got is None or got.stage not in (ANNOUNCED, BOXED))
    ):
        return kind.text.strip(" *_#:\n\t")[-20:]
    if got is not None:
        return ""
    # A remark between name and value leaves the name open, and so does a clause of marks alone.
    return open_name if kind.name != ORDINARY or not kind.text.strip(" *_#:.") else ""


def _is_weak(part: _Part, got: Candidate, given: frozenset[str]) -> bool:
    """Tell whether a number is one of the question's own, said again, or counts the steps of the solution."""
    text, kind, number = part.text, part.kind, got.content.number
    if got.stage in (ANNOUNCED, BOXED, LABELLED):
        return False
    if got.content.kind == WORDS:
        return not _IN_FORMULA.search(text, got.content.end, got.content.end + 4)  # "we are done" is no value
    if number is None:
        said = digits_in(text, got.content.start, got.content.end)
        return is_prose(text, got.content.start, got.content.end) or (bool(said) and given.issuperset(said))
    if got.marker in _EQUALS or _CONCLUDES.match(kind.text) or number.fraction:
        return False
    digits = digits_in(text, number.start, number.end)
    return len(digits) == 1 and digits[0] in given
