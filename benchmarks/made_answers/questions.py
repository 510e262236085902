"""Contest questions with what a made answer needs of them: gold value, left side, unit, figures for steps."""

from __future__ import annotations

import random
from dataclasses import dataclass
from fractions import Fraction

from benchmarks.made_answers.values import Gold
from core.tasks.math import MathQuestion
from data_convert.practice.contest_math import questions
from data_convert.practice.english_forms import english_form
from data_convert.typed.solver import digits, question_text, solution, value

_LEFT = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "power": "{0}^{1}",
    "sqrt": "√{0}",
    "fraction": "{0}/{1}",
    "equation": "x",
    "function": "y",
    "area": "{0} × {1}",
    "mass": "m",
    "discount": "({0} - {1}) / {0} × 100",
    "sales": "{0} × (1 + {1}%)",
}
_LATEX_LEFT = {
    "mul": r"{0} \times {1}",
    "div": r"\frac{{{0}}}{{{1}}}",
    "power": "({0})^{{{1}}}",
    "sqrt": r"\sqrt{{{0}}}",
    "fraction": r"\frac{{{0}}}{{{1}}}",
    "area": r"{0} \times {1}",
    "discount": r"\frac{{{0}-{1}}}{{{0}}} \times 100",
    "sales": r"{0} \times (1 + {1}\%)",
}
# What is asked for, in words.
_ASKED = {
    "zh": {
        "add": "和",
        "sub": "差",
        "mul": "积",
        "div": "商",
        "power": "幂",
        "sqrt": "平方根",
        "fraction": "最简分数",
        "mean": "平均值",
        "equation": "方程的解",
        "function": "函数值",
        "area": "面积",
        "mass": "质量",
        "discount": "折扣比例",
        "sales": "今年的销售额",
    },
    "en": {
        "add": "sum",
        "sub": "difference",
        "mul": "product",
        "div": "quotient",
        "power": "power",
        "sqrt": "square root",
        "fraction": "simplified fraction",
        "mean": "mean",
        "equation": "solution",
        "function": "value of the function",
        "area": "area",
        "mass": "mass",
        "discount": "discount",
        "sales": "sales of this year",
    },
}
_UNITS = {
    "zh": {
        "area": (" 平方厘米", "平方厘米", " cm²", " 厘米²"),
        "mass": (" 克", "克", " g"),
        "discount": ("%", "％", " %"),
        "sales": (" 万元", "万元"),
    },
    "en": {
        "area": (" square centimetres", " cm^2", " sq cm", " cm²"),
        "mass": (" grams", " g", "g"),
        "discount": ("%", " percent", " per cent"),
        "sales": (),
    },
}
_LATEX_UNITS = {
    "area": (r"\text{ cm}^2", r"\,\text{cm}^2", r" \mathrm{~cm}^2"),
    "mass": (r"\text{ g}", r"\,\mathrm{g}"),
    "discount": (r"\%",),
}


@dataclass(frozen=True)
class Asked:
    """A question of the contest.

    Attributes:
        language: of the question.
        question: its text.
        reference: the corpus' solution text.
        gold: its value.
        left: what is equal to the answer ("3 + 4", "x").
        latex_left: the same as LaTeX.
        operands: its numbers.
    """

    language: str
    question: str
    reference: str
    gold: Gold
    left: str
    latex_left: str
    operands: tuple[str, ...]

    @property
    def type(self) -> str:
        """The question's type."""
        return self.gold.type

    def asked(self, language: str) -> str:
        """Return what is asked for, in words."""
        return _ASKED[language][self.type]

    def units(self, language: str) -> tuple[str, ...]:
        """Return the spellings of the answer's unit; empty where it has none."""
        return _UNITS[language].get(self.type, ())

    def latex_units(self) -> tuple[str, ...]:
        """Return the same as LaTeX."""
        return _LATEX_UNITS.get(self.type, ())


def draw(rng: random.Random, kind: str, language: str) -> Asked:
    """Draw a question of a type whose value is not zero."""
    while True:
        drawn = next(questions(rng, (kind,)))
        text = digits(drawn)
        shown = Fraction(text)
        if shown:
            break
    asked, solved = (question_text(drawn), solution(drawn)) if language == "zh" else english_form(drawn, rng)
    exact = value(drawn)
    gold = Gold(kind, text, shown, exact if isinstance(exact, Fraction) else shown)
    left, latex = _left(drawn, language)
    return Asked(language, asked, solved, gold, left, latex, drawn.operands)


def _left(drawn: MathQuestion, language: str) -> tuple[str, str]:
    if drawn.type == "mean":
        total = " + ".join(drawn.operands)
        count = len(drawn.operands)
        return f"({total}) / {count}", rf"\frac{{{total}}}{{{count}}}"
    plain = _LEFT[drawn.type]
    return plain.format(*drawn.operands), _LATEX_LEFT.get(drawn.type, plain).format(*drawn.operands)
