"""A text as its clauses: what stands between line breaks, sentence ends, commas, brackets with words, conjunctions."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Only so many clauses, counted from the end, are looked at.
MOST_CLAUSES = 120
# An opening mark, or what may end a clause. `$…$` and brackets keep what is in them together.
# "(2, 3). Next" -> "("
_TOKEN = re.compile(
    r"\$\$|\$|\\[()\[\]]|[()\[\]{}【】「」]|[。！？；;，|]|:(?=\s[A-Za-z]{2}|\s?[\u3400-\u9fff])|(?:(?<!\.)(?<!\bi\.e)(?<!\be\.g)(?<!approx)(?<!d\.p)\."
    r"|[,!?])(?=\s|$|[\"'*”’）)】\u3400-\u9fff])|、(?=[^\s0-9+\\-])"
    r"|(?<=\S) (?=[你您请注希如复检验另谢祝以][\u3400-\u9fff:])"
    r"|(?<=[\u3400-\u9fff]) (?=[^\W0-9A-Za-z_或和与及到至还是负負为等约][\u3400-\u9fff]{2})"
)
# "$5$ and" -> "$5$"
_IN_DOLLARS = re.compile(r"\$(?!\s)[^$]{1,300}?(?<![\s\\])\$(?![0-9])")
# What begins a clause of its own without a mark before it.
# "12 because 3 + 4 = 7" -> "because "
# "是7因为" -> "因为"
_CONJUNCTION = re.compile(
    r"(?<![A-Za-z\\])(?:(?<=\s)(?:because|(?<!is\s)(?<!are\s)(?<!was\s)(?<!be\s)(?:so|thus|hence|therefore)|(?<!anything\s)(?<!nothing\s)(?<!all\s)"
    r"(?<!none\s)but|whereas|which(?=\s(?:equals|comes|corresponds|converts|means))|(?:rather|other)\sthan|instead\sof|not\sto\sbe\s"
    r"confused\swith)\s|and\s(?:[a-z]+ly\s)?not\s|(?<=[0-9)%}$*.]\s)(?:since|not|as\sopposed\sto)\s)"
    r"|(?:(?<=mistake)|(?<=error)|(?<=wrong)|(?<=correction)|(?<=不对)|(?<=错了)|(?<=更正)|(?<=有误)|(?<=一下)):"
    r"|(?<!是)因为|由于|(?<!之)所以|因此|因而|[但可]是(?=[^\s0-9])|而不是|而非|并非|其中(?=[^\s0-9])|∴|∵",
    re.IGNORECASE,
)
# "12 for n = 3" -> "for n ="
# "13，当 x = 2" -> "当 x ="
_CONDITION = re.compile(
    r"(?:(?<=\s)(?:for|when|where|if|at|with|given|as|under|using|taking|once)\s|当|在(?=\s?[a-z]\s?=)|若|如果"
    r"|取(?=\s?[a-z]))"
    r"[^=≈0-9]{0,24}[=≈]",
    re.IGNORECASE,
)
# "12 when the first number is 3" -> "when "
_SUBORDINATE = re.compile(
    r"(?<=\s)(?:when(?:ever)?|wherever|as\slong\sas|so\slong\sas|where|if|provided|assuming|once"
    r"|unless|although|though|while|whereas|given\sthat)\s",
    re.IGNORECASE,
)
# A bracket that holds nothing but mathematics belongs to its clause; one with words is a remark.
# "3个加4个" -> "个"
# "rounded" -> "ro"
# "x = 8" -> "="
_REMARK = re.compile(
    r"(?<!\\)(?<![\\A-Za-z])(?!or\b|and\b|mod\b|sin|cos|tan|log|ln\b|pi\b|sqrt)[A-Za-z]{2}|[\u3400-\u9fff]|[=≈]"
    r"|\b[A-Za-z]\.[A-Za-z]\."
)
# "2, 3" -> "2"
_DIGIT = re.compile(r"[0-9]")
# What a list begins its points with, and headings: `1. `, `(2) `, `Step 3:`, `步骤 1`, `## `.
# "  2) then" -> "  2) "
# "步骤 1" -> "步骤 1"
_ENUMERATOR = re.compile(
    r"\s{0,20}(?:#{1,6}\s+(?=[^\s0-9+$-])|>\s+|[•*+]\s+"
    r"|\*{0,2}(?:(?:[Ss]tep|步骤|第)\s{0,2}(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})\s{0,2}[步]?"
    r"\*{0,2}(?:\s{0,2}[.:)、]\*{0,2}|(?=\s|，|,|$))\s{0,3}|\(?[0-9]{1,2}(?:[.)](?=\s+\S)|、)\s{0,3}))"
)
# "## Step 2: Work" -> "## "
_HEADING = re.compile(r"\s{0,9}#{1,6}\s+(?=[^\s0-9+$-])")
# A line of arithmetic, the commonest line, is one clause: it holds no mark that parts, and begins with none of a list.
# "(2 + 0.3) * 4 = 9.2" -> "(2 + 0.3) * 4 = 9.2"
_PLAIN_LINE = re.compile(
    r" {0,9}(?=[-0-9√(])(?!\([0-9]{1,2}\) )(?:[-+*/×÷=^√≈<>0-9 ]|\.(?=[0-9])|\((?:[-+*/×÷^√0-9 ]|\.(?=[0-9])){1,90}\))+"
)
# "for n" -> "fo"
_WORD = re.compile("[A-Za-z]{2}")
_PAIRS = {"(": ")", "[": "]", "{": "}", "【": "】", "「": "」", "\\(": "\\)", "\\[": "\\]"}
_CLOSING = frozenset(_PAIRS.values())


@dataclass(frozen=True)
class Clause:
    """A part of a text.

    Attributes:
        text: its plain text; a bracketed remark within it, which is a clause of its own, is blank here.
        start, end: where it stands in the text, `end - start == len(text)`.
        before: what separates it from what precedes: "" at the start of the text, a line break ("#": before a heading),
            a mark, "(" for a bracketed remark, or the conjunction it begins with.
        after: the mark that ends it; "" where there is none.
    """

    text: str
    start: int
    end: int
    before: str
    after: str = ""


def split(text: str, start: int = 0) -> list[Clause]:
    """Return the last clauses of a plain text (`numbers.plain`), in their order; remarks follow what they stand in.

    Args:
        text: the text.
        start: the beginning of the first line to look at.

    `3 + 4 = 7 (rounded), so x = 7` gives `3 + 4 = 7`, `rounded` and `so x = 7`.
    """
    lines: list[list[Clause]] = []
    end, count = len(text), 0
    while end >= start and count < MOST_CLAUSES:
        begin = text.rfind("\n", 0, end) + 1
        if not text[begin:end].isspace() and begin < end:
            found = _of_line(text, begin, end)
            lines.append(found)
            count += len(found)
        end = begin - 1
    return [clause for line in reversed(lines) for clause in line]


def _of_line(text: str, start: int, end: int) -> list[Clause]:
    """Split one line."""
    if _PLAIN_LINE.fullmatch(text, start, end):
        return [Clause(text[start:end], start, end, "\n" if start else "", "\n" if end < len(text) else "")]
    clauses: list[Clause] = []
    before = "#" if _HEADING.match(text, start, end) else "\n" if start else ""
    while (point := _ENUMERATOR.match(text, start, end)) and point.end() > start:
        start = point.end()
    remarks: list[tuple[int, int]] = []
    at = begin = start
    while token := _TOKEN.search(text, at, end):
        mark, at = token[0], token.end()
        if mark == "$":
            if inside := _IN_DOLLARS.match(text, token.start(), end):
                at = inside.end()
        elif mark == "$$":
            closing = text.find("$$", at, end)
            at = closing + 2 if closing > 0 else at
        elif mark in _PAIRS:
            closing = _closing(text, token.start(), end)
            if closing < 0:
                continue
            inner, at = at, closing + len(_PAIRS[mark])
            if mark in "([【「" and _is_remark(text, token.start(), inner, closing):
                remarks.append((token.start(), at))
        elif mark not in _CLOSING and _parts_here(text, mark, start, begin, token.start()):
            _add(clauses, text, (begin, token.start()), remarks, before, mark)
            begin, before, remarks = at, mark, []
    _add(clauses, text, (begin, end), remarks, before, "\n" if end < len(text) else "")
    return clauses


def _parts_here(text: str, mark: str, start: int, begin: int, at: int) -> bool:
    """Tell whether a mark ends a clause: `|` in rows of tables alone, a colon only where a number stands before it."""
    if mark == "|":
        return text[start] == "|"
    return mark != ":" or _DIGIT.search(text, begin, at) is not None


def _closing(text: str, start: int, end: int) -> int:
    """Return where the bracket that opens at `start` closes, at most 400 characters on; -1 where it does not."""
    opening = text[start : start + 2] if text[start] == "\\" else text[start]
    closing, depth = _PAIRS[opening], 0
    if len(opening) == 2:
        return text.find(closing, start + 2, end)
    for at in range(start, min(end, start + 400)):
        depth += (text[at] == opening) - (text[at] == closing)
        if depth == 0:
            return at
    return -1


def _is_remark(text: str, opening: int, start: int, end: int) -> bool:
    if start >= end or text[opening - 1 : opening] in ("\\", "{", "^", "_"):
        return False
    return _REMARK.search(text, start, end) is not None or (
        text[opening] in "【「" and _DIGIT.search(text, start, end) is None
    )


def _add(
    clauses: list[Clause], text: str, place: tuple[int, int], remarks: list[tuple[int, int]], before: str, after: str
) -> None:
    """Add what stands at `place`, parted at its conjunctions, and then the remarks within it."""
    start, end = place
    own = text[start:end]
    for left, right in remarks:
        own = own[: left - start] + " " * (right - left) + own[right - start :]
    formula = own.isascii() and not _WORD.search(own)  # no conjunction in it
    cuts = [] if formula else sorted({match.start() for match in _CONJUNCTION.finditer(own)} | _conditions(own))
    ahead = [remark for remark in remarks if not own[: remark[0] - start].strip(" *#")]  # 【答案】 6
    _add_remarks(clauses, text, ahead)
    edges = [0, *(cut for cut in cuts if cut > 0), len(own)]
    for left, right in zip(edges, edges[1:], strict=False):
        part = own[left:right]
        if not part.isspace() and part:
            word = _CONJUNCTION.match(own, left) if left else None
            sign = before if not left else (word[0].strip().lower() if word else "condition")
            clauses.append(Clause(part, start + left, start + right, sign, after if right == len(own) else ""))
    _add_remarks(clauses, text, [remark for remark in remarks if remark not in ahead])


def _add_remarks(clauses: list[Clause], text: str, remarks: list[tuple[int, int]]) -> None:
    for left, right in remarks:
        inner = text[left + 1 : right - 1]
        if not inner.isspace():
            clauses.append(Clause(inner, left + 1, right - 1, "(", ")"))


def _conditions(own: str) -> set[int]:
    """Return where conditions begin that follow a value: `12 for n = 3`."""
    value = _DIGIT.search(own)
    if value is None:
        return set()
    found = {match.start() for match in _SUBORDINATE.finditer(own, value.end())}
    if "=" in own or "≈" in own:
        found |= {match.start() for match in _CONDITION.finditer(own, value.end())}
    return found
