"""One scene: a contest question, what is announced and what else is named, and the marks of forms filled in with it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from benchmarks.made_answers.forms import Forms
from benchmarks.made_answers.questions import Asked, draw
from benchmarks.made_answers.spellings_three import CHINESE_FRACTIONS, NO_LOWEST_TERMS
from benchmarks.made_answers.spellings_three import FRACTIONS as FRACTION_WAYS
from benchmarks.made_answers.values import (
    FRACTIONS,
    Spelled,
    fraction_spelled,
    plain,
    right_digits,
    spell,
    wrong_digits,
)
from core.tasks.math import TEMPLATE_TYPES

_MARK = re.compile("@([vntTwWeEsqpabABjkmrRXYcx])")
_SHARE_OF_FRACTIONS = 0.3
_OTHER_SIGNS = str.maketrans("，。：？（）", ",.:?()")


@dataclass
class Scene:
    """What a made answer is about; `fill` writes it.

    Attributes:
        rng: draws.
        forms: those of the set.
        language: of the answer ("zh" or "en").
        asked: the question.
        right: whether the announced value is right.
        digits: the announced value as a plain number ("p/q" where it is a fraction).
        announced: the same, spelled.
        other: another value, as a plain number.
    """

    rng: random.Random
    forms: Forms
    language: str
    asked: Asked
    right: bool
    digits: str
    announced: Spelled
    other: str
    runs_on: Asked

    def fill(self, form: str, **more: str) -> str:
        """Replace the marks of a form; `more` gives those that only one kind has."""
        return _MARK.sub(lambda match: more.get(match[1]) or self._mark(match[1]), form)

    def _mark(self, name: str) -> str:
        asked, operands = self.asked, self.asked.operands
        first, second = operands[0], operands[1] if len(operands) > 1 else operands[0]
        texts: dict[str, Callable[[], str]] = {
            "e": lambda: asked.left,
            "E": lambda: asked.latex_left,
            "s": lambda: asked.asked(self.language),
            "q": lambda: asked.question,
            "p": lambda: self.respaced(asked.question),
            "a": lambda: first,
            "b": lambda: second,
            "A": lambda: f"{Decimal(first):.0f}",
            "B": lambda: f"{Decimal(second):.0f}",
            "v": lambda: self.announced.text + self._unit(),
            "n": lambda: self.digits,
            "t": lambda: self.announced.latex,
            "T": lambda: self.announced.latex + self.rng.choice(("", *asked.latex_units())),
            "w": lambda: self.other,
            "W": lambda: plain(self.other).latex,
            "m": lambda: f"{Decimal(f'{Decimal(first):.0f}') + Decimal(f'{Decimal(second):.0f}')}",
            "j": self.figure,
            "k": self.figure,
            "X": lambda: self.runs_on.question,
            "Y": lambda: self.runs_on.gold.text,
        }
        return texts[name]()

    def _unit(self) -> str:
        in_words = self.announced.name in ("words", "words point", *CHINESE_FRACTIONS)
        if in_words or (self.asked.type == "sales" and " 万" in self.announced.text):
            return ""
        return self.rng.choice(("", *self.asked.units(self.language)))

    def figure(self) -> str:
        """Return a number such as stands in steps: neither the gold value nor close to it."""
        while True:
            number = self.rng.choice((f"{self.rng.uniform(1, 900):.2f}", str(self.rng.randint(2, 9000))))
            if abs(Fraction(number) - self.asked.gold.value) > 1:
                return number

    def respaced(self, question: str) -> str:
        """Return a question in other spacing and other signs, as models say it again."""
        way = self.rng.randrange(4)
        if way == 0:
            return question.replace(" ", "") if self.asked.language == "zh" else "  ".join(question.split(" "))
        if way == 1:
            return question.translate(_OTHER_SIGNS)
        if way == 2:
            return question.replace(" * ", " × ").replace(" / ", " ÷ ").rstrip("。？.?")
        return question.replace(" ", " ").replace(" - ", " − ").replace("^", " ^ ")


def scene(rng: random.Random, forms: Forms, language: str, special: bool = False, kind: str = "") -> Scene:
    """Draw a scene.

    Args:
        rng: draws.
        forms: of the set.
        language: "zh" or "en", of the question, and mostly of the answer.
        special: spell the announced value one of the set's special ways.
        kind: of the question; empty: any.
    """
    asked = draw(rng, kind or rng.choice(TEMPLATE_TYPES), language)
    if language == "zh" and rng.random() < 0.1:
        language = "en"  # a Chinese question may be answered in English
    right = rng.random() < 0.55
    digits, spelled = _announced(rng, forms, asked, right, language, special)
    other = _value(rng, asked, not right)
    if other == digits:
        other = str(wrong_digits(asked.gold, rng)) if not asked.gold.is_fraction else "1/97"
    next_question = draw(rng, rng.choice(TEMPLATE_TYPES), asked.language)
    return Scene(rng, forms, language, asked, right, digits, spelled, other, next_question)


def _value(rng: random.Random, asked: Asked, right: bool) -> str:
    if asked.gold.is_fraction:
        return asked.gold.text if right else _other_fraction(asked, rng)
    return right_digits(asked.gold, rng) if right else wrong_digits(asked.gold, rng)


def _other_fraction(asked: Asked, rng: random.Random) -> str:
    top, bottom = map(int, asked.gold.text.split("/"))
    near = [f"{top}/{bottom + 1}", f"{bottom}/{top}", f"-{top}/{bottom}", f"{top + bottom}/{bottom}"]
    if asked.language == "zh":  # not reduced; an English question's reference alone does not say that this is asked for
        times = rng.randint(2, 4)
        near.append(f"{top * times}/{bottom * times}")
    return rng.choice(near)


def _announced(
    rng: random.Random, forms: Forms, asked: Asked, right: bool, language: str, special: bool
) -> tuple[str, Spelled]:
    gold = asked.gold
    if gold.is_fraction:
        text = _value(rng, asked, right)
        way = rng.choice([way for way in _fraction_ways(forms, language) if way not in NO_LOWEST_TERMS])
        return text, _fraction_as_written(text, way)
    if gold.type in FRACTIONS and gold.exact.denominator > 1 and rng.random() < _SHARE_OF_FRACTIONS:
        value = gold.exact if right else gold.exact * rng.choice((-1, 2, Fraction(1, 2), Fraction(10, 9)))
        spelled = fraction_spelled(value, rng.choice(_fraction_ways(forms, language)), rng)
        if spelled:
            return str(value), spelled
    digits = _value(rng, asked, right)
    rounded = Fraction(Decimal(digits)) != gold.value
    ways = [way for way in (forms.special if special else forms.plain) if _suits(way, asked, language)]
    return digits, spell(digits, ways or ["plain"], language, rng, rounded)


def _fraction_ways(forms: Forms, language: str) -> list[str]:
    return [way for way in forms.fractions if language == "zh" or way not in CHINESE_FRACTIONS]


def _suits(way: str, asked: Asked, language: str) -> bool:
    # 1.2 thousand million dollars, 4.2K g, 1.3K%: no one writes so.
    if asked.type == "sales":
        return way not in ("万", "亿", "thousand", "words", "scaled", "grouped", "words point")
    return not (asked.type in ("mass", "discount") and language == "en" and way == "scaled")


def _fraction_as_written(text: str, way: str) -> Spelled:
    """Spell p/q with its own numerator and denominator, reduced or not."""
    sign = "-" * text.startswith("-")
    top, bottom = text.removeprefix("-").split("/")
    if way in FRACTION_WAYS and (made := FRACTION_WAYS[way](sign, int(top), int(bottom))):
        return Spelled(way, *made)
    command = way if "frac" in way else "frac"
    latex = rf"{sign}\{command}{{{top}}}{{{bottom}}}"
    texts = {"/": text, "⁄": f"{sign}{top}⁄{bottom}", "分之": ("负" if sign else "") + f"{bottom}分之{top}"}
    return Spelled(way, texts.get(way, f"${latex}$"), latex)
