r"""Spellings of numbers and fractions that set three adds to those of `values.py`.

A way takes plain digits ("-42.50", "1.23e+45"), the language and draws; it returns the text, or the text and its LaTeX,
or None where it cannot write the number.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from decimal import Decimal

from benchmarks.made_answers.numerals import chinese, english

Way = Callable[[str, str, random.Random], "str | tuple[str, str] | None"]
_POINTS = "zero one two three four five six seven eight nine".split()


def latex(digits: str) -> str:
    """Return a number as LaTeX without dollars."""
    if "e" not in digits:
        return digits
    mantissa, exponent = digits.split("e")
    return rf"{mantissa} \times 10^{{{int(exponent)}}}"


def _commas(digits: str) -> str | None:
    return f"{Decimal(digits):,f}" if "e" not in digits and abs(Decimal(digits)) >= 1000 else None


def _dollars_spaced(digits: str, language: str, rng: random.Random) -> tuple[str, str]:
    return f"$ {latex(digits)} $", latex(digits)


def _dollars_commas(digits: str, language: str, rng: random.Random) -> tuple[str, str] | None:
    made = _commas(digits)
    return (f"${made}$", made) if made else None


def _spaces(digits: str, language: str, rng: random.Random) -> str | None:
    made = _commas(digits)
    return made.replace(",", rng.choice((" ", "\u202f", "\u00a0"))) if made else None


def _mathbf(digits: str, language: str, rng: random.Random) -> tuple[str, str]:
    made = rf"\mathbf{{{latex(digits)}}}"
    return f"${made}$", made


def _brackets(digits: str, language: str, rng: random.Random) -> str | None:
    return f"({digits})" if digits.startswith("-") and "e" not in digits else None


def _wide_minus(digits: str, language: str, rng: random.Random) -> str | None:
    return rng.choice("－﹣") + digits[1:] if digits.startswith("-") and "e" not in digits else None


def _grouped(digits: str, language: str, rng: random.Random) -> str | None:
    """1234万5678, 1亿2345万6789: groups of four with their names, where no zero would have to be read between."""
    number = Decimal(digits)
    if language != "zh" or "e" in digits or "." in digits or not 10**4 < abs(number) < 10**12:
        return None
    hundred_millions, rest = divmod(abs(int(number)), 10**8)
    ten_thousands, ones = divmod(rest, 10**4)
    if ones < 1000 or (hundred_millions and ten_thousands < 1000):
        return None
    head = f"{hundred_millions}亿" if hundred_millions else ""
    return "-" * (number < 0) + f"{head}{ten_thousands}万{ones}"


def _scaled(digits: str, language: str, rng: random.Random) -> str | None:
    """12.5万 without a space, 3.2万亿, 4.5K, 1.2 trillion."""
    number = Decimal(digits)
    names = {"zh": (("万亿", 12), ("万", 4)), "en": ((" trillion", 12), ("K", 3))}[language]
    if "e" in digits:
        return None
    for name, power in names:
        if abs(number) >= Decimal(10) ** power:
            return f"{number.scaleb(-power):f}{name}"
    return None


def _words_point(digits: str, language: str, rng: random.Random) -> str | None:
    """Negative forty-two point five zero; 负四十二点五零."""
    whole, _, behind = digits.partition(".")
    if "e" in digits or not behind or len(digits) > 10 or abs(int(whole)) >= 10**6:
        return None
    if language == "zh":
        return chinese(digits)
    sign = "negative " if whole == "-0" else ""
    return sign + english(int(whole)) + " point " + " ".join(_POINTS[int(digit)] for digit in behind)


def _exponent(pattern: str, in_dollars: bool = False) -> Way:
    def way(digits: str, language: str, rng: random.Random) -> str | tuple[str, str] | None:
        number = Decimal(digits)
        if "e" not in digits and (not 1000 <= abs(number) < 10**14 or len(digits) > 20):
            return None
        exponent = number.adjusted()
        made = pattern.format(m=f"{number.scaleb(-exponent):f}", e=exponent, s=f"{exponent:+03d}")
        return (f"${made}$", made) if in_dollars else made

    return way


WAYS: Mapping[str, Way] = {
    "$ $": _dollars_spaced,
    "$,$": _dollars_commas,
    "spaces": _spaces,
    "mathbf": _mathbf,
    "(-)": _brackets,
    "wide minus": _wide_minus,
    "grouped": _grouped,
    "scaled": _scaled,
    "words point": _words_point,
    "e+": _exponent("{m}e{s}"),
    "x 10^": _exponent("{m} x 10^{e}"),
    "×10^{}": _exponent("{m} × 10^{{{e}}}"),
    "*10^()": _exponent("{m}*10^({e})"),
    "·10^": _exponent("{m}·10^{e}"),
    "<sup>": _exponent("{m} × 10<sup>{e}</sup>"),
    r"\times 10 in dollars": _exponent(r"{m}\times10^{{{e}}}", in_dollars=True),
}


def _latex_fraction(sign: str, top: int, bottom: int) -> str:
    return rf"{sign}\frac{{{top}}}{{{bottom}}}"


def _over(sign: str, top: int, bottom: int) -> tuple[str, str]:
    made = rf"{sign}{{{top} \over {bottom}}}"
    return f"${made}$", made


def _display(sign: str, top: int, bottom: int) -> tuple[str, str]:
    made = rf"{sign}\displaystyle\frac{{{top}}}{{{bottom}}}"
    return rf"\({made}\)", made


def _in_dollars(sign: str, top: int, bottom: int) -> tuple[str, str]:
    return f"${sign}{top}/{bottom}$", f"{sign}{top}/{bottom}"


def _spaced(sign: str, top: int, bottom: int) -> tuple[str, str]:
    return f"{sign}{top} / {bottom}", _latex_fraction(sign, top, bottom)


def _of_parts(sign: str, top: int, bottom: int) -> tuple[str, str]:
    return f"{'负' if sign else ''} {bottom} 分之 {top}".strip(), _latex_fraction(sign, top, bottom)


def _mixed_words(sign: str, top: int, bottom: int) -> tuple[str, str] | None:
    whole, rest = divmod(top, bottom)
    if not whole:
        return None
    return f"{'负' if sign else ''}{whole}又{bottom}分之{rest}", rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}"


# Text and LaTeX of a fraction by its sign, numerator and denominator.
FRACTIONS: Mapping[str, Callable[[str, int, int], tuple[str, str] | None]] = {
    "over": _over,
    "display": _display,
    "$/$": _in_dollars,
    " / ": _spaced,
    " 分之 ": _of_parts,
    "又": _mixed_words,
}
# Ways that Chinese texts alone use, and those that are no p/q in lowest terms.
CHINESE_FRACTIONS = frozenset({"分之", " 分之 ", "又"})
NO_LOWEST_TERMS = frozenset({"multiple", "mixed", "又"})
