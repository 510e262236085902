"""Gold values of contest questions: what is right under rule `rounded`, near values that are not, and spellings.

gold 23.75 -> right: 23.75, 23.8, 2.375 × 10, 95/4 (where the type allows it); wrong: 24, 23.7, -23.75, 237.5
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from benchmarks.made_answers import spellings_three
from benchmarks.made_answers.numerals import chinese, english

_WIDE = Context(prec=200, rounding=ROUND_HALF_UP)
# Numbers beyond these sizes are spelled with an exponent, as models do.
_LARGE, _SMALL = Decimal(10) ** 15, Decimal("1e-5")
# Answers of these types may be written p/q.
FRACTIONS = frozenset({"equation", "mean"})
_SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_FULL_WIDTH = str.maketrans("0123456789.-,/", "０１２３４５６７８９．－，／")


@dataclass(frozen=True)
class Gold:
    """The value of a question.

    Attributes:
        type: the question's type.
        text: the number as the reference writes it.
        value: its value; a reference of float64 or 28 digits stands for itself.
        exact: the value of the question where it is p/q, for answers as fractions.
    """

    type: str
    text: str
    value: Fraction
    exact: Fraction

    @property
    def is_fraction(self) -> bool:
        """Whether the reference is a fraction in lowest terms."""
        return "/" in self.text

    @property
    def is_integer(self) -> bool:
        """Whether its value is a whole number; one with an exponent is a rounded figure."""
        return self.value.denominator == 1 and "E" not in self.text

    @property
    def decimal(self) -> Decimal:
        """Return the number of the reference; of a fraction only its quotient."""
        return _WIDE.divide(Decimal(self.value.numerator), Decimal(self.value.denominator))

    @property
    def by_exponent(self) -> bool:
        """Whether it is too large or too small to be written out."""
        size = abs(self.decimal)
        return not self.is_integer and (size >= _LARGE or size < _SMALL)


def is_right(text: str, gold: Gold) -> bool:
    """Tell whether a plain number is right under rule `rounded`.

    A whole number and a fraction in lowest terms want their value. Else the number may be the reference rounded, a tie
    either way: to one decimal or more, or with an exponent to three significant digits or more; zero is no rounding.

    Args:
        text: digits with a point, or with an exponent (1.23e+45).
        gold: the value.
    """
    number = Decimal(text)
    if Fraction(number) == gold.value:
        return True
    if gold.is_fraction or gold.is_integer or not number:
        return False
    _, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if "e" in text.lower():
        if len(digits) < 3:
            return False
    elif exponent > -1:
        return False
    return abs(Fraction(number) - gold.value) <= Fraction(10) ** exponent / 2


def right_digits(gold: Gold, rng: random.Random) -> str:
    """Return the gold value as a plain number: all its digits, or rounded as far as the rule allows."""
    if gold.is_integer or gold.is_fraction:
        whole = str(int(gold.value))
        return whole + ".0" * (gold.text.endswith(".0") and rng.random() < 0.3)
    if gold.by_exponent:
        return _scientific(gold.decimal, rng.randint(3, 9))
    if rng.random() < 0.4 and "E" not in gold.text:
        return gold.text
    size = gold.decimal
    least = max(1, -size.adjusted() + 1)  # two significant digits at least
    given = len(gold.text.partition(".")[2])
    return _places(size, min(given, rng.randint(least, least + 4)))


def wrong_digits(gold: Gold, rng: random.Random) -> str:
    """Return a plain number near the gold value that is wrong: in a digit, the sign, the scale or the last place."""
    while True:
        text = right_digits(gold, rng)
        made = rng.choice(_SLIPS)(text, rng)
        if Decimal(made) and not is_right(made, gold) and not _is_noise(made, gold):
            return made


def _is_noise(text: str, gold: Gold) -> bool:
    """Tell whether a number differs from a computed reference (15 digits or more) in its last digits alone."""
    computed = len(gold.text.strip("-").replace(".", "")) >= 15
    return computed and abs(Fraction(Decimal(text)) - gold.value) < abs(gold.value) / 10**12


def coarse_digits(gold: Gold, rng: random.Random) -> str | None:
    """Return the gold value rounded further than the rule allows; None where there is no such number."""
    if gold.is_fraction:
        return _places(gold.decimal, rng.randint(2, 4)) if gold.value.denominator in (3, 6, 7, 9) else None
    if gold.is_integer:
        return _scientific(gold.decimal, rng.randint(1, 2)) if gold.decimal.adjusted() > 3 and _is_long(gold) else None
    if gold.by_exponent or (abs(gold.decimal) > 10_000 and rng.random() < 0.5):
        made = _scientific(gold.decimal, rng.randint(1, 2))
    else:
        made = _places(gold.decimal, 0)
    return made if Decimal(made) and not is_right(made, gold) else None


def _is_long(gold: Gold) -> bool:
    return len(gold.text.strip("-").split(".")[0].rstrip("0")) > 3


def _places(number: Decimal, places: int) -> str:
    return f"{number.quantize(Decimal(1).scaleb(-places), context=_WIDE):f}"


def _scientific(number: Decimal, digits: int) -> str:
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).plus(number)
    return f"{rounded:.{digits - 1}e}"


def _digit(text: str, rng: random.Random) -> str:
    mantissa, mark, exponent = text.partition("e")
    places = [at for at, sign in enumerate(mantissa) if sign.isdigit()][:6]
    at = rng.choice(places)
    other = rng.choice([digit for digit in "123456789" if digit != mantissa[at]])
    return mantissa[:at] + other + mantissa[at + 1 :] + mark + exponent


def _sign(text: str, rng: random.Random) -> str:
    return text[1:] if text.startswith("-") else "-" + text


def _scale(text: str, rng: random.Random) -> str:
    shift = rng.choice((-2, -1, 1, 2, 3))
    if "e" in text:
        mantissa, exponent = text.split("e")
        return f"{mantissa}e{int(exponent) + shift:+d}"
    return f"{Decimal(text).scaleb(shift):f}"


def _last_place(text: str, rng: random.Random) -> str:
    mantissa, mark, exponent = text.partition("e")
    number = Decimal(mantissa)
    step = Decimal((0, (rng.choice((1, 2, 3)),), int(str(number.as_tuple().exponent))))
    return f"{number + step * rng.choice((-1, 1)):f}" + mark + exponent


_SLIPS: tuple[Callable[[str, random.Random], str], ...] = (_digit, _digit, _sign, _scale, _last_place)


@dataclass(frozen=True)
class Spelled:
    """A number as text, and as LaTeX without its dollars; `name` says how."""

    name: str
    text: str
    latex: str


def spell(digits: str, kinds: Sequence[str], language: str, rng: random.Random, rounded: bool = False) -> Spelled:
    """Spell a plain number one of the ways of `kinds` that can write it; else plainly.

    Args:
        digits: the number.
        kinds: names of ways.
        language: "zh" or "en".
        rng: draws.
        rounded: it was rounded: zeros behind it would claim digits that it has not.
    """
    ways = [way for way in kinds if not (rounded and way == "zeros behind")]
    rng.shuffle(ways)
    for way in ways:
        if made := _WAYS[way](digits, language, rng):
            return Spelled(way, *made) if isinstance(made, tuple) else Spelled(way, made, _latex(digits))
    return plain(digits)


def plain(digits: str) -> Spelled:
    """Spell a number with its digits alone."""
    return Spelled("plain", digits, _latex(digits))


def _latex(digits: str) -> str:
    if "e" not in digits:
        return digits
    mantissa, exponent = digits.split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


Way = Callable[[str, str, random.Random], "str | tuple[str, str] | None"]


def _plain(digits: str, language: str, rng: random.Random) -> str:
    return digits


def _commas(digits: str, language: str, rng: random.Random) -> str | None:
    return f"{Decimal(digits):,f}" if "e" not in digits and abs(Decimal(digits)) >= 1000 else None


def _braced_commas(digits: str, language: str, rng: random.Random) -> tuple[str, str] | None:
    made = _commas(digits, language, rng)
    return (f"${made.replace(',', '{,}')}$", made.replace(",", "{,}")) if made else None


def _thin_spaces(digits: str, language: str, rng: random.Random) -> tuple[str, str] | None:
    made = _commas(digits, language, rng)
    return (rf"\({made.replace(',', chr(92) + ',')}\)", made.replace(",", r"\,")) if made else None


def _minus_sign(digits: str, language: str, rng: random.Random) -> str | None:
    return "−" + digits[1:] if digits.startswith("-") and "e" not in digits else None


def _en_dash(digits: str, language: str, rng: random.Random) -> str | None:
    return "–" + digits[1:] if digits.startswith("-") and "e" not in digits else None


def _plus(digits: str, language: str, rng: random.Random) -> str | None:
    return "+" + digits if not digits.startswith("-") else None


def _full_width(digits: str, language: str, rng: random.Random) -> str | None:
    return digits.translate(_FULL_WIDTH) if "e" not in digits else None


def _dollars(digits: str, language: str, rng: random.Random) -> tuple[str, str]:
    return f"${_latex(digits)}$", _latex(digits)


def _round_math(digits: str, language: str, rng: random.Random) -> tuple[str, str]:
    return rf"\( {_latex(digits)} \)", _latex(digits)


def _no_zero(digits: str, language: str, rng: random.Random) -> tuple[str, str] | None:
    match = re.fullmatch(r"(-?)0(\.[0-9]+)", digits)
    return (match[1] + match[2], match[1] + match[2]) if match else None


def _zeros_behind(digits: str, language: str, rng: random.Random) -> str | None:
    return digits + "0" * rng.randint(1, 3) if "." in digits and "e" not in digits and len(digits) < 9 else None


def _word_before(words: dict[str, str]) -> Way:
    def way(digits: str, language: str, rng: random.Random) -> str | None:
        return words[language] + digits[1:] if digits.startswith("-") and "e" not in digits else None

    return way


def _scaled(names: Sequence[tuple[str, str, int]]) -> Way:
    def way(digits: str, language: str, rng: random.Random) -> str | None:
        if "e" in digits:
            return None
        for spoken, name, power in names:
            if spoken == language and abs(Decimal(digits)) >= Decimal(10) ** power:
                return f"{Decimal(digits).scaleb(-power):f}{name}"
        return None

    return way


def _exponent(pattern: str, latex: bool = False) -> Way:
    def way(digits: str, language: str, rng: random.Random) -> str | tuple[str, str] | None:
        number = Decimal(digits)
        if "e" not in digits and (not 1000 <= abs(number) < 10**14 or len(digits) > 20):
            return None
        exponent = number.adjusted()
        raised = str(exponent).translate(_SUPERSCRIPTS)
        made = pattern.format(m=f"{number.scaleb(-exponent):f}", e=exponent, s=f"{exponent:+03d}", r=raised)
        return (f"${made}$", made) if latex else made

    return way


def _in_words(digits: str, language: str, rng: random.Random) -> str | None:
    number = Decimal(digits)
    if "e" in digits or abs(number) >= 10**8 or len(digits) > 12:
        return None
    if language == "zh":
        return chinese(digits)
    return english(int(number)) if number == int(number) and abs(number) < 10**6 else None


_WAYS: dict[str, Way] = {
    "plain": _plain,
    "commas": _commas,
    "braced commas": _braced_commas,
    "thin spaces": _thin_spaces,
    "minus sign": _minus_sign,
    "en dash": _en_dash,
    "plus": _plus,
    "full width": _full_width,
    "$": _dollars,
    "( )": _round_math,
    "no zero": _no_zero,
    "zeros behind": _zeros_behind,
    "negative": _word_before({"zh": "负", "en": "negative "}),
    "minus": _word_before({"zh": "负的 ", "en": "minus "}),
    "万": _scaled([("zh", " 万", 4), ("en", " million", 6)]),
    "亿": _scaled([("zh", "亿", 8), ("zh", "百万", 6), ("zh", "千", 3), ("en", "k", 3)]),
    "thousand": _scaled([("en", " billion", 9), ("en", " thousand", 3), ("zh", "千万", 7), ("zh", "十万", 5)]),
    "e": _exponent("{m}e{e}"),
    "E+": _exponent("{m}E{s}"),
    "×10^": _exponent("{m} × 10^{e}"),
    "×10⁵": _exponent("{m}×10{r}"),
    "*10^": _exponent("{m} * 10^{e}"),
    "*10**": _exponent("{m}*10**{e}"),
    r"\times": _exponent(r"{m} \times 10^{{{e}}}", latex=True),
    r"\cdot": _exponent(r"{m}\cdot10^{{{e}}}", latex=True),
    "words": _in_words,
    **spellings_three.WAYS,
}


def fraction_spelled(value: Fraction, way: str, rng: random.Random) -> Spelled | None:
    """Spell p/q, as a mixed number where it is one and `way` says so; None where it is whole."""
    if value.denominator == 1:
        return None
    sign, top, bottom = "-" * (value < 0), abs(value.numerator), value.denominator
    whole, rest = divmod(top, bottom)
    if way == "mixed" and whole:
        return Spelled(way, f"{sign}{whole} {rest}/{bottom}", rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}")
    if way == "multiple":
        times = rng.randint(2, 5)
        top, bottom = top * times, bottom * times
    if way in spellings_three.FRACTIONS:
        made = spellings_three.FRACTIONS[way](sign, top, bottom)
        return Spelled(way, *made) if made else None
    command = {"dfrac": "dfrac", "cfrac": "cfrac", "tfrac": "tfrac"}.get(way, "frac")
    latex = rf"{sign}\{command}{{{top}}}{{{bottom}}}"
    text = f"${latex}$" if "frac" in way else f"{sign}{top}/{bottom}"
    if way == "分之":
        text = ("负" if sign else "") + f"{bottom}分之{top}"
    elif way == "⁄":
        text = f"{sign}{top}⁄{bottom}"
    return Spelled(way, text, latex)
