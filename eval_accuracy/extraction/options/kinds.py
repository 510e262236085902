"""What each clause does with an option: announces it, calls it right or wrong, supposes, asks, quotes, takes back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from eval_accuracy.extraction.options.compared import (
    all_but,
    compares,
    concedes,
    concludes,
    conditional,
    likewise,
    subject_ends,
    surely,
)
from eval_accuracy.extraction.options.marks import OPTION, PHRASE, QUOTED, letters_in, readable
from eval_accuracy.extraction.options.parts import Clause, Part, Sentence
from eval_accuracy.extraction.options.patterns import (
    ACTUALLY,
    ALSO,
    ANSWER_SAID,
    BAD,
    BECAUSE,
    BUT_HEADS,
    CHOOSE,
    CHOSEN,
    CONTRAST,
    FALSE,
    FILL,
    FINAL,
    FOUND_OUT,
    GOOD,
    HEDGE,
    IS,
    IS_WRONG_ONE,
    LEAD,
    MAKES,
    NAMED_THING,
    NO_ANSWER_BEHIND,
    NONE_ELSE,
    NOT,
    NOT_HEADS,
    NOT_NEGATING,
    NOUN,
    OF_OTHERS,
    OF_WHICH,
    ONLY,
    OR,
    OR_ALONE,
    OR_START,
    OTHERS,
    OTHERS_RIGHT,
    PARTICLE,
    PREDICATE_BAD,
    RECONSIDERS,
    SECOND_NOT,
    SO,
    SO_HEADS,
    SUPPOSE,
    SUPPOSE_HEADS,
    TAG,
    TAIL,
    TAKES_BACK,
    THAT,
    VERDICT_BAD,
    VERDICT_GOOD,
    WHY,
    WRONG_ONE_SAID,
    YES,
)

Kind = Literal[
    "final", "announced", "stated", "right", "bare", "reason",
    "wrong", "supposed", "asked", "others", "others right", "quoted", "mentioned",
    "taken back", "reconsidered", "actually", "but",
]  # fmt: skip
# Those that name an answer, the strongest first; of the same strength: "stated" and "right".
NAMING: tuple[Kind, ...] = ("final", "announced", "stated", "right", "bare", "reason")


@dataclass(frozen=True)
class Naming:
    """What a clause does with an option.

    Attributes:
        kind: what it does.
        mark: the character of the letter or letters; "" where it names none.
        clause: its text, letters readable.
        sentence: the number of its sentence.
        concludes: a word such as "so" leads to it.
        phrase: it is the contest's own sentence.
        false: the option is called false (not merely put aside).
        own: the option's own text stood behind the letter.
        only: "only" stands before it.
        hedged: "may" or "perhaps" stands before it.
        whole: the sentence is nothing else.
        conditional: a condition stands before it (`if the question asked for …`).
    """

    kind: Kind
    mark: str = ""
    clause: str = ""
    sentence: int = 0
    concludes: bool = False
    phrase: bool = False
    false: bool = False
    own: bool = False
    only: bool = False
    hedged: bool = False
    whole: bool = False
    conditional: bool = False

    @property
    def letters(self) -> str:
        """The letters named."""
        return letters_in(self.mark) if self.mark else ""


def namings(sentences: list[Sentence], asks_wrong: bool = False) -> list[Naming]:
    """Return what the clauses of a text do with options, in their order.

    Args:
        sentences: the text, letters marked.
        asks_wrong: the question asks which statement does not hold.
    """
    found: list[Naming] = []
    item = asked = ""
    for number, sentence in enumerate(sentences):
        if asked and sentence.clauses and YES.match(sentence.clauses[0].text) and not sentence.clauses[0].parts:
            found.append(Naming("stated", asked, readable(sentence.clauses[0].text), number))
        asked = ""
        if sentence.item:
            item = sentence.item
        elif sentence.first and any(clause.parts for clause in sentence.clauses):
            item = ""
        own = _of_sentence(sentence, number, item, asks_wrong, found[-1:])
        if (
            own
            and found
            and found[-1].kind in NAMING
            and _goes_on(sentence)
            and (
                own[0].kind in NAMING
                or own[0].kind == "mentioned"
                and OR_ALONE.match(sentence.clauses[0].parts[0].before)
            )
        ):
            found[-1] = _both(found[-1], own[0])
            continue
        found += own
        marks = {naming.mark for naming in own if naming.kind == "asked"}
        asked = marks.pop() if len(marks) == 1 else ""
    return found


def _of_sentence(
    sentence: Sentence, number: int, item: str, asks_wrong: bool, earlier: Sequence[Naming]
) -> list[Naming]:
    found: list[Naming] = []
    supposed = condition = False
    clauses = sentence.clauses
    if sentence.item:
        found.append(_of_item(sentence, number))
        clauses = clauses[1:]
    lone = not any(clause.parts for clause in clauses)
    if not sentence.item and item and lone and clauses and (verdict := _verdict_of(clauses)):
        found.append(_said(verdict, item, clauses[0].text, number))
    for clause in clauses:
        condition = conditional(clause) or (condition and clause.head not in (*SO_HEADS, *BUT_HEADS))
        if not clause.parts:
            if not (item and lone and _verdict(clause.text)):
                found += _without_letter(clause, number, asks_wrong and not found, found)
            continue
        if clause.head in SO_HEADS or concludes(clause):
            supposed = condition = False
        if clause.head in BUT_HEADS:
            found.append(Naming("but", clause=readable(clause.text), sentence=number))
            supposed = False
        if reconsiders := _reconsidering(clause.parts[0].before, number):
            found.append(reconsiders)
        for place, part in enumerate(clause.parts):
            naming = _of_part(clause, place, part, sentence, asks_wrong, number)
            if naming.kind in NAMING:
                said = [*earlier, *found]
                if likewise(clause, part.before) and (not said or said[-1].kind in ("wrong", "others")):
                    naming = replace(naming, kind="wrong" if said else "others")
                elif supposed:
                    naming = replace(naming, kind="supposed")
                naming = replace(naming, conditional=condition)
            supposed = supposed or naming.kind == "supposed"
            last = next((at for at in reversed(range(len(found))) if found[at].kind in NAMING), None)
            if last is not None and naming.kind in (*NAMING, "mentioned") and _joins(clause, part):
                found[last] = _both(found[last], naming)
                continue
            found.append(naming)
    if len(found) == 1 and len(sentence.clauses) == 1:
        found[0] = replace(found[0], whole=True)
    return found


def _goes_on(sentence: Sentence) -> bool:
    """Tell whether a sentence names another letter beside that of the sentence before (`B. Or C.`)."""
    parts = sentence.clauses[0].parts if sentence.clauses else ()
    if not parts or sentence.item:
        return False
    return OR_ALONE.match(parts[0].before) is not None or ALSO.search(f"{parts[0].before} {parts[0].after}") is not None


def _of_item(sentence: Sentence, number: int) -> Naming:
    """Return what a point of a list says of its option: its verdict on it, else nothing."""
    said = sentence.clauses[1:]
    text = readable("".join(clause.text for clause in sentence.clauses[:2]))
    own = QUOTED in sentence.clauses[0].text
    free = [clause for clause in said if not clause.parts]
    if said and len(free) == len(said) and (verdict := _verdict_of(said)):
        return _said(verdict, sentence.item, text, number)
    return Naming("quoted", sentence.item, text, number, own=own)


def _said(verdict: str, mark: str, text: str, number: int) -> Naming:
    return Naming("right" if verdict == "right" else "wrong", mark, readable(text), number, false=verdict == "wrong")


def _verdict_of(clauses: Sequence[Clause]) -> str:
    """Return the verdict that the first or the last of some clauses gives."""
    return _verdict(clauses[0].text) or _verdict(clauses[-1].text)


def _verdict(text: str) -> str:
    if VERDICT_BAD.match(text):
        return "wrong"
    return "right" if VERDICT_GOOD.match(text) else ""


def _both(one: Naming, other: Naming) -> Naming:
    return replace(one, mark=chr(ord(one.mark) | ord(other.mark)), clause=f"{one.clause} … {other.clause}")


def _joins(clause: Clause, part: Part) -> bool:
    """Tell whether a letter is named beside the one before it: `B town or C`, `B, or maybe C`."""
    if GOOD.match(part.after) and not OR_START.match(part.before):
        return False
    if part.joint:
        return OR.match(part.before) is not None or OR_START.match(part.before) is not None
    if clause.head == "so" and part.before == "is":  # and so is C
        return True
    return clause.head in (",", "，", "(", *BUT_HEADS) and OR_START.match(part.before) is not None


def _without_letter(clause: Clause, number: int, asks_wrong: bool, found: Sequence[Naming]) -> list[Naming]:
    """Return what a clause without a letter says of the one before it in its sentence, or of all that was said."""
    if OTHERS_RIGHT.search(clause.text):
        return [Naming("others right", clause=readable(clause.text), sentence=number)]
    if found and found[-1].kind == "supposed" and _verdict(clause.text) == "right":
        return [Naming("right", found[-1].mark, readable(clause.text), number)]
    if found and found[-1].mark:
        if CHOSEN.match(clause.text):
            return [Naming("stated", found[-1].mark, readable(clause.text), number)]
        if (clause.head in BUT_HEADS or clause.head in (",", "，", ")")) and (
            PREDICATE_BAD.match(clause.text) or (clause.head in BUT_HEADS and VERDICT_BAD.match(clause.text))
        ):
            return [Naming("wrong", found[-1].mark, readable(clause.text), number, false=True)]
    if TAKES_BACK.match(clause.text) and not OF_OTHERS.search(clause.text) and not asks_wrong:
        return [Naming("taken back", clause=readable(clause.text), sentence=number)]
    reconsidering = _reconsidering(clause.text, number)
    return [reconsidering] if reconsidering else []


def _reconsidering(text: str, number: int) -> Naming | None:
    if not (match := RECONSIDERS.match(text)):
        return None
    kind: Kind = "actually" if ACTUALLY.match(text) else "but" if CONTRAST.match(text) else "reconsidered"
    return Naming(kind, clause=readable(match[0]), sentence=number)


def _of_part(clause: Clause, place: int, part: Part, sentence: Sentence, asks_wrong: bool, number: int) -> Naming:
    kind, false = _kind(clause, place, part, sentence, asks_wrong)
    before = part.before
    return Naming(
        kind,
        part.mark,
        readable(clause.text),
        number,
        concludes=clause.head in SO_HEADS
        or (clause.head in BUT_HEADS and not ALSO.search(part.after))
        or SO.search(before) is not None,
        phrase=before.endswith(PHRASE),
        false=false,
        own=f"{part.mark}{QUOTED}" in clause.text,
        only=ONLY.search(before) is not None,
        hedged=HEDGE.search(before) is not None,
    )


def _kind(clause: Clause, place: int, part: Part, sentence: Sentence, asks_wrong: bool) -> tuple[Kind, bool]:
    """Return what a clause does with one of its letters, and whether it calls it false."""
    before, after = NOT_NEGATING.sub(" ", part.before), part.after
    if place + 1 < len(clause.parts) and (SECOND_NOT.match(after) or OR.match(after)):
        after = ""
    rest = "".join(other.text for other in sentence.clauses[sentence.clauses.index(clause) + 1 :])
    if left := all_but(before, after if place + 1 == len(clause.parts) else "", rest):
        return ("stated" if (left == "right") is not asks_wrong else "wrong"), False
    if sentence.asks and not TAG.match(sentence.clauses[-1].text):
        return ("stated" if WHY.match(before) else "asked"), False
    if clause.head in NOT_HEADS or (part.joint and SECOND_NOT.match(before)):
        return "wrong", False
    if before == "首选" and any(other.text.startswith(("其次", "次选")) for other in sentence.clauses):
        return "stated", False
    if concedes(before):
        return "others", False
    if SUPPOSE.search(before, max(0, _last(FOUND_OUT, before))) or clause.head in SUPPOSE_HEADS:
        return ("wrong" if BAD.match(after) else "supposed"), False
    if (relation := compares(clause, place)) and not NOT.search(before if not part.joint else ""):
        return ("stated" if relation == "above" else "wrong"), False
    if OTHERS.search(before) or NO_ANSWER_BEHIND.match(after):
        return "others", False
    kept = NOT_NEGATING.sub(" ", after)
    if asks_wrong and IS_WRONG_ONE.search(before):
        return "announced", False
    if NONE_ELSE.match(after):
        return "announced" if NOUN.search(before) else "stated", False
    if NOT.search(before):
        if asks_wrong and OF_WHICH.search(before):
            return "announced", False
        return "wrong", False
    if asks_wrong and WRONG_ONE_SAID.match(kept):
        return "stated", False
    if BAD.match(kept):
        return "wrong", FALSE.search(kept) is not None
    kind = _positive(before, after, clause, place)
    if kind in ("right", "stated", "bare") and clause.head in BECAUSE:
        kind = "reason"
    return kind, False


def _positive(before: str, after: str, clause: Clause, place: int) -> Kind:
    """Return how strongly a clause names a letter that it neither supposes nor denies."""
    if _leads_on(_last(NOUN, before), before):
        return "final" if FINAL.search(before) else "announced"
    if before.endswith(PHRASE):
        return "announced"
    if _leads_on(_last(CHOOSE, before), before):
        if FINAL.search(before):
            return "final"
        return "announced" if SO.search(before) or clause.head in SO_HEADS else "stated"
    if OF_WHICH.search(before):
        return "announced"
    if MAKES.search(before) and VERDICT_GOOD.match(after):
        return "right"
    if ONLY.search(before[-6:]) and after and _only(LEAD, before):
        return "right"
    good = GOOD.match(after)
    if good and (_only(LEAD, before) or before.endswith(OPTION) or THAT.search(before) or subject_ends(before)):
        return "stated" if ANSWER_SAID.match(after) else "right"
    if surely(before, after):
        return "right"
    if (_only(LEAD, before) or NAMED_THING.match(before)) and (PARTICLE.match(after) or _only(TAIL, after)):
        if clause.head in BUT_HEADS or before.strip(f"{OPTION} "):
            return "stated"
        return "mentioned" if _amid_others(clause, place) else "bare"
    return "mentioned"


def _amid_others(clause: Clause, place: int) -> bool:
    """Tell whether other letters stand directly beside a letter."""
    here, behind = clause.parts[place], clause.parts[place + 1 : place + 2]
    return (here.joint and not here.before) or any(not other.before for other in behind)


def _leads_on(end: int, before: str) -> bool:
    """Tell whether what follows a noun that announces leads to the letter behind it."""
    if end < 0:
        return False
    if _only(FILL, before, end):
        return True
    rest = before[: end + 70]
    return any(_only(FILL, before, verb.end()) for verb in IS.finditer(rest, end))


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Return where the last match ends; -1 where there is none."""
    end = -1
    for match in pattern.finditer(text):
        end = match.end()
    return end


def _only(pattern: re.Pattern[str], text: str, at: int = 0) -> bool:
    """Tell whether a text is matches of a pattern one after the other, and nothing else."""
    while at < len(text):
        match = pattern.match(text, at)
        if match is None or match.end() == at:
            return False
        at = match.end()
    return True
