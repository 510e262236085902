"""The words between the equations of a rationale, and how a result is stated, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    """One language's words.

    Attributes:
        join: between two statements of a line.
        colon: between a label and its statements.
        final: the last line, with {value}.
        sign, even, odd, split, whole, total …: labels of steps.
        exact: the answer of a type in one sentence, with {value}, where it is not the corpus' own.
        rounded: the same for a value that was rounded.
    """

    join: str
    colon: str
    final: str
    sign: str
    even: str
    odd: str
    zero_power: str
    split: str
    whole: str
    total: str
    move: str
    divide: str
    sum: str
    mean: str
    saved: str
    share: str
    increase: str
    now: str
    divisor: str
    reduce: str
    exact: dict[str, str]
    rounded: dict[str, str]


ZH = Wording(
    join="，",
    colon="：",
    final="答案：{value}",
    sign="先定符号",
    even="负数的偶次方为正",
    odd="负数的奇次方为负",
    zero_power="非零数的零次方",
    split="按数位拆开",
    whole="除数化为整数",
    total="合计",
    move="移项",
    divide="两边除以系数",
    sum="求和",
    mean="除以个数",
    saved="降价",
    share="占原价的百分比",
    increase="增加额",
    now="今年",
    divisor="最大公约数",
    reduce="约分",
    exact={},
    rounded={
        "mean": "平均值约为 {value}",
        "equation": "方程的解约为：{value}",
        "function": "函数的值约为：{value}",
        "area": "面积约为 {value} 平方厘米",
        "mass": "≈ {value} 克",
        "discount": "≈ {value}",
        "sales": "≈ {value}",
    },
)
EN = Wording(
    join=", ",
    colon=": ",
    final="Answer: {value}",
    sign="Sign first",
    even="An even power of a negative number is positive",
    odd="An odd power of a negative number is negative",
    zero_power="A number other than zero to the power zero",
    split="Split by place value",
    whole="Whole divisor",
    total="Total",
    move="Move the constant",
    divide="Divide by the coefficient",
    sum="Sum",
    mean="Divide by the count",
    saved="Price cut",
    share="Percent of the price",
    increase="Increase",
    now="This year",
    divisor="Greatest common divisor",
    reduce="Reduce",
    exact={
        "fraction": "In lowest terms it is {value}",
        "mean": "The mean is {value}",
        "equation": "The solution is x = {value}",
        "function": "The value is y = {value}",
        "area": "The area is {value} square centimetres",
        "mass": "{value} grams",
    },
    rounded={
        "mean": "The mean is about {value}",
        "equation": "The solution is x ≈ {value}",
        "function": "The value is y ≈ {value}",
        "area": "The area is about {value} square centimetres",
        "mass": "≈ {value} grams",
        "discount": "≈ {value}",
        "sales": "≈ {value}",
    },
)
WORDINGS = {"zh": ZH, "en": EN}
