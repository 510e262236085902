"""Made answers to contest questions: forms, what stands around them, right and wrong by construction."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction

from benchmarks.made_answers import Made
from benchmarks.made_answers.contest_five import FORMS as FIVE
from benchmarks.made_answers.contest_four import FORMS as FOUR
from benchmarks.made_answers.contest_one import FORMS as ONE
from benchmarks.made_answers.contest_three import FORMS as THREE
from benchmarks.made_answers.contest_two import FORMS as TWO
from benchmarks.made_answers.forms import Forms
from benchmarks.made_answers.questions import draw
from benchmarks.made_answers.scene import Scene, scene
from benchmarks.made_answers.values import coarse_digits, is_right, right_digits, spell
from core.tasks.math import TEMPLATE_TYPES

SETS = {"one": ONE, "two": TWO, "three": THREE, "four": FOUR, "five": FIVE}
_ENDS = ".。 "


def _announcement(here: Scene, bare: bool = False) -> str:
    forms = here.forms.announce[here.language]
    return here.fill(here.rng.choice((*forms, *here.forms.bare) if bare else forms))


def _behind(announced: str, remark: str) -> str:
    """Join an announcement and what is said behind it in the same sentence."""
    return announced.rstrip(_ENDS) + remark


def _one(here: Scene, name: str) -> str:
    return here.fill(here.rng.choice(getattr(here.forms, name)[here.language]))


def _plain(here: Scene) -> str:
    return _announcement(here, bare=True)


def _layout(here: Scene) -> str:
    return _one(here, "layouts")


def _steps(here: Scene) -> str:
    steps = _one(here, "steps")
    return steps + _announcement(here, bare=steps.endswith("\n"))


def _checks(here: Scene) -> str:
    return _announcement(here) + _one(here, "checks")


def _steps_and_checks(here: Scene) -> str:
    return _one(here, "steps") + _announcement(here) + _one(here, "checks")


def _reasons(here: Scene) -> str:
    return _behind(_announcement(here), _one(here, "reasons"))


def _closers(here: Scene) -> str:
    return _announcement(here, bare=True) + _one(here, "closers")


def _alone(name: str) -> Callable[[Scene], str]:
    def build(here: Scene) -> str:
        before = _one(here, "steps") if here.rng.random() < 0.3 else ""
        return before + _one(here, name)

    return build


def _echo(here: Scene) -> str:
    return _one(here, "echoes")


def _runs_on(here: Scene) -> str:
    return _announcement(here, bare=here.rng.random() < 0.3) + _one(here, "runs_on")


# Kinds whose text announces the value of its scene: right where this is right.
_ANNOUNCING: dict[str, Callable[[Scene], str]] = {
    "plain": _plain,
    "layout": _layout,
    "steps before": _steps,
    "checks after": _checks,
    "steps and checks": _steps_and_checks,
    "reason behind": _reasons,
    "closing words": _closers,
    "correction": _alone("corrections"),
    "rejected value": _alone("rejects"),
    "supposition": _alone("suppositions"),
    "question said again": _echo,
    "runs on": _runs_on,
}
# Kinds whose text announces no answer, whatever numbers it names.
_EMPTY: dict[str, Callable[[Scene], str]] = {
    "hedge or bound": lambda here: _one(here, "doubles"),
    "refusal": lambda here: _one(here, "refusals"),
    "unfinished": _alone("unfinished"),
}


def _made(here: Scene, kind: str, text: str, right: bool, prompt: str | None = None) -> Made:
    form = f"{here.asked.type}/{here.language}/{here.announced.name}"
    return Made(kind, form, here.asked.question, here.asked.reference, text, right, prompt=prompt)


def _announcing(kind: str) -> Callable[[random.Random, Forms, str], Made]:
    def make(rng: random.Random, forms: Forms, language: str) -> Made:
        here = scene(rng, forms, language)
        return _made(here, kind, _ANNOUNCING[kind](here), here.right)

    return make


def _empty(kind: str) -> Callable[[random.Random, Forms, str], Made]:
    def make(rng: random.Random, forms: Forms, language: str) -> Made:
        here = scene(rng, forms, language)
        # not where the gold value is a part of the question or of a step
        while here.asked.gold.value in map(Fraction, (*here.asked.operands, here.fill("@m"))):
            here = scene(rng, forms, language)
        return _made(here, kind, _EMPTY[kind](here), False)

    return make


def _numerals(rng: random.Random, forms: Forms, language: str) -> Made:
    here = scene(rng, forms, language, special=True)
    text = _announcement(here, bare=True) if rng.random() < 0.6 else _steps(here)
    return _made(here, "numerals", text, here.right)


def _rounded_scene(rng: random.Random, forms: Forms, language: str) -> tuple[Scene, int]:
    """Return a scene that announces a decimal, and how many places this has."""
    while True:
        here = scene(rng, forms, language)
        places = -int(str(Decimal(here.digits).as_tuple().exponent)) if "/" not in here.digits else 0
        if "e" not in here.digits and 1 <= places <= 8 and not here.asked.gold.is_integer:
            return here, places


def _rounding(rng: random.Random, forms: Forms, language: str) -> Made:
    here, places = _rounded_scene(rng, forms, language)
    marks = {"r": str(places), "R": f"{Decimal(1).scaleb(-places):f}"}
    if rng.random() < 0.3:
        announced = _announcement(here)
        text = rng.choice(forms.rounding_before[here.language]) + announced[0].lower() + announced[1:]
    else:
        text = _behind(_announcement(here), rng.choice(forms.rounding[here.language]))
    before = _one(here, "steps") if rng.random() < 0.3 else ""
    return _made(here, "rounding remark", before + here.fill(text, **marks), here.right)


def _twice(rng: random.Random, forms: Forms, language: str) -> Made:
    """Announce the value and its rounding."""
    while True:
        here = scene(rng, forms, language)
        gold = here.asked.gold
        if gold.is_integer or gold.is_fraction or "e" in here.digits or "/" in here.digits:
            continue
        places = -int(str(Decimal(here.digits).as_tuple().exponent))
        if places > 2 and abs(Decimal(here.digits)) > 1:
            shorter = f"{Decimal(here.digits):.{rng.randint(1, 2)}f}"
            if is_right(shorter, gold) == here.right:
                return _made(here, "value and its rounding", here.fill(rng.choice(forms.twice), x=shorter), here.right)


def _coarse(rng: random.Random, forms: Forms, language: str) -> Made:
    """Announce the value rounded further than the rule allows, or just as far as it does."""
    while True:
        here = scene(rng, forms, language)
        gold = here.asked.gold
        here.right = rng.random() < 0.4
        digits = right_digits(gold, rng) if here.right and not gold.is_fraction else coarse_digits(gold, rng)
        if digits and not here.right and Fraction(Decimal(digits)) == gold.exact:
            continue  # 55 for 55.00000000000001
        if digits is None or (here.right and (gold.is_integer or gold.is_fraction)):
            continue
        here.digits, here.announced = digits, spell(digits, forms.plain, language, rng, rounded=True)
        text = _announcement(here, bare=True)
        return _made(here, "coarse rounding", text, here.right)


def _conversion(rng: random.Random, forms: Forms, language: str) -> Made:
    kinds = [kind for kind, by_language in forms.conversions.items() if language in by_language]
    here = scene(rng, forms, language, kind=rng.choice(kinds))
    here.language = language
    form, factor = rng.choice(forms.conversions[here.asked.type][language])
    converted = Decimal(float(Fraction(here.digits) * Fraction(factor)))
    text = _behind(_announcement(here), here.fill(form, c=f"{converted:.6g}"))
    return _made(here, "other unit behind", text, here.right)


def _scale(rng: random.Random, forms: Forms, language: str) -> Made:
    """Announce the gold digits in a wrong unit of scale; or any value in the right unit."""
    if rng.random() < 0.5:
        here = scene(rng, forms, language, kind=rng.choice(("area", "mass", "discount", "sales")))
        if here.asked.type == "sales":
            here.language = here.asked.language  # its millions are no 万元
        if forms.units and "/" not in here.digits and "e" not in here.digits and rng.random() < 0.6:
            text = here.fill(rng.choice(forms.units[here.asked.type][here.language]))
            return _made(here, "units and scale", text, here.right)
        return _made(here, "units and scale", _announcement(here, bare=True), here.right)
    kinds = [kind for kind, by_language in forms.scales.items() if language in by_language]
    while True:
        here = scene(rng, forms, language, kind=rng.choice(kinds))
        here.digits = right_digits(here.asked.gold, rng)
        if "e" not in here.digits:
            break
    return _made(here, "units and scale", here.fill(rng.choice(forms.scales[here.asked.type][language])), False)


def _examples(rng: random.Random, forms: Forms, language: str) -> Made:
    """Say the few-shot prompt again in another spelling, then announce."""
    here = scene(rng, forms, language)
    shown = [draw(rng, rng.choice(TEMPLATE_TYPES), language) for _ in range(rng.randint(1, 3))]
    answers = [example.reference for example in shown]
    if not here.right:
        answers[rng.randrange(len(answers))] = here.asked.reference
    written, repeated = rng.choice(SETS["one"].examples), rng.choice(forms.examples)

    def prompt(style: tuple[str, str, str], respaced: bool) -> str:
        before, behind, between = style
        say = here.respaced if respaced else str
        pairs = [
            f"{before}{say(example.question)}\n{behind}{answer}" for example, answer in zip(shown, answers, strict=True)
        ]
        return between.join([*pairs, f"{before}{say(here.asked.question)}\n{behind}"])

    text = prompt(repeated, rng.random() < 0.5) + _announcement(here, bare=True)
    given = prompt(written, False) if rng.random() < 0.7 else None
    return _made(here, "prompt said again", text, here.right, given)


Maker = Callable[[random.Random, Forms, str], Made]
KINDS: dict[str, tuple[int, Maker]] = {
    **{kind: (9 if kind == "plain" else 6, _announcing(kind)) for kind in _ANNOUNCING},
    **{kind: (3, _empty(kind)) for kind in _EMPTY},
    "numerals": (9, _numerals),
    "rounding remark": (7, _rounding),
    "coarse rounding": (5, _coarse),
    "value and its rounding": (3, _twice),
    "other unit behind": (3, _conversion),
    "units and scale": (4, _scale),
    "prompt said again": (6, _examples),
}


def answers(count: int, name: str, seed: str) -> Iterator[Made]:
    """Yield `count` made answers of set `name`; the same for the same seed."""
    rng = random.Random(f"contest:{name}:{seed}")
    kinds, weights = list(KINDS), [weight for weight, _ in KINDS.values()]
    for _ in range(count):
        kind = rng.choices(kinds, weights)[0]
        yield KINDS[kind][1](rng, SETS[name], rng.choice(("zh", "zh", "zh", "en")))
