"""The end of a long text, where it announces the answer: what stands before it then cannot change what is read."""

from __future__ import annotations

import re

from eval_accuracy.extraction.candidates import Asked, candidates, has_rivals, leaves_open
from eval_accuracy.extraction.clauses import split
from eval_accuracy.extraction.content import EXPRESSION, NUMBER
from eval_accuracy.extraction.found import Found, found_of
from eval_accuracy.extraction.kinds import NO_VALUE, REFUSAL, RETRACTION, SUPPOSITION, WRONG, kinds
from eval_accuracy.extraction.statements import ANNOUNCED, BOXED, HEDGE, of_programs

# So many of the last lines may hold the announcement.
_MOST_LINES = 6
# What a line with an announcement holds, most likely; another line only takes the longer way.
# "The Answer is 7" -> "Answer"
# "答案：7" -> "答案"
_NAMES_ANSWER = re.compile(
    r"####|\\f?box|答案|答[:：]|最终|最后|正确|所求|结果|answer|\bans\b|final|correct|required", re.IGNORECASE
)
# Kinds whose clauses bear on others.
_BEARING = frozenset({SUPPOSITION, WRONG, RETRACTION, REFUSAL, NO_VALUE})
# What the next clause may go on a value behind: `7, or 8`.
_LISTING = (",", "，", "、", ";")


def read_ending(text: str, same: str, asked: Asked) -> Found | None:
    """Return the answer that the last lines of a text announce; None where the whole text must be read.

    It is what `reader.read_all` returns. Of all that a text announces outright the last counts, whatever stands before
    it. Only three things before a line reach into it: a check that goes on, which a statement becomes part of but an
    announcement does not; a name of the answer left open, which counts only where a clause names none itself; and
    answers that are numbered. Where one of the last two could bear on the lines, or tags and JSON do, or a clause of
    the lines bears on others, the answer is None.

    Args:
        text: the model's own text.
        same: the same as plain text (`numbers.plain`) without marks, every character in its place.
        asked: what is known of the question.
    """
    start = _first_line(same)
    if not start or has_other_answers(same, asked):
        return None
    found = kinds(split(same, start), asked.text)
    if any(kind.name in _BEARING for kind in found):
        return None
    sure = [item for item in candidates(same, found, asked) if item.stage in (ANNOUNCED, BOXED)]
    if not sure:
        return None
    best = sure[-1]
    if not best.own or best.content.kind not in (NUMBER, EXPRESSION) or HEDGE.search(best.clause.text):
        return None
    at = next(place for place, kind in enumerate(found) if kind.clause is best.clause)
    behind = found[at + 1 :]
    if any(leaves_open(kind) for kind in behind) or (behind and behind[0].clause.before in _LISTING):
        return None
    return found_of(text, best, best.content)


def has_other_answers(same: str, asked: Asked) -> bool:
    """Tell whether a text has answers that are numbered, or stand in tags or JSON."""
    return has_rivals(same) or any(of_programs(same, asked.ways))


def _first_line(text: str) -> int:
    """Return where the last line begins that may announce the answer; 0 where none of the last lines does."""
    end = len(text.rstrip())
    for _ in range(_MOST_LINES):
        start = text.rfind("\n", 0, end) + 1
        if start == 0 or _NAMES_ANSWER.search(text, start, end):
            return start
        end = start - 1
    return 0
