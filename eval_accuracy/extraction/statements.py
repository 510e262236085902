"""What one clause states: the value behind a name, behind the last `=` or `is`, in a box, in a tag, or alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.tasks.boxed import last_boxed
from eval_accuracy.extraction.bounds import is_compared
from eval_accuracy.extraction.clauses import Clause
from eval_accuracy.extraction.content import (
    EMPTY,
    EXPRESSION,
    NUMBER,
    UNDONE,
    WORDS,
    Content,
    Ways,
    read_content,
    stands_first,
)
from eval_accuracy.extraction.formulas import REGION
from eval_accuracy.extraction.sentence import is_formula
from eval_accuracy.extraction.words import (
    CONCLUSION_EN,
    CONCLUSION_ZH,
    COPULA_EN,
    COPULA_ZH,
    GETS_EN,
    GETS_ZH,
    either,
    english,
)

# How sure it is that a clause states the final answer; the surest stage that a text reaches decides.
ANNOUNCED, BOXED, LABELLED, STATED, LAST_NUMBER = (
    "announced", "boxed", "labelled", "stated", "last number",
)  # fmt: skip
LAST_FORMULA = "last formula"
# So many characters may stand between a word that states a value and the value: `is the number 7`.
_NEAR = 14
# So many characters of a clause are kept, and four times as many are read.
LONGEST_CLAUSE = 400
# So many names of an answer in one clause are tried, from its end.
_MOST_NAMES = 8
# "so 7 is the final answer" -> " is the final answer"
# "7 就是答案" -> " 就是答案"
_BEHIND = re.compile(
    rf"\s?{english('is|was|being|be')}\s(?:\w+\s){{0,2}}?(?:the|our|my|its|your|this)\s(?:\w+\s){{0,3}}?(?:answers?"
    r"|(?:final|correct|required)\s(?:results?|value|number|total)|results?|solution)\b"
    r"|\s?(?<![A-Za-z])(?:is|are|was)\s(?:the\s)?(?:(?:required|desired|requested|correct|exact)\s)?(?:value|sum|difference|product"
    r"|quotient|power|root|square\sroot|mean|average|solution|area|mass|discount|sales|fraction|simplest\sform)\b"
    r"|\s?就?是(?:所求的?)?(?:和|差|积|商|幂|平方根|平均[值数]|方程的解|函数值|面积|质量|折扣(?:比例)?|今年的销售额|最简分数)(?=\s*$)"
    r"|\s?(?<![A-Za-z])(?:is|are)\s(?:the\s)?(?:correct|right|it)(?=\s*$)|\s?(?:就?是|才是)(?:正确|对)的?(?=\s*$)"
    r"|\s?(?:就?是|即?为|正是|便是|作为)(?:我们|所求|最终|最后|正确|本题|此题|题目|这道题|要求|所要求)?"
    r"(?:要?求?的)?(?:答案|结果|解|值|得数|所求)|\s?即?为?所求",
    re.IGNORECASE,
)
# A text that a program reads: `<answer>7</answer>`, `{"answer": 7}`.
# "<answer> 7 </answer>" -> {"tag": "answer", "tagged": " 7 "}
# '{"result": "7"}' -> {"quoted": "7"}
_TAGGED = re.compile(
    r"<(?P<tag>answer|final_answer|result|final|答案|结果|最终答案)>(?P<tagged>[^<]{1,200})(?:</(?P=tag)>|$)"
    r"|[\"'“](?:final[_ ]?answer|answer|result|final[_ ]?result|value|答案|结果|最终答案)[\"'”]\s?[:：]\s?"
    r"(?:[\"'“](?P<quoted>[^\"'”\n]{1,200})[\"'”]|(?P<bare>[^\"'\s,}][^,}\n]{0,100}))",
    re.IGNORECASE,
)
# "(x, y) = (3, 7)" -> "(x, y) ="
# "x = 3" -> "x ="
_NAMED_VALUE = re.compile(
    r"\s*(?:\\?[A-Za-z]{1,5}(?:_\{?[A-Za-z0-9]{1,3}\}?)?(?:\([a-z]\))?|\([a-z](?:,\s?[a-z]){1,3}\))\s?=(?![^=]*=)"
    r"(?!.*(?:\\text\s?\{\s*(?:or|and)|[,;]\s*[a-z]\s?=))"
)
# "or x " -> "x "
_NAME_BEFORE = re.compile(r"(?<![A-Za-z\\])[a-zA-Z](?:_\{?[0-9]\}?)?\s{0,2}$")
# What parts two equations.
# " = 3 or x" -> "or"
_PARTS_EQUATIONS = re.compile(r"[,;，；]|(?<![A-Za-z])(?:or|and)(?![A-Za-z])|[或和]|\\q?quad")
# Mathematics without words of prose and without dollars.
# "71t + C" -> "71t + C"
_NO_PROSE = re.compile(
    r"(?=[^A-Za-z]*[\\A-Za-z!({])(?:\\[A-Za-z]+(?:\s?\{[^{}$]*\})?|\\[,;!:{} ]"
    r"|[^A-Za-z$\\\u3400-\u9fff=]|(?<![A-Za-z])[A-Za-z](?![A-Za-z]))+"
)
# What states a value within a clause; the last one that a value follows counts.
# "3 + 4 = 7" -> "="
# "that gives 7" -> "gives"
_STATED = re.compile(
    r"(?P<equals>≈|~=|≒|=(?!>)|约?等于)|(?P<points>⇒|→|->|=>|\\(?:Rightarrow|implies|approx|therefore)(?![a-z])"
    r"|∴)|(?P<colon>(?<![0-9])(?<![0-9]\s):(?!/))"
    rf"|(?P<word>{english(COPULA_EN, GETS_EN)}|"
    r"(?:(?<=\bit)|(?<=that)|(?<=there)|(?<=here)|(?<=answer)|(?<=result)|(?<=total))'s(?=\s[-+$\\(0-9])|"
    rf"{either(COPULA_ZH, GETS_ZH)}"
    rf"|^\s{{0,9}}(?:{english(CONCLUSION_EN)}|{either(CONCLUSION_ZH)}))",
    re.IGNORECASE,
)
# A hedge makes a statement a mere mention.
# "可能是 7 吧" -> "可能"
HEDGE = re.compile(r"可能|也许|大概是|或许|maybe|perhaps|possibly|might|probably|估计", re.IGNORECASE)
# "12 个" -> "1"
_DIGIT = re.compile("[0-9]")
# "42 dollars is what" -> {"value": "42 dollars ", "verb": "is"}
# "47 棵就是剩下的" -> {"value": "47 棵就", "verb": "是"}
_VALUE_FIRST = re.compile(
    r"\s{0,3}(?P<value>[-+$¥]{0,3}[0-9][^=≈a-z]{0,40}(?:\s?[a-zA-Z.]{1,12}\s){0,2}?|[-+0-9.,]+\s?[\u3400-\u9fff]{0,4}?)"
    r"(?P<verb>(?:is|are|was|were)\b(?=\s(?:what|how|the|our|all|left|needed|required|in\stotal))|就?是(?=[^0-9]{2,}$))"
)
# "$$7$$" -> "$$7$$"
_EMPHASISED = re.compile(r"^\s*(?:\*\*|\$\$|\\\[|__).{1,200}(?:\*\*|\$\$|\\\]|__)[.。]?\s*$")


# By `last_resort`, then `weak`.
_DOUBTS = ((0, 2), (1, 3), (4, 5))


@dataclass(frozen=True)
class Candidate:
    """A value that a clause states.

    Attributes:
        place: where the clause, or the tag, begins.
        stage: how sure it is that this is the final answer.
        marker: what points at the value: a name, `=`, "boxed", "last number".
        content: the value.
        clause: where it stands.
        last_resort: 1 where it stands in a reason or a condition, 2 in a check, a step or closing words: it counts
            where nothing else does.
        weak: it is one of the question's own numbers; it counts where no other number does.
        beside: it is beside the point: it counts steps, or says in how many days, or is a remark on a value.
        own: its own clause says so, not the one before it.
    """

    place: int
    stage: str
    marker: str
    content: Content
    clause: Clause
    last_resort: int = 0
    weak: bool = False
    beside: bool = False
    own: bool = True

    @property
    def doubt(self) -> int:
        """How doubtful it is that this is the answer, whatever its stage; the least doubtful candidates decide."""
        return _DOUBTS[self.last_resort][self.weak] + 10 * self.beside


def of_programs(text: str, ways: Ways) -> Iterator[Candidate]:
    """Yield answers in tags or JSON."""
    if "<" not in text and '"' not in text and "“" not in text and "'" not in text:
        return
    for match in _TAGGED.finditer(text):
        name = next(name for name in ("tagged", "quoted", "bare") if match[name])
        start, end = match.span(name)
        if _NO_PROSE.fullmatch(text, start, end):
            content = read_content(text, start + len(text[start:end]) - len(text[start:end].lstrip()), end, ways, True)
        else:
            content = read_whole(text, (start, end), ways)
        if content.kind != EMPTY:
            clause = Clause(match[0], match.start(), match.end(), "")
            yield Candidate(match.start(), ANNOUNCED, match["tag"] or "JSON", content, clause)


def boxed(text: str, clause: Clause, ways: Ways) -> Candidate | None:
    """Return what the last box of a clause holds; one that is not finished holds what there is."""
    box = last_boxed(text[clause.start : clause.end])
    if box is None:
        return None
    start = text.rfind(box.content, clause.start, clause.end) if box.content else clause.end
    if not box.content:
        return Candidate(clause.start, BOXED, "boxed", Content(EMPTY, clause.end, clause.end), clause)
    content = read_content(text, start, start + len(box.content), ways._replace(fractions=True), mathematical=True)
    if named := _NAMED_VALUE.match(box.content):
        content = read_content(
            text, start + named.end(), start + len(box.content), ways._replace(fractions=True), mathematical=True
        )
    if content.kind == UNDONE:
        content = Content(EXPRESSION, content.start, content.end)
    return Candidate(clause.start, BOXED, "boxed", content, clause)


def by_name(
    text: str, span: tuple[int, int], clause: Clause, pattern: re.Pattern[str], stage: str, ways: Ways, words: bool
) -> Candidate | None:
    """Return the value behind the last name of an answer (`答案是`) that a value follows."""
    for match in reversed(list(pattern.finditer(text, *span))[-_MOST_NAMES:]):
        content = read_whole(text, (match.end(), span[1]), ways)
        if content.kind == NUMBER and is_compared(match[0]):  # 答案至少是 7
            content = Content(EXPRESSION, content.start, content.end)
        if content.kind in (NUMBER, EXPRESSION) or (content.kind == WORDS and words):
            marker = match[0].strip(" *_`") if "=" not in text[match.end() : content.start] else "="
            return Candidate(clause.start, stage, marker, content, clause)
    return None


def by_name_behind(text: str, span: tuple[int, int], clause: Clause, ways: Ways, words: bool) -> Candidate | None:
    """Return the value before `is the answer`."""
    match = _BEHIND.search(text, *span)
    if match is None or match.start() == span[0]:
        return None
    content = read_whole(text, (span[0], match.start()), ways)
    if content.kind not in (NUMBER, EXPRESSION) and not (
        words and content.kind == WORDS and REGION.search(text, span[0], match.start())
    ):
        return None
    return Candidate(clause.start, ANNOUNCED, match[0].strip(), content, clause)


def by_value_first(text: str, span: tuple[int, int], clause: Clause, ways: Ways) -> Candidate | None:
    """Return the value that a clause begins with and says what it is: `42 dollars is what they cost`."""
    match = _VALUE_FIRST.match(text, *span)
    if match is None:
        return None
    content = read_content(text, match.start("value"), match.end("value"), ways)
    return Candidate(clause.start, STATED, match["verb"], content, clause) if content.kind == NUMBER else None


def by_statement(text: str, span: tuple[int, int], clause: Clause, ways: Ways, words: bool) -> Candidate | None:
    """Return what the last `=`, `is`, `gives` … of a clause states, or the value that the whole clause is."""
    marks = list(_STATED.finditer(text, *span))[-40:]
    if not marks:
        whole = read_content(text, *span, ways)
        bare = (whole.kind == EXPRESSION and is_formula(text, whole.start, whole.end, words)) or (
            whole.kind == NUMBER and whole.number is not None and is_bare(text, whole)
        )
        if bare and stands_first(text, span[0], whole):
            stage = LABELLED if _EMPHASISED.match(clause.text) else STATED
            return Candidate(clause.start, stage, "value alone" if whole.kind != NUMBER else LAST_NUMBER, whole, clause)
        return None
    if HEDGE.search(text, *span):
        return None
    end = span[1]
    if _has_several(text, marks, end) and _in_formula(text, span[0], marks[-1].start()):
        return Candidate(clause.start, STATED, "=", Content(EXPRESSION, *span), clause)
    for mark in reversed(marks):
        content = read_content(text, mark.end(), end, ways, _in_formula(text, span[0], mark.start()))
        if words and content.kind == WORDS and mark["word"] and mark is marks[-1]:
            return Candidate(clause.start, STATED, mark[0].strip(), content, clause)
        if content.kind in (NUMBER, UNDONE, EXPRESSION):
            near = mark["equals"] or mark["points"] or mark["colon"] or _is_near(text, mark.end(), content)
            if near and (words or content.kind != EXPRESSION or _DIGIT.search(text, content.start, content.end)):
                if (
                    mark["equals"]
                    and content.kind == NUMBER
                    and (other := _before_conversion(text, span, mark, content, ways))
                ):
                    content = other
                return Candidate(clause.start, STATED, mark[0].strip(), content, clause)
        if mark["equals"]:
            if text.count("{", mark.end(), end) > text.count("}", mark.end(), end):
                return Candidate(clause.start, STATED, "=", Content(EMPTY, end, end), clause)  # unfinished
            end = mark.start()
    return None


def _has_several(text: str, marks: list[re.Match[str]], end: int) -> bool:
    """Tell whether values of several names are given: `x = 3 or x = 7`, `a = 3, b = 7`."""
    equals = [mark for mark in marks if mark["equals"] and mark[0] == "="]
    names = [mark for mark in equals if _NAME_BEFORE.search(text, max(0, mark.start() - 12), mark.start())]
    return any(
        _PARTS_EQUATIONS.search(text, one.end(), other.start()) is not None
        for one, other in zip(names, names[1:], strict=False)
    )


def _is_near(text: str, end: int, content: Content) -> bool:
    """Tell whether a value stands right behind a word that states it."""
    start = content.number.start if content.number else content.start
    if text[content.start : start].lstrip(" $*").startswith("\\"):  # `is approximately $\mathbf{7}$`
        start = content.start
        end = start
    return len(text[end:start].strip(" $*_`\\(:")) <= _NEAR


def is_bare(text: str, content: Content) -> bool:
    """Tell whether a clause is nothing but a number and its unit."""
    assert content.number is not None
    before, behind = text[content.start : content.number.start], text[content.number.end : content.end]
    return not before.strip(" $(*") and len(behind) <= len(content.unit) + 6


def _in_formula(text: str, start: int, at: int) -> bool:
    opened = any(
        text.count(left, start, at) > text.count(right, start, at) for left, right in (("\\(", "\\)"), ("\\[", "\\]"))
    )
    return opened or text.count("$", start, at) % 2 == 1


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
    scaled = bool(left.unit) and left.number.scale != content.number.scale  # 59.94 万元 = 599400 元
    return left if scaled or abs(one - other) > abs(one) / 50 else None


def read_whole(text: str, span: tuple[int, int], ways: Ways) -> Content:
    """Return what a part states in all: the right side of its last equation, else itself."""
    start, end = span
    marks = list(_STATED.finditer(text, start, end))
    if _has_several(text, marks, end):
        return Content(EXPRESSION, start, end)
    for mark in reversed([mark for mark in marks if mark["equals"] or mark["points"]]):
        content = read_content(text, mark.end(), end, ways, _in_formula(text, start, mark.start()))
        if content.kind == EMPTY:
            end = mark.start()
            continue
        if content.kind == NUMBER and mark["equals"] and (other := _before_conversion(text, span, mark, content, ways)):
            return other
        return content
    stated = [mark for mark in marks if mark["word"] and mark.start() > start and mark.end() <= end]
    for mark in reversed(stated):  # `Final answer: the power is 7`
        content = read_content(text, mark.end(), end, ways)
        if content.kind == NUMBER and stands_first(text, mark.end(), content):
            return content
    colon = [mark for mark in marks if mark["colon"] and mark.end() <= end]
    if colon and (content := read_content(text, colon[-1].end(), end, ways)).kind in (NUMBER, EXPRESSION):
        return content
    return read_content(text, start, end, ways)
