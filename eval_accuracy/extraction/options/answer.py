"""Which letter a reply ends up with, from what its clauses do with the options."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from eval_accuracy.extraction.options.kinds import NAMING, Naming

_STRENGTH = {"final": 4, "announced": 3, "stated": 2, "right": 2, "bare": 1, "reason": 0}


@dataclass(frozen=True)
class Choice:
    """The naming that decided.

    Attributes:
        naming: it; None where nothing names one letter.
        rule: why it is this one.
        several: what it was decided among names several letters, or they contradict one another.
    """

    naming: Naming | None = None
    several: bool = False
    rule: str = ""


def chosen(
    namings: Sequence[Naming], asks_wrong: bool = False, knows_options: bool = False, letters: str = ""
) -> Choice:
    """Return the answer of a text.

    What was taken back does not count; an explicit last word counts more than an announcement, that more than a
    statement, that more than a letter alone. Among equals the last counts, but for a sentence that is merely repeated
    with another letter (decoding that did not stop): there it is the first.

    Args:
        namings: what its clauses do with options.
        asks_wrong: the question asks which statement does not hold.
        letters: those of all options: a list of all is no answer.
        knows_options: the options' own texts are known: a list of others belongs to another question.
    """
    kept = _before_another_question(namings) if knows_options else list(namings)
    pointed = _with_bare_points(kept)
    standing = _standing(pointed, asks_wrong)
    if any(not naming.conditional for naming in standing):
        standing = [naming for naming in standing if not naming.conditional]
    named = [naming for naming in standing if len(letters) < 3 or naming.letters != letters]
    if _is_list([naming for naming in named if naming.kind == "bare" and naming.whole]):
        named = [naming for naming in named if naming.kind != "bare"]
    if not named:
        return Choice(_sole(kept, asks_wrong), bool(standing), "only verdict left")
    top = max(_strength(naming) for naming in named)
    best = [naming for naming in named if _strength(naming) == top]
    if top <= 2 and asks_wrong and all(naming.kind == "right" for naming in best):
        verdict = _sole(kept, asks_wrong)
        return Choice(verdict, verdict is None, "only verdict left")
    decisive = best if top > 2 else _weak(best)
    naming = _last(decisive) if decisive else None
    if naming is None or len(naming.letters) > 1 or _hedged(naming, named):
        return Choice(None, True)
    return Choice(naming, False, _why(naming, [one for one in pointed if one.kind in NAMING], named))


def _hedged(naming: Naming, named: Sequence[Naming]) -> bool:
    """Tell whether another letter is said to be possible as well."""
    return naming.hedged and any(other.hedged and other.mark != naming.mark for other in named)


def _why(naming: Naming, all_named: Sequence[Naming], standing: Sequence[Naming]) -> str:
    """Say why a naming is the answer, for those who look at single verdicts."""
    if len(_marks(all_named)) == 1:
        return "one letter named"
    if len(all_named) > len(standing) and len(_marks(standing)) == 1:
        return "others taken back"
    rivals = [other for other in standing if other.mark != naming.mark]
    return "last word" if any(_strength(other) == _strength(naming) for other in rivals) else "surest naming"


def _strength(naming: Naming) -> int:
    if naming.phrase:
        return 4
    if naming.kind == "bare" and naming.whole and naming.sentence == 0:
        return 3
    return _STRENGTH[naming.kind]


def _weak(best: list[Naming]) -> list[Naming] | None:
    """Return the namings among weak ones that decide; None where they contradict one another."""
    if best[0].kind == "bare" and best[0].sentence == 0:
        return best[:1]
    single = [place for place, naming in enumerate(best) if len(naming.letters) == 1]
    if single:  # A or B; rather B
        best = [naming for place, naming in enumerate(best) if place in single or place > single[-1]]
    if len(_marks(best)) > 1 and (chosen := [naming for naming in best if naming.kind == "stated"]):
        best = chosen
    if len(_marks(best)) > 1 and (concluding := [naming for naming in best if naming.concludes]):
        best = concluding[-1:]
    return best if len(_marks(best)) == 1 else None


def _is_list(best: Sequence[Naming]) -> bool:
    """Tell whether letters alone go up from A one after the other: the options, gone through."""
    return len(best) > 2 and "".join(naming.letters for naming in best[:3]) == "ABC"


def _marks(namings: Iterable[Naming]) -> set[str]:
    return {naming.mark for naming in namings}


def _last(best: list[Naming]) -> Naming | None:
    """Return the last of namings of the same strength, of each run of repeated sentences the first.

    None where one sentence names two.
    """
    if best[0].phrase:
        best = [naming for naming in best if not naming.phrase or naming is best[0] or naming.concludes]
    last = before = best[0]
    for naming in best[1:]:
        if naming.sentence == before.sentence and naming.mark != before.mark and not naming.concludes:
            return None
        if not (naming.sentence - before.sentence == 1 and _wording(naming) == _wording(before)):
            last = naming
        before = naming
    return last


def _wording(naming: Naming) -> str:
    return naming.clause.replace(f"⟨{naming.letters}⟩", "").strip(" ,;")


def _standing(namings: Sequence[Naming], asks_wrong: bool) -> list[Naming]:
    """Return what names an answer and is not taken back later."""
    kept: list[Naming] = []
    for place, naming in enumerate(namings):
        if naming.kind in NAMING:
            kept.append(naming)
        elif naming.kind == "taken back":
            kept = []
        elif naming.kind == "actually":
            same = [other for other in namings[place + 1 :] if other.sentence == naming.sentence]
            if any(other.kind in NAMING[:-1] for other in same):
                kept = []
        elif naming.kind in ("reconsidered", "but"):
            strong = ("final", "announced", "stated") if naming.kind == "but" else NAMING[:-1]
            ends = next(
                (at for at in range(place + 1, len(namings)) if namings[at].kind in ("reconsidered",)), len(namings)
            )
            later = [other for other in namings[place + 1 : ends] if other.kind in strong]
            if later and kept and _marks(later) != _marks(kept):
                kept = []
        elif naming.kind == "wrong" and naming.false and not asks_wrong:
            kept = [other for other in kept if other.mark != naming.mark]
    return kept


def _with_bare_points(namings: Sequence[Naming]) -> list[Naming]:
    """Return the namings with a list's point that stands alone (`B. two`) as a bare letter."""
    points = [naming for naming in namings if naming.kind == "quoted" and len(naming.letters) == 1]
    if not points:
        return list(namings)
    alone = _alone(points)
    solo = alone[0] if alone and len(_marks(alone)) == 1 else None
    return [
        replace(naming, kind="bare", whole=naming.sentence == 0) if naming is solo else naming for naming in namings
    ]


def _alone(points: Sequence[Naming]) -> list[Naming]:
    """Return the points that are not part of a list which begins with A and goes on."""
    alone: list[Naming] = []
    run: list[Naming] = []
    for point in points:
        if run and point.letters > run[-1].letters:
            run.append(point)
            continue
        alone += run if len(run) < 2 else []
        run = [point] if point.letters == "A" else []
        alone += [] if run else [point]
    return alone + (run if len(run) < 2 else [])


def _before_another_question(namings: Sequence[Naming]) -> list[Naming]:
    """Return the namings up to a list of options that are not the question's, where an answer stands before it."""
    run: list[int] = []
    for place, naming in enumerate(namings):
        if naming.kind != "quoted" or naming.own:
            continue
        run = [*run, place] if run and naming.letters > namings[run[-1]].letters else [place]
        if len(run) >= 3 and namings[run[0]].letters == "A":
            before = namings[: run[0]]
            if any(_STRENGTH.get(one.kind, 0) >= 3 or one.kind == "bare" for one in before):
                return list(before)
    return list(namings)


def _sole(namings: Sequence[Naming], asks_wrong: bool) -> Naming | None:
    """Return the one option that verdicts on several leave, where the question asks for what does not hold."""
    if not asks_wrong:
        return None
    right = {letter for naming in namings if naming.kind == "right" for letter in naming.letters}
    wrong = [naming for naming in namings if naming.kind == "wrong" and naming.false]
    names = {letter for naming in wrong for letter in naming.letters}
    if (
        len(names) == 1
        and not names & right
        and (
            len(right) >= 2
            or (not right and (wrong[0].only or any(naming.kind == "others right" for naming in namings)))
        )
    ):
        return wrong[-1]
    if len(right) == 1 and not names:
        return next(naming for naming in namings if naming.kind == "right")
    return None
