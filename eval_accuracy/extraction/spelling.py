r"""One spelling for answers that are no plain numbers: `\\dfrac12` and `\\frac{1}{2}`, `x = 2 or x = 1` and `1, 2`."""

from __future__ import annotations

import re
from functools import lru_cache

from eval_accuracy.extraction.numbers import plain

# r"\left(2" -> r"\left"
_LATEX_WORDS = re.compile(r"\\(?:left|right|displaystyle|,|;|!|quad|qquad|ldots)(?![A-Za-z])|\\ |[$\s~]|\\[()\[\]]")
# r"5\text{ cm}" -> (" cm",)
_LATEX_UNIT = re.compile(r"\\(?:text|mbox|mathrm|textrm|textbf|mathbf|textit)\s?\{([^{}]*)\}")
# "x = 5" -> "5"
_DIGIT = re.compile("[0-9]")
# r"90^\circ" -> r"^\circ"
_DEGREE = re.compile(r"\^\{?\\circ\}?|\\degree|°")
# r"\frac12" -> ("1", "2")
_SHORT_FRACTION = re.compile(r"\\frac\s?([0-9])\s?([0-9])(?![0-9])")
# r"\sqrt2" -> ("2",)
_SHORT_ROOT = re.compile(r"\\sqrt\s?([0-9])(?![0-9])")
# r"\log_{2}(80)" -> ("2", "80")
_LOGARITHM = re.compile(r"\\log_\s?\{?([0-9a-z]+)\}?\s?[({]\s?([0-9a-z]+)\s?[)}]")
# "4√5" -> ("5",)
_ROOT_SIGN = re.compile(r"√\s?(?:\(?([0-9a-z]+)\)?)")
# "12 square feet" -> " square feet"
_UNIT_WORDS = re.compile(r"(?<=[0-9}%])[ \t]{1,3}[A-Za-z][A-Za-z. \t]{1,60}$")
# "x=3" -> "x="
_ASSIGNED = re.compile(r"(?:^|(?<=,))[a-zA-Z]=")
# r"2 \text{ or } 3" -> r"\text{ or }"
# "2或3" -> "或"
_OR = re.compile(r"\\text\s?\{\s?(?:or|and)\s?\}|(?<![A-Za-z\\])(?:or|and)(?![A-Za-z])|[或和、]")
# r"x \in (1,2)" -> r"x \in "
# "f(x) = x+6" -> "f(x) = "
_NAMED = re.compile(r"^\s*(?:[a-zA-Z]\s?\\in(?![a-z])|[a-zA-Z]\s?\([a-z]\)\s?=|∈)\s*")
# r"25 \, km" -> r" \, km"
_UNITS_BEHIND = re.compile(
    r"(?<=[0-9}])\s{0,3}(?:\\[,;!]|\\(?:text|mathrm|mbox)\s?\{(?!\s*(?:thousand|million|billion|hundred|dozen|factorial|squared|cubed|mod|or|and|if|when)\b)[^{}]{0,40}\}(?:\^\{?[23]\}?)?|(?<=\\,)\s?[a-z]{2,20}$){1,4}$"
)
# r"\boxed{x+1}" -> ("x+1",)
_WRAPPED = re.compile(r"^\\(?:boxed|fbox|displaystyle|mathbf)\s?\{(.*)\}$")
# "(1,2)" -> "("
_BRACKET = re.compile(r"[\[\](){}]")
# "1100_{\\text{two}}" -> ("two",)
_BASE = re.compile(
    r"(?<=_)\{\\?(?:text|mathrm)?\{?(two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen)\}{0,2}"
)
_BASES = {
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "twelve": 12,
    "sixteen": 16,
}
# r"(\begin{array}{cc}" -> r"(\begin{array}{cc}"
_ARRAY = re.compile(r"\(?\\begin\{array\}\{[clr|]*\}")
# r"\end{array})" -> r"\end{array})"
_ARRAY_END = re.compile(r"\\end\{array\}\)?")
# Braces around one character: x^{2}; a name before a value: x∈.
# "x^{2}" -> ("^", "2")
_NEEDLESS = re.compile(r"(\^|_)\{([0-9a-z])\}")
# "(B)" -> ("B",)
_OPTION = re.compile(r"^\(([A-Z])\)$")


def formula(text: str) -> str:
    r"""Return a formula without what merely names it: `x \in (1,2)`, `f(x) = x+6` and `25 \, km` lose name and unit."""
    text = _WRAPPED.sub(r"\1", plain(text).strip(" $.。"))
    return _UNITS_BEHIND.sub("", _NAMED.sub("", text)).strip()


def _base(match: re.Match[str]) -> str:
    return f"{{{_BASES[match[1]]}}}"


def same_text(left: str, right: str) -> bool:
    """Compare LaTeX answers; several solutions, which stand in no brackets, may have any order."""
    texts = (spelling(left), spelling(right))
    if any("," not in text or _BRACKET.search(text) for text in texts):
        return texts[0] == texts[1]
    return sorted(texts[0].split(",")) == sorted(texts[1].split(","))


@lru_cache(maxsize=1 << 12)
def spelling(text: str) -> str:
    r"""Bring a LaTeX answer to one spelling: no spaces, delimiters, units or degree marks; \frac for \dfrac."""
    plain_text = plain(text).replace("\\\\", ";").replace("\\$", "").strip().rstrip(".。")
    plain_text = _BASE.sub(_base, plain_text).replace("\\log_e", "\\ln")
    plain_text = _LOGARITHM.sub(r"\\log_\1 \2", plain_text.replace("{:}", ":"))
    plain_text = _ROOT_SIGN.sub(r"\\sqrt{\1}", plain_text)
    plain_text = _OR.sub(",", _UNIT_WORDS.sub("", plain_text.strip("$ ")).replace("π", "\\pi"))
    plain_text = _DEGREE.sub("", plain_text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac"))
    # A text that is all \text{…} is the answer; beside a number it is a unit.
    without_units = _LATEX_UNIT.sub("", plain_text)
    plain_text = without_units if _DIGIT.search(without_units) else _LATEX_UNIT.sub(r"\1", plain_text)
    plain_text = _ASSIGNED.sub("", _LATEX_WORDS.sub("", plain_text.replace("\\%", "%")))
    plain_text = _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", plain_text))
    plain_text = _ARRAY_END.sub(r"\\end{pmatrix}", _ARRAY.sub(r"\\begin{pmatrix}", plain_text))
    plain_text = _NEEDLESS.sub(
        r"\1\2", plain_text.replace("\\cfrac", "\\frac").replace("bmatrix", "pmatrix").replace("\\cdot", "")
    )
    return _OPTION.sub(r"\1", plain_text)
