"""A marked text as its sentences and clauses: what is said before and behind each letter."""

from __future__ import annotations

import re
from dataclasses import dataclass

from eval_accuracy.extraction.options.marks import ITEM, QUOTED, T

# So many sentences of a text are looked at, half of them from its end.
MOST_SENTENCES = 240
_LONGEST_CLAUSE = 400

# "B. It is" -> "."
# "选B。A错" -> "。"
_END = re.compile(
    rf"(?:[.!](?=\s|\Z|[\"'”’)\]】]|[\u3400-\u9fff]|{T})|[?。！？;；])[.!?。！？\"'”’)\]】]{{0,5}}|\n"
    # No mark between a letter and the next sentence.
    rf"|(?<=[\ue001-\ue3ff{QUOTED}])[ ](?=(?:I\s(?:hope|am|have|chose|believe)|Thanks?|The|This|It|That|Because|"
    rf"Here|Explanation|Reason|Note|Let|Hope|In|We|You|Please)\b|{T}\s?(?:(?:is|was)\b|项?错|项?不)|[解分]析|"
    rf"理由|说明)"
)
# Marks and conjunctions that part clauses.
# "B, so" -> ","
# "B because A" -> " because"
_CUT = re.compile(
    rf"[,，()|{{}}{ITEM}]|(?:\s[-–—]{{1,2}}\s|[—–]{{1,2}}|…{{1,3}}|\.{{3}})|:\s(?=(?i:the|i|it|it's|so|my|then|choose|pick|select|therefore|not)\b|{T}\sit\sis\b)|"
    rf"\s(?i:because|since|(?<!thing )(?<!all )(?<!none )(?<!option )(?<!one )(?<!choice )but|"
    rf"(?<!not )yet|however|while|"
    rf"whereas|although|though|so|"
    rf"(?<!\bis )(?<!\bbe )(?<!\bare )(?:therefore|thus|hence)|"
    r"consequently|instead\sof|rather\sthan|as\sopposed\sto|even\sthough|given\sthat|due\sto)\b(?!\s(?:far|called|"
    r"much|many)\b)"
    rf"|\sas\s(?={T})|\s(?i:and)\s(?={T}\s?(?:is|was|isn|has|does|fits|fails)\b)|因为|由于|(?<!之)所以|因此|"
    rf"因而|但是?|然而|不过|"
    rf"而不是|而非|而是|虽然|尽管|如果|可见|而(?=\s?(?:{T}|选))"
)
# "\ue002 is" -> "\ue002"
_MARK = re.compile(T)
_QUESTION = ("?", "？")


@dataclass(frozen=True)
class Part:
    """A letter, or several, within its clause.

    Attributes:
        mark: the character that stands for it (`marks.letters_in`).
        before: the clause up to it, after an earlier letter.
        after: the clause behind it, up to the next letter.
        joint: the clause before it begins with an earlier letter.
    """

    mark: str
    before: str
    after: str
    joint: bool = False


@dataclass(frozen=True)
class Clause:
    """A part of a sentence.

    Attributes:
        text: its text, without the mark that parts it from the next.
        parts: one for each letter in it.
        head: what parts it from the clause before: a mark or a conjunction; "" at the start of a sentence.
    """

    text: str
    parts: tuple[Part, ...]
    head: str = ""


@dataclass(frozen=True)
class Sentence:
    r"""A sentence, or a line without an end.

    Attributes:
        clauses: its clauses, without empty ones.
        end: the mark that ends it; a line break as "\n".
        item: it is a point of a list that begins with a letter, and this is the letter's mark.
        line: the number of its line.
        first: it is the first of its line.
    """

    clauses: tuple[Clause, ...]
    end: str
    item: str = ""
    line: int = 0
    first: bool = False

    @property
    def asks(self) -> bool:
        """Whether it is a question."""
        return self.end.startswith(_QUESTION) or self.end.rstrip("\"'”’)").endswith(_QUESTION)


def sentences(text: str) -> list[Sentence]:
    """Return the sentences of a marked text; of a very long one those at its start and at its end."""
    found: list[tuple[int, int, str, int, bool]] = []
    start = line = 0
    first = True
    for end in _END.finditer(text):
        found.append((start, end.start(), end[0], line, first))
        start, first = end.end(), False
        if end[0] == "\n":
            line, first = line + 1, True
    found.append((start, len(text), "", line, first))
    found = [
        one for one in found if not text[one[0] : one[1]].isspace() and one[0] < one[1] or one[2] not in ("", "\n")
    ]
    if len(found) > MOST_SENTENCES:
        found = found[: MOST_SENTENCES // 2] + found[-MOST_SENTENCES // 2 :]
    return [_sentence(text[start:stop], mark, line, first) for start, stop, mark, line, first in found]


def _sentence(text: str, end: str, line: int, first: bool) -> Sentence:
    clauses: list[Clause] = []
    start, head = 0, ""
    for cut in _CUT.finditer(text):
        _add(clauses, text[start : cut.start()], head)
        start, head = cut.end(), cut[0].strip().lower()
    _add(clauses, text[start:], head)
    stripped = text.lstrip()
    item = stripped[:1] if ITEM in stripped[1:3] else ""
    return Sentence(tuple(clauses), end, item, line, first)


def _add(clauses: list[Clause], text: str, head: str) -> None:
    text = text.strip()[-_LONGEST_CLAUSE:]
    if text or head == ITEM:
        clauses.append(Clause(text, _parts(text), head))


def _parts(text: str) -> tuple[Part, ...]:
    marks = list(_MARK.finditer(text))
    edges = [0, *(mark.end() for mark in marks)]
    stops = [*(mark.start() for mark in marks[1:]), len(text)]
    return tuple(
        Part(mark[0][0], text[edge : mark.start()].strip(), text[mark.end() : stop].strip(), joint=edge > 0)
        for mark, edge, stop in zip(marks, edges, stops, strict=False)
    )
