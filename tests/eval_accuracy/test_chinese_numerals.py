from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eval_accuracy.extraction.chinese_numerals import NUMERAL, Numeral, read
from eval_accuracy.extraction.numbers import first_number, last_number
from eval_accuracy.judges.math import judge


def value(text: str) -> Decimal | None:
    match = NUMERAL.fullmatch(text)
    numeral = read(match) if match else None
    if numeral is None:
        return None
    if numeral.fraction:
        return numeral.fraction[0] / numeral.fraction[1]
    assert numeral.value is not None
    return numeral.value.scaleb(numeral.scale - 2 * numeral.percent)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("七", "7"),
        ("十二", "12"),
        ("一百二十三", "123"),
        ("一百零五", "105"),
        ("一百二", "120"),
        ("两千零一", "2001"),
        ("三万五", "35000"),
        ("三百五十万零二", "3500002"),
        ("一亿三千万", "130000000"),
        ("二十三亿四千五百六十七万八千九百零一", "2345678901"),
        ("一百万亿", "1e14"),
        ("壹万贰仟叁佰", "12300"),
        ("二〇二四", "2024"),
        ("三点五", "3.5"),
        ("零点零五", "0.05"),
        ("负三点五", "-3.5"),
        ("四十点九六万", "409600"),
        ("百分之四十五点一", "0.451"),
        ("百分之一百二十", "1.2"),
        ("二分之一", "0.5"),
        ("负八分之三", "-0.375"),
        ("三又四分之一", "3.25"),
        ("十分之一", "0.1"),
    ],
)
def test_numbers_in_characters(text: str, number: str) -> None:
    assert value(text) == Decimal(number)


@pytest.mark.parametrize(
    "text", ["一样", "一共", "十分", "第一", "唯一", "统一", "千克", "万元", "百", "十十", "一二百"]
)
def test_words_that_are_no_numbers(text: str) -> None:
    match = NUMERAL.search(text)
    assert match is None or read(match) is None


def test_a_unit_behind_the_number_is_told_apart() -> None:
    match = NUMERAL.match("三十二万元")
    assert match is not None
    assert read(match) == Numeral(Decimal(32), scale=4)


DIGITS, UNITS = "零一二三四五六七八九", ("", "十", "百", "千")


def written(number: int) -> str:
    """Write a whole number below 10^12 the standard way, independently of the reader."""
    if number == 0:
        return "零"
    groups, text, gap = [], "", False
    for unit in ("", "万", "亿"):
        number, group = divmod(number, 10_000)
        groups.append((group, unit))
    for group, unit in reversed(groups):
        if group == 0:
            gap = bool(text)
            continue
        part, zero = "", gap or bool(text) and group < 1000
        for place in (3, 2, 1, 0):
            digit = group // 10**place % 10
            if digit:
                part += ("零" if zero else "") + DIGITS[digit] + UNITS[place]
                zero = False
            elif part:
                zero = True
        text, gap = text + part + unit, False
    return text


@given(st.integers(0, 10**12 - 1))
def test_every_written_number_is_read_back(number: int) -> None:
    assert value(written(number)) == number


@given(st.text("零一二三四五六七八九十百千万亿点负分之又百", max_size=12))
@example("一万点一亿")
def test_no_characters_make_a_defect(text: str) -> None:
    for match in NUMERAL.finditer(text):
        read(match)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1234万5678", "12345678"),
        ("1,234万0056", "12340056"),
        ("-3万500", "-30500"),
        ("12万345.6", "120345.6"),
        ("12万5千", "125000"),
        ("3亿2000万", "320000000"),
        ("3亿2千万", "320000000"),
        ("3亿2000万5678", "320005678"),
        ("3亿5万", "300050000"),
    ],
)
def test_a_number_in_digits_goes_on_behind_its_wan(text: str, number: str) -> None:
    said = f"一共有{text}个。"
    for found in (first_number(said, 0, len(said), False), last_number(said, 0, len(said), False)):
        assert found is not None
        assert said[found.start : found.end] == text
        assert found.worth.value == Decimal(number)
        assert found.worth.decimals <= 1


@pytest.mark.parametrize("text", ["1万，2000", "1.2万3000", "12万5", "1万 2000"])
def test_two_numbers_beside_wan_stay_two(text: str) -> None:
    first, last = first_number(text, 0, len(text), False), last_number(text, 0, len(text), False)
    assert first is not None
    assert last is not None
    assert first.end <= last.start


@given(st.integers(1, 9999), st.integers(0, 9999), st.sampled_from(["答案是{}。", "总数为 {} 元", "结果：{}"]))
def test_what_is_said_in_wan_and_digits_is_the_number(upper: int, lower: int, said: str) -> None:
    value = 10_000 * upper + lower
    text = said.format(f"{upper}万{lower:04}")
    for gold, right in ((value, True), (value + 1, False), (upper, False)):
        assert judge(f"计算 {value} + 0 等于多少？", text, f"{value} + 0 = {gold}").rules["rounded"] is right


def test_sales_are_counted_in_wan() -> None:
    question = "去年销售额为 1000 万元，今年销售额增加了 23.45678 %，请计算今年的销售额。"
    assert judge(question, "今年的销售额为 1234万5678 元。", "1234.5678").rules["exact"]
    assert not judge(question, "今年的销售额为 1234万5679 元。", "1234.5678").rules["rounded"]
