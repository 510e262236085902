"""The question templates of the stage-1 corpus: which type a math problem is, and its operands."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from core.tasks import Task

TASK = Task(judge="math", has_templates=True)

TYPES = (
    "add",
    "sub",
    "mul",
    "div",
    "power",
    "sqrt",
    "fraction",
    "mean",
    "equation",
    "function",
    "area",
    "mass",
    "discount",
    "sales",
    "english",
    "other",
)
# Problems that fit no template, and those that do.
FREE_TYPES = frozenset({"english", "other"})
TEMPLATE_TYPES = tuple(kind for kind in TYPES if kind not in FREE_TYPES)
_OPERATIONS = {"+": "add", "-": "sub", "*": "mul", "×": "mul", "/": "div", "÷": "div"}
# Longer texts are no template of the corpus (its longest, a mean of ten numbers, has some 60 characters).
_LONGEST_TEMPLATE = 1000
# "x 等于 2" -> "等"
_CJK = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")

_NUMBER = r"([-+]?[0-9]+(?:\.[0-9]+)?)"
# "-3.50" -> ("-3.50",)
_WHOLE_NUMBER = re.compile(_NUMBER)
# Written after NFKC, which turns full-width letters, digits and punctuation into ASCII, and for the ASCII minus sign;
# `_` stands for optional space.
_TEMPLATES = {
    "arithmetic": rf"计算_{_NUMBER}_([-+*/×÷])_{_NUMBER}_等于多少_[?]?",
    "power": rf"计算_{_NUMBER}_的_{_NUMBER}_次方_[?]?",
    "sqrt": rf"计算_{_NUMBER}_的平方根_[?]?",
    "fraction": r"将分数_(-?[0-9]+)_/_(-?[0-9]+)_进行简化_[.。]?",
    "mean": r"求以下数据的平均值_:_\[([-+0-9., ]*)\]_[.。]?",
    "equation": rf"解方程_{_NUMBER}_x_([-+])_{_NUMBER}_=_0_[.。]?",
    "function": rf"当_x_=_{_NUMBER}_时_,_求函数_y_=_{_NUMBER}_x_\^_{_NUMBER}_的值_[.。]?",
    "area": rf"一个长方形的长为_{_NUMBER}_厘米_,_宽为_{_NUMBER}_厘米_,_请计算其面积_[.。]?",
    "mass": rf"某物体的密度为_{_NUMBER}_克/立方厘米_,_体积为_{_NUMBER}_立方厘米_,_请计算该物体的质量_[.。]?",
    "discount": rf"商品原价为_{_NUMBER}_元_,_打折后的价格为_{_NUMBER}_元_,_请计算打折的折扣比例_[.。]?",
    "sales": rf"去年销售额为_{_NUMBER}_万元_,_今年销售额增加了_{_NUMBER}_%_,_请计算今年的销售额_[.。]?",
}
_PATTERNS = {name: re.compile(text.replace("_", r"\s*")) for name, text in _TEMPLATES.items()}
# The characters a template begins with choose the patterns to try, so that a question meets two at most.
_BY_START = {
    "计算": ("arithmetic", "power", "sqrt"),
    "将分": ("fraction",),
    "求以": ("mean",),
    "解方": ("equation",),
    "当 ": ("function",),
    "当x": ("function",),
    "一个": ("area",),
    "某物": ("mass",),
    "商品": ("discount",),
    "去年": ("sales",),
}
# Four of five questions of the corpus are exactly so: they need no normalisation and no optional space.
# "计算 3 + 4 等于多少？" -> ("3", "+", "4")
# "计算 2 的 3 次方？" -> ("2", "3")
_CALCULATION = re.compile(rf"计算 {_NUMBER} (?:([-+*/]) {_NUMBER} 等于多少|的 {_NUMBER} 次方|的平方根)？")


@dataclass(frozen=True)
class MathQuestion:
    """A math problem as its template reads it.

    Attributes:
        type: one of `TYPES`.
        operands: the numbers of the template as they are written, in its order; empty for "english" and "other".
            power: base, exponent; fraction: numerator, denominator; mean: the data; equation ax + b = 0: a, b (the
            operator's sign is b's); function y = cx^n: x, c, n; area: length, width; mass: density, volume;
            discount: price, reduced price; sales: last year's, percent.
    """

    type: str
    operands: tuple[str, ...] = ()


@lru_cache(maxsize=256)  # a record's question is asked for by its reader, its check and its fingerprint
def recognise(question: str) -> MathQuestion:
    """Return the type and operands of a math problem.

    A problem that fits no template is "english" where it holds no Chinese character, else "other".
    """
    text = question.strip()
    if text.isascii():
        return MathQuestion("english")
    if len(text) <= _LONGEST_TEMPLATE:
        if match := _CALCULATION.fullmatch(text):
            return _calculation(match)
        plain = unicodedata.normalize("NFKC", text).replace("−", "-")
        for name in _BY_START.get(plain[:2], ()):
            if match := _PATTERNS[name].fullmatch(plain):
                return _typed(name, match)
    return MathQuestion("other" if _CJK.search(text) else "english")


def _calculation(match: re.Match[str]) -> MathQuestion:
    first, operator, second, exponent = match.groups()
    if operator:
        return MathQuestion(_OPERATIONS[operator], (first, second))
    return MathQuestion("power", (first, exponent)) if exponent else MathQuestion("sqrt", (first,))


def _typed(name: str, match: re.Match[str]) -> MathQuestion:
    groups = match.groups()
    if name == "arithmetic":
        return MathQuestion(_OPERATIONS[groups[1]], (groups[0], groups[2]))
    if name == "equation":
        return MathQuestion(name, (groups[0], _signed(groups[1], groups[2])))
    if name == "mean":
        data = tuple(item.strip() for item in groups[0].split(","))
        return MathQuestion(name, data) if all(map(_is_number, data)) else MathQuestion("other")
    return MathQuestion(name, groups)


def _signed(operator: str, number: str) -> str:
    if operator == "+":
        return number.removeprefix("+")
    return number[1:] if number.startswith("-") else "-" + number.removeprefix("+")


def _is_number(text: str) -> bool:
    return _WHOLE_NUMBER.fullmatch(text) is not None
