"""Where a text announces its final answer: its clauses in order, the last valid announcement, its whole content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from core.tasks.boxed import last_boxed
from eval_accuracy.extraction.clauses import Clause, split
from eval_accuracy.extraction.content import (
    EMPTY,
    EXPRESSION,
    NUMBER,
    UNDONE,
    WORDS,
    Content,
    Ways,
    is_bounded,
    is_counter,
    is_formula,
    is_prose,
    last_formula,
    last_in,
    read_content,
    stands_first,
)
from eval_accuracy.extraction.formulas import REGION, inside
from eval_accuracy.extraction.kinds import CORRECTION, LAST, NEVER, NO_VALUE, ORDINARY, RETRACTION, Kind, kinds
from eval_accuracy.extraction.numbers import Number, plain
from eval_accuracy.extraction.words import (
    ANSWER_EN,
    ANSWER_ZH,
    CONCLUSION_EN,
    CONCLUSION_ZH,
    COPULA_EN,
    COPULA_ZH,
    GETS_EN,
    GETS_ZH,
    LABELS,
    RESULT_EN,
    RESULT_ZH,
    either,
    english,
)

# How sure it is that a clause states the final answer; the surest stage that a text reaches decides.
ANNOUNCED, BOXED, LABELLED, STATED, LAST_NUMBER, UNREAD = (
    "announced", "boxed", "labelled", "stated", "last number", "unread",
)  # fmt: skip
LAST_FORMULA = "last formula"
# Types of questions that have no template.
FREE = frozenset({"english", "other"})
_LONGEST_TEXT, _LONGEST_CLAUSE = 20_000, 400
# So many characters may stand between a word that states a value and the value: `is the number 7`.
_NEAR = 14

_COPULA = rf"(?:{english(COPULA_EN)}|{either(COPULA_ZH)}|[=≈≒:]|'s\b)"
_GAP_EN, _GAP_ZH = r"(?:\s|[A-Za-z(),'_`\]\"-]|\*\*){0,90}?", r"[^0-9=≈:\n]{0,24}?"
# "the answer would be 7" -> {"name": "answer", "copula": "be"}
# "答案应该是 7" -> {"name": "答案", "copula": "应该是"}
# "#### 7" -> {"mark": "####"}
_ANNOUNCED = re.compile(
    rf"(?P<mark>####)|(?P<name>{english(ANSWER_EN)}|{either(ANSWER_ZH)})(?:(?:{_GAP_EN}|{_GAP_ZH})(?P<copula>{_COPULA})|[\s*_`]{{0,4}}(?=[-+$\\¥]{{0,3}}[0-9]))",
    re.IGNORECASE,
)
# "结果约为 7" -> {"name": "结果", "copula": "约为"}
_RESULT = re.compile(
    rf"(?P<name>{english(RESULT_EN)}|{either(RESULT_ZH)})(?:{_GAP_EN}|{_GAP_ZH})(?P<copula>{_COPULA})", re.IGNORECASE
)
# "so 7 is the final answer" -> " is the final answer"
# "7 就是答案" -> "就是答案"
_BEHIND = re.compile(
    rf"\s?{english('is|was|being|be')}\s(?:\w+\s){{0,2}}?(?:the|our|my|its|your|this)\s(?:\w+\s){{0,3}}?(?:answers?|(?:final|correct|required)\s(?:results?|value|number|total)|results?|solution)\b"
    r"|\s?(?:is|are|was)\s(?:the\s)?(?:(?:required|desired|requested|correct|exact)\s)?(?:value|sum|difference|product|quotient|power|root|square\sroot|mean|average|solution|area|mass|discount|sales|fraction|simplest\sform)\b"
    r"|\s?就?是(?:所求的?)?(?:和|差|积|商|幂|平方根|平均[值数]|方程的解|函数值|面积|质量|折扣(?:比例)?|今年的销售额|最简分数)(?=\s*$)"
    r"|\s?(?:is|are)\s(?:the\s)?(?:correct|right|it)(?=\s*$)|\s?(?:就?是|才是)(?:正确|对)的?(?=\s*$)"
    r"|\s?(?:就?是|即?为|正是|便是|作为)(?:我们|所求|最终|最后|正确|本题|此题|题目|这道题|要求|所要求)?(?:要?求?的)?(?:答案|结果|解|值|得数|所求)|\s?即?为?所求",
    re.IGNORECASE,
)
# A text that a program reads: `<answer>7</answer>`, `{"answer": 7}`.
# "<answer> 7 </answer>" -> {"tagged": " 7 "}
# '{"result": "7"}' -> {"quoted": "7"}
_TAGGED = re.compile(
    r"<(?P<tag>answer|final_answer|result|final|答案|结果|最终答案)>(?P<tagged>[^<]{1,200})(?:</(?P=tag)>|$)"
    r"|[\"'“](?:final[_ ]?answer|answer|result|final[_ ]?result|value|答案|结果|最终答案)[\"'”]\s?[:：]\s?(?:[\"'“](?P<quoted>[^\"'”\n]{1,200})[\"'”]|(?P<bare>[^\"'\s,}][^,}\n]{0,100}))",
    re.IGNORECASE,
)
# A clause that names the answer and does not give it: it comes next.
# "**Answer" -> "**Answer"
# "综上，最终答案" -> "综上，最终答案"
_OPEN = re.compile(
    rf"^.{{0,60}}?(?:{english(ANSWER_EN)}|{either(ANSWER_ZH)})[^0-9]{{0,40}}$|^[\s*_#]{{0,6}}(?:{english(RESULT_EN)}|{either(RESULT_ZH)})[\s*_:]{{0,6}}$",
    re.IGNORECASE | re.DOTALL,
)
# What states a value within a clause; the last one that a value follows counts.
# "3 + 4 = 7" -> "="
# "that gives 7" -> "gives"
_STATED = re.compile(
    rf"(?P<equals>≈|~=|≒|=(?!>)|约?等于)|(?P<points>⇒|→|->|=>|\\(?:Rightarrow|implies|approx|therefore)(?![a-z])|∴)|(?P<colon>(?<![0-9])(?<![0-9]\s):(?![0-9/]))"
    rf"|(?P<word>{english(COPULA_EN, GETS_EN)}|(?:(?<=\bit)|(?<=that)|(?<=there)|(?<=here)|(?<=answer)|(?<=result)|(?<=total))'s(?=\s[-+$\\(0-9])|{either(COPULA_ZH, GETS_ZH)}|^\s{{0,9}}(?:{english(CONCLUSION_EN)}|{either(CONCLUSION_ZH)}))",
    re.IGNORECASE,
)
# A hedge makes a statement a mere mention.
# "可能是 7 吧" -> "可能"
_HEDGE = re.compile(r"可能|也许|大概是|或许|maybe|perhaps|possibly|might|probably|估计", re.IGNORECASE)
# "So 7" -> "So"
_CONCLUDES = re.compile(rf"^[\s*_]{{0,6}}(?:and\s)?(?:{english(CONCLUSION_EN)}|{either(CONCLUSION_ZH)})", re.IGNORECASE)
# "3.5 + 12" -> "3.5"
_NUMBERS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_MERE = frozenset({LAST_NUMBER, "is", "are", "was", "be", "have", "是", "为", "有"})
# "12 个" -> "12"
_DIGIT = re.compile("[0-9]")
# GSM8K's notes of a calculator.
# "48/2 = <<48/2=24>>24" -> "<<48/2=24>>"
_CALCULATOR = re.compile(r"<<[^<>]{0,80}>>")
# "42 dollars is what" -> {"value": "42 dollars ", "verb": "is"}
# "47 棵就是剩下的" -> {"value": "47 棵", "verb": "就是"}
_VALUE_FIRST = re.compile(
    r"\s{0,3}(?P<value>[-+$¥]{0,3}[0-9][^=≈a-z]{0,40}(?:\s?[a-zA-Z.]{1,12}\s){0,2}?|[-+0-9.,]+\s?[\u3400-\u9fff]{0,4}?)"
    r"(?P<verb>(?:is|are|was|were)\b(?=\s(?:what|how|the|our|all|left|needed|required|in\stotal))|就?是(?=[^0-9]{2,}$))"
)
# "3 + 4 = 7" -> "3 + 4 = 7"
_PLAIN = re.compile(r"[-+*/×÷=^().,0-9\s]*=[-+.,0-9\s]*")
# "<b>7</b>" -> "<b>"
_HTML = re.compile(
    r"</?(?:b|strong|i|em|u|p|br|span|div|font|code|h[1-6]|li|ul|ol|td|tr|center)(?:\s[^<>]{0,80})?/?>", re.IGNORECASE
)
# "~~8~~ 7" -> "~~8~~"
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
# r"-\displaystyle 7" -> {"sign": "-"}
_STYLE = re.compile(r"(?P<sign>-?)\\displaystyle(?![a-z])")
# "$$7$$" -> "$$"
_EMPHASISED = re.compile(r"^\s*(?:\*\*|\$\$|\\\[|__).{1,200}(?:\*\*|\$\$|\\\]|__)[.。]?\s*$")
# "about " -> "about"
_ABOUT = re.compile(r"about|approx|roughly|around|[≈约]", re.IGNORECASE)
# "or 7" -> "or "
_ALTERNATIVE = re.compile(r"^\s{0,3}(?:or|and|maybe|或者?是?|和|还是|以及)(?![A-Za-z])\s?", re.IGNORECASE)
# "x = " -> "x ="
_VARIABLE_SIDE = re.compile(r"[A-Za-z]")


@dataclass(frozen=True)
class Found:
    """An answer in a text.

    Attributes:
        marker: what pointed at it: "boxed", a phrase, "=", "last number".
        span: its words as they stand in the text.
        number: the number, where they are a plain one; else None.
        stage: how sure it is that this is the final answer (`ANNOUNCED` …).
        clause: the clause it stands in.
        kind: what its words are (`content.Content.kind`).
        unit: what follows the number.
    """

    marker: str
    span: str
    number: Number | None
    stage: str = ""
    clause: str = ""
    kind: str = NUMBER
    unit: str = ""
    formula: str = ""


@dataclass
class Trace:
    """The stages of one reading, for people: what was taken off, the clauses and their kinds, what announced."""

    own: str = ""
    clauses: list[tuple[str, str]] = field(default_factory=list)
    candidates: list[tuple[str, str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class _Candidate:
    place: int
    stage: str
    marker: str
    content: Content
    clause: Clause
    last_resort: bool = False
    weak: bool = False


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
    asked = plain(question)
    ways = Ways(fractions, asked_type in FREE)
    found = kinds(split(same), asked)
    given = frozenset(_NUMBERS.findall(asked))
    candidates = list(_candidates(same, found, asked_type, ways, words, given))
    chosen = _choose(candidates, found, words)
    if trace is not None:
        trace.own = text
        trace.clauses = [(kind.name, kind.clause.text.strip()) for kind in found]
        trace.candidates = [
            (item.stage, item.marker, f"{item.content.kind}: {text[item.content.start : item.content.end]}")
            for item in candidates
        ]
    if chosen is None:
        return None
    content = _with_alternatives(same, chosen, found, ways)
    start, end = (content.number.start, content.number.end) if content.number else (content.start, content.end)
    clause = text[chosen.clause.start : chosen.clause.end].strip()
    return Found(
        chosen.marker,
        text[start:end].strip(),
        content.number,
        chosen.stage,
        clause[:_LONGEST_CLAUSE],
        content.kind,
        content.unit,
        _formula_around(text, chosen.clause, start),
    )


def _formula_around(text: str, clause: Clause, place: int) -> str:
    """Return the formula of a clause that holds a place; empty where none does."""
    for region in REGION.finditer(text, clause.start, clause.end):
        start, end = inside(region)
        if start <= place < end:
            return text[start:end].strip()
    return ""


def _without_marks(text: str) -> str:
    r"""Blank what only dresses a value: notes of a calculator, HTML tags, `\displaystyle`; places stay."""
    if "<" in text:
        text = _CALCULATOR.sub(lambda note: " " * len(note[0]), text)
        text = _HTML.sub(lambda tag: " " * len(tag[0]), text)
    if "~~" in text:
        text = _STRUCK.sub(lambda struck: " " * len(struck[0]), text)
    if "\\displaystyle" in text:
        text = _STYLE.sub(lambda style: " " * (len(style[0]) - len(style["sign"])) + style["sign"], text)
    return text


def _candidates(
    text: str, found: Sequence[Kind], asked: str, ways: Ways, words: bool, given: frozenset[str]
) -> Iterator[_Candidate]:
    """Yield every clause that states a value, in order, with the stage it reaches."""
    read = list(_of_programs(text, ways))
    yield from read
    label, open_name = _label(asked), ""
    for kind in found:
        clause = kind.clause
        if (
            kind.name in NEVER
            or (kind.name == NO_VALUE and not words)
            or any(clause.start < item.clause.end and item.clause.start < clause.end for item in read)
        ):
            continue
        body = (
            text[: clause.start] + kind.text + text[clause.end :]
            if kind.text != text[clause.start : clause.end]
            else text
        )
        span = (clause.start, min(clause.end, clause.start + 4 * _LONGEST_CLAUSE))
        last = kind.name in LAST
        got: _Candidate | None = None
        if kind.name == ORDINARY and _PLAIN.fullmatch(kind.text) and not open_name:  # the commonest clause: `3 + 4 = 7`
            if (got := _by_statement(body, span, clause, ways, words)) is not None:
                yield got
            continue
        if "\\boxed" in kind.text or "\\fbox" in kind.text:
            got = _boxed(body, clause, ways)
        got = got or _by_name(body, span, clause, _ANNOUNCED, ANNOUNCED, ways, words)
        got = got or _by_name_behind(body, span, clause, ways, words)
        if got is None and open_name and not last:
            content = _whole(body, span, ways)
            if content.kind not in (EMPTY, UNDONE) and (content.kind != WORDS or words):
                got = _Candidate(clause.start, ANNOUNCED, open_name, content, clause)
        if got is None and (correction := CORRECTION.match(kind.text)):
            content = _whole(body, (clause.start + correction.end(), span[1]), ways)
            if content.kind in (NUMBER, EXPRESSION):
                got = _Candidate(clause.start, ANNOUNCED, correction[0].strip(), content, clause)
            elif content.kind == EMPTY:
                open_name = correction[0].strip()
                continue
        if got is None and label and not last:
            got = _by_name(body, span, clause, label, LABELLED, ways, False)
        if got is None and not last:
            got = _by_name(body, span, clause, _RESULT, LABELLED, ways, words)
        got = got or _by_value_first(body, span, clause, ways)
        if got is None:
            got = _by_statement(body, span, clause, ways, words)
        if got is None and (formula := last_formula(body, *span, ways)) is not None and formula.kind != EMPTY:
            if words or formula.kind in (NUMBER, EXPRESSION):
                stage = STATED if _CONCLUDES.match(kind.text) else LAST_NUMBER
                got = _Candidate(clause.start, stage, LAST_FORMULA, formula, clause)
        elif got is None and (number := last_in(body, *span, ways.fractions, given)):
            stage = STATED if _CONCLUDES.match(kind.text) else LAST_NUMBER
            got = _Candidate(
                clause.start, stage, LAST_NUMBER, Content(NUMBER, number.start, number.end, number), clause
            )
        if got is not None:
            sure = got.stage in (ANNOUNCED, BOXED)
            yield replace(
                got, clause=clause, last_resort=last and not sure, weak=_is_weak(body, span[0], got, kind, given)
            )
        if _OPEN.match(kind.text) and (got is None or got.stage not in (ANNOUNCED, BOXED)):
            open_name = kind.text.strip(" *_#:\n\t")[-20:]
        elif got is not None or kind.text.strip():
            if not (open_name and got is None and kind.name != ORDINARY):
                open_name = open_name if open_name and got is None and not kind.text.strip(" *_#:.") else ""


def _is_weak(text: str, start: int, got: _Candidate, kind: Kind, given: frozenset[str]) -> bool:
    """Tell whether a number is one of the question's own, said again, or counts the steps of the solution."""
    number = got.content.number
    if got.stage in (ANNOUNCED, BOXED, LABELLED):
        return False
    if got.content.kind == WORDS:
        return got.marker != LAST_FORMULA  # `$\\text{No}$` is a value, "we are done" is none
    if number is None:
        said = _NUMBERS.findall(text, got.content.start, got.content.end)
        return is_prose(text, got.content.start, got.content.end) or (bool(said) and given.issuperset(said))
    if is_counter(text, start, number, kind.clause.end):
        return True
    if got.marker not in _MERE or _CONCLUDES.match(kind.text) or number.fraction:
        return False
    digits = _NUMBERS.findall(text, number.start, number.end)
    return len(digits) == 1 and digits[0] in given


def _of_programs(text: str, ways: Ways) -> Iterator[_Candidate]:
    """Yield answers in tags or JSON."""
    if "<" not in text and '"' not in text and "“" not in text and "'" not in text:
        return
    for match in _TAGGED.finditer(text):
        name = next(name for name in ("tagged", "quoted", "bare") if match[name])
        content = _whole(text, match.span(name), ways)
        if content.kind != EMPTY:
            clause = Clause(match[0], match.start(), match.end(), "")
            yield _Candidate(match.start(), ANNOUNCED, match["tag"] or "JSON", content, clause)


def _boxed(text: str, clause: Clause, ways: Ways) -> _Candidate | None:
    """Return what the last box of a clause holds; one that is not finished holds what there is."""
    box = last_boxed(text[clause.start : clause.end])
    if box is None:
        return None
    start = text.rfind(box.content, clause.start, clause.end) if box.content else clause.end
    if not box.content:
        return _Candidate(clause.start, BOXED, "boxed", Content(EMPTY, clause.end, clause.end), clause)
    content = read_content(text, start, start + len(box.content), ways._replace(fractions=True), mathematical=True)
    if (
        "=" in box.content
        and (whole := _whole(text, (start, start + len(box.content)), ways._replace(fractions=True))).kind == NUMBER
    ):
        content = whole
    if content.kind == UNDONE:
        content = Content(EXPRESSION, content.start, content.end)
    return _Candidate(clause.start, BOXED, "boxed", content, clause)


def _by_name(
    text: str, span: tuple[int, int], clause: Clause, pattern: re.Pattern[str], stage: str, ways: Ways, words: bool
) -> _Candidate | None:
    """Return the value behind the last name of an answer (`答案是`) that a value follows."""
    for match in reversed(list(pattern.finditer(text, *span))):
        content = _whole(text, (match.end(), span[1]), ways)
        if content.kind == NUMBER and is_bounded(match[0]):  # 答案至少是 7
            content = Content(EXPRESSION, content.start, content.end)
        if content.kind in (NUMBER, EXPRESSION) or (content.kind == WORDS and words):
            marker = match[0].strip(" *_`") if "=" not in text[match.end() : content.start] else "="
            return _Candidate(clause.start, stage, marker, content, clause)
    return None


def _by_name_behind(text: str, span: tuple[int, int], clause: Clause, ways: Ways, words: bool) -> _Candidate | None:
    """Return the value before `is the answer`."""
    match = _BEHIND.search(text, *span)
    if match is None or match.start() == span[0]:
        return None
    content = _whole(text, (span[0], match.start()), ways)
    if content.kind not in (NUMBER, EXPRESSION) and not (
        words and content.kind == WORDS and REGION.search(text, span[0], match.start())
    ):
        return None
    return _Candidate(clause.start, ANNOUNCED, match[0].strip(), content, clause)


def _by_value_first(text: str, span: tuple[int, int], clause: Clause, ways: Ways) -> _Candidate | None:
    """Return the value that a clause begins with and says what it is: `42 dollars is what they cost`."""
    match = _VALUE_FIRST.match(text, *span)
    if match is None:
        return None
    content = read_content(text, match.start("value"), match.end("value"), ways)
    return _Candidate(clause.start, STATED, match["verb"], content, clause) if content.kind == NUMBER else None


def _by_statement(text: str, span: tuple[int, int], clause: Clause, ways: Ways, words: bool) -> _Candidate | None:
    """Return what the last `=`, `is`, `gives` … of a clause states, or the value that the whole clause is."""
    whole = read_content(text, *span, ways)
    marks = list(_STATED.finditer(text, *span))[-40:]
    if not marks:
        bare = (whole.kind == EXPRESSION and is_formula(text, whole.start, whole.end, words)) or (
            whole.kind == NUMBER and whole.number is not None and _is_bare(text, whole)
        )
        if bare and stands_first(text, span[0], whole):
            stage = LABELLED if _EMPHASISED.match(clause.text) else STATED
            return _Candidate(
                clause.start, stage, "value alone" if whole.kind != NUMBER else LAST_NUMBER, whole, clause
            )
        return None
    if _HEDGE.search(text, *span):
        return None
    end = span[1]
    for mark in reversed(marks):
        content = read_content(text, mark.end(), end, ways, _in_formula(text, span[0], mark.start()))
        if words and content.kind == WORDS and mark["word"] and mark is marks[-1]:
            return _Candidate(clause.start, STATED, mark[0].strip(), content, clause)
        if content.kind in (NUMBER, UNDONE, EXPRESSION):
            near = mark["equals"] or mark["points"] or mark["colon"] or _is_near(text, mark.end(), content)
            if near and (words or content.kind != EXPRESSION or _DIGIT.search(text, content.start, content.end)):
                if (
                    mark["equals"]
                    and content.kind == NUMBER
                    and (other := _before_conversion(text, span, mark, content, ways))
                ):
                    content = other
                return _Candidate(clause.start, STATED, mark[0].strip(), content, clause)
        if mark["equals"]:
            if text.count("{", mark.end(), end) > text.count("}", mark.end(), end):
                return _Candidate(clause.start, STATED, "=", Content(EMPTY, end, end), clause)  # unfinished
            end = mark.start()
    return None


def _is_near(text: str, end: int, content: Content) -> bool:
    """Tell whether a value stands right behind a word that states it."""
    start = content.number.start if content.number else content.start
    return len(text[end:start].strip(" $*_`\\(:")) <= _NEAR


def _is_bare(text: str, content: Content) -> bool:
    """Tell whether a clause is nothing but a number and its unit."""
    assert content.number is not None
    before, behind = text[content.start : content.number.start], text[content.number.end : content.end]
    return not before.strip(" $(*") and len(behind) <= len(content.unit) + 6


def _in_formula(text: str, start: int, at: int) -> bool:
    return text.count("$", start, at) % 2 == 1


def _before_conversion(
    text: str, span: tuple[int, int], mark: re.Match[str], content: Content, ways: Ways
) -> Content | None:
    """Return the number of `2576 cm² = 25.76 dm²` before the one in another unit; None for any other equation."""
    if content.number is None or content.number.fraction or not (content.unit or content.number.scale):
        return None
    start = max((text.rfind(sign, span[0], mark.start()) for sign in "=≈:"), default=-1) + 1
    left = read_content(text, max(start, span[0]), mark.start(), ways)
    if left.kind != NUMBER or left.number is None or left.number.fraction:
        return None
    if len(text[left.number.end : left.end]) > len(left.unit) + 6:
        return None
    one, other = left.number.worth.value, content.number.worth.value
    return left if abs(one - other) > abs(one) / 50 else None


def _whole(text: str, span: tuple[int, int], ways: Ways) -> Content:
    """Return what a part states in all: the right side of its last equation, else itself."""
    start, end = span
    equals = [mark for mark in _STATED.finditer(text, start, end) if mark["equals"] or mark["points"]]
    for mark in reversed(equals):
        content = read_content(text, mark.end(), end, ways, _in_formula(text, start, mark.start()))
        if content.kind == EMPTY:
            end = mark.start()
            continue
        if content.kind == NUMBER and mark["equals"] and (other := _before_conversion(text, span, mark, content, ways)):
            return other
        return content
    words = [mark for mark in _STATED.finditer(text, start, end) if mark["word"] and mark.start() > start]
    for mark in reversed(words):  # `Final answer: the power is 7`
        content = read_content(text, mark.end(), end, ways)
        if content.kind == NUMBER and stands_first(text, mark.end(), content):
            return content
    colon = [mark for mark in _STATED.finditer(text, start, end) if mark["colon"]]
    if colon and (content := read_content(text, colon[-1].end(), end, ways)).kind in (NUMBER, EXPRESSION):
        return content
    return read_content(text, start, end, ways)


def _choose(candidates: Sequence[_Candidate], found: Sequence[Kind], words: bool) -> _Candidate | None:
    """Return the last valid candidate of the surest stage; what was taken back counts where nothing follows it."""
    ends = (RETRACTION,) if words else (RETRACTION, NO_VALUE)
    retracted = max((kind.clause.start for kind in found if kind.name in ends), default=-1)
    later = [item for item in candidates if item.place > retracted and not (retracted >= 0 and item.last_resort)]
    if retracted >= 0 and not any(item.content.kind in (NUMBER, EXPRESSION) for item in later):
        return None
    for last_resort, weak in ((False, False), (True, False), (False, True), (True, True)):
        group = [item for item in later if (item.last_resort, item.weak) == (last_resort, weak)]
        for stages in ((ANNOUNCED, BOXED), (LABELLED,), (STATED,), (LAST_NUMBER,)):
            if chosen := [item for item in group if item.stage in stages]:
                best = chosen[-1]
                if stages == (LAST_NUMBER,) and sum(_HEDGE.search(item.clause.text) is not None for item in chosen) > 1:
                    return None  # `maybe 3, maybe 7`
                if best.content.kind == EMPTY:
                    return None
                after = [item for item in group if item.place > best.place]
                # What nobody carried out is no answer where a number follows it.
                return after[-1] if best.content.kind == UNDONE and after else best
    return None


def _with_alternatives(text: str, chosen: _Candidate, found: Sequence[Kind], ways: Ways) -> Content:
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
    if other.kind == EXPRESSION and is_formula(text, start, following.end, False) and not found[at + 1].name in LAST:
        return Content(EXPRESSION, content.start, other.end)  # 34, 30 or 32
    if other.kind != NUMBER or other.number is None or other.number.value == content.number.value:
        return content
    if other.unit and content.unit and other.unit != content.unit:  # 357 cm², or 35700 mm²
        return content
    if _ABOUT.search(text, start, other.number.start) and _is_near_to(other.number, content.number):
        return content
    if alternative or (
        _is_bare(text, other)
        and not other.unit
        and chosen.stage != LAST_NUMBER
        and not text[start : other.number.start].strip(" $")
    ):
        return Content(EXPRESSION, content.start, other.end)
    return content


def _is_near_to(one: Number, other: Number) -> bool:
    """Tell whether a number may be another one, rounded: `-1.7069, or about -1.7`."""
    return abs(one.worth.value - other.worth.value) <= abs(other.worth.value) / 50


@lru_cache(maxsize=32)
def _label(asked: str) -> re.Pattern[str] | None:
    """Return the pattern of what names the value that a type of question asks for."""
    return _LABELS.get(asked)


def _of_label(words: str) -> re.Pattern[str]:
    english_words = "|".join(word for word in words.split("|") if word.isascii())
    chinese_words = "|".join(word for word in words.split("|") if not word.isascii())
    return re.compile(
        rf"(?P<name>{english(english_words)}|{either(chinese_words)})(?:{_GAP_EN}|[^0-9=≈:\n]{{0,12}}?)(?P<copula>{_COPULA}|有)",
        re.IGNORECASE,
    )


_LABELS = {name: _of_label(words) for name, words in LABELS.items()}
