"""The judge of math answers: by question type, under every rule of equality side by side."""

from __future__ import annotations

import re
from functools import lru_cache

from core.tasks.math import MathQuestion, recognise
from core.text.records import Record
from eval_accuracy.extraction.final_answer import Found, final_clause, final_number, without_echo
from eval_accuracy.extraction.numbers import Number, plain, whole_number
from eval_accuracy.judges import Answer, Judge
from eval_accuracy.judges.equality import RULES, difference, in_lowest_terms, is_exact
from eval_accuracy.judges.verdict import Verdict, refused

# Types whose answer may be written as p/q: their template does not ask for the value of a written-out operation.
_FRACTION_TYPES = frozenset({"fraction", "equation", "mean", "discount", "english", "other"})
# "解方程 -2x - 6 = 0" -> ("2", "6")
_EQUATION = re.compile(
    r"-?\s?(?<![0-9.])([0-9.]+)\s?\*?\s?x\s{0,2}[-+]\s{0,2}[(]?-?([0-9.]+)[)]?\s{0,2}=\s{0,2}0(?![.0-9])"
)
# An English question may have the solution of a Chinese template.
# "x 等于 2" -> "等"
_CJK = re.compile("[\u3400-\u9fff]")
# r"\left(2" -> r"\left"
_LATEX_WORDS = re.compile(r"\\(?:left|right|displaystyle|,|;|!|quad|qquad|ldots)(?![A-Za-z])|\\ |[$\s~]|\\[()\[\]]")
# r"5\text{ cm}" -> (" cm",)
_LATEX_UNIT = re.compile(r"\\(?:text|mbox|mathrm|textrm)\s?\{([^{}]*)\}")
# "x = 5" -> "5"
_DIGIT = re.compile("[0-9]")
# r"90^\circ" -> r"^\circ"
_DEGREE = re.compile(r"\^\{?\\circ\}?|\\degree|°")
# r"\frac12" -> ("1", "2")
_SHORT_FRACTION = re.compile(r"\\frac\s?([0-9])\s?([0-9])(?![0-9])")
# r"\sqrt2" -> ("2",)
_SHORT_ROOT = re.compile(r"\\sqrt\s?([0-9])(?![0-9])")
# "12 square feet" -> " square feet"
_UNIT_WORDS = re.compile(r"(?<=[0-9}%])[ \t]{1,3}[A-Za-z][A-Za-z. \t]{1,60}$")
# "x=3" -> "x="
_ASSIGNED = re.compile(r"(?:^|(?<=,))[a-zA-Z]=")
# r"2 \text{ or } 3" -> r"\text{ or }"
# "2或3" -> "或"
_OR = re.compile(r"\\text\s?\{\s?(?:or|and)\s?\}|(?<![A-Za-z\\])(?:or|and)(?![A-Za-z])|[或和、]")
# "(1,2)" -> "("
_BRACKET = re.compile(r"[\[\](){}]")
# "(B)" -> ("B",)
_OPTION = re.compile(r"^\(([A-Z])\)$")


class MathJudge(Judge):
    """Judges the final number, or the final words of a free problem; its rules are those of `equality.RULES`."""

    tasks = ("math",)

    @property
    def rules(self) -> tuple[str, ...]:
        """The rules of equality."""
        return tuple(RULES)

    def decide(self, record: Record, answer: Answer) -> Verdict:
        """See `judge`."""
        return judge(record.question, answer.text, record.answer, answer.prompt)


JUDGE = MathJudge()


def judge(question: str, prediction: str, reference: str, prompt: str | None = None) -> Verdict:
    """Judge one answer.

    Args:
        question: the problem's text.
        prediction: what the model wrote; it may repeat the prompt or the question.
        reference: the corpus' solution text.
        prompt: the text the model was given, where it is known.

    Returns:
        The verdict under each rule of `equality.RULES`. Where the reference holds no number, its text is compared and
        all rules agree.
    """
    asked, truth = _reference(question, reference)
    answer = _without_equation(without_echo(prediction, question, prompt), asked)
    if not answer.strip():
        return refused(asked.type, tuple(RULES), truth.span, "empty")
    if asked.type == "english" or truth.number is None:
        found = _free_form(answer, truth)
    else:
        found = final_number(answer, asked.type in _FRACTION_TYPES)
    if found is None:
        return refused(asked.type, tuple(RULES), truth.span, "unparsable")
    rules, error = _compare(asked, found, truth)
    return Verdict(asked.type, rules, found.marker, found.span, truth.span, error=error)


@lru_cache(maxsize=1 << 12)
def _reference(question: str, reference: str) -> tuple[MathQuestion, Found]:
    """Return the question's type and the reference's answer, kept for the other checkpoints that are judged."""
    asked = recognise(question)
    if asked.type == "english" and not _CJK.search(reference):
        found = final_clause(reference)
        span = found.span if found else reference.strip()
        number = whole_number(_latex(span))
        if number is None and found is None:
            return asked, final_number(reference, True) or Found("", span, None)
        return asked, Found("reference", span, number)
    return asked, final_number(reference, asked.type in _FRACTION_TYPES) or Found("", reference.strip(), None)


def _free_form(answer: str, truth: Found) -> Found | None:
    """Find the answer of a free-form problem: the whole boxed or named text, else the final number."""
    if found := final_clause(answer):
        number = whole_number(_latex(found.span))
        if number or found.marker == "boxed" or _is_same_text(found.span, truth.span):
            return Found(found.marker, found.span, number)
    if truth.number is None and _is_same_text(answer, truth.span):
        return Found("whole text", answer.strip(), None)
    return final_number(answer, fractions=True)


def _compare(asked: MathQuestion, found: Found, truth: Found) -> tuple[dict[str, bool], str]:
    """Return whether an answer is right under each rule, and how it differs where it is not exactly right."""
    if found.number is None or truth.number is None:
        same = _is_same_text(found.span, truth.span)
        return dict.fromkeys(RULES, same), "" if same else "other text"
    left, right = found.number, truth.number
    if left.fraction is not None and asked.type not in ("english", "other") and not in_lowest_terms(left.fraction):
        # 72/9 for 8 is a division that was not carried out; 5/9 for 0.555… is a result.
        return dict.fromkeys(RULES, False), "not carried out"
    pairs = _readings(asked, left, right)
    if any(is_exact(*pair) for pair in pairs):  # which is right under every rule, and the commonest case
        return dict.fromkeys(RULES, True), ""
    return {name: any(rule(*pair) for pair in pairs) for name, rule in RULES.items()}, difference(*pairs[0])


def _readings(asked: MathQuestion, left: Number, right: Number) -> list[tuple[Number, Number]]:
    """Return the ways in which answer and reference can be read where only one has a percent sign, 万 or 亿."""
    if (left.scale, left.percent) == (right.scale, right.percent):
        return [(left, right)]
    if (asked.type == "sales" and not left.percent) or (asked.type == "discount" and not left.scale):
        # Their templates count in 万元 and in percent and leave that out of the solution.
        return [(left, right)]
    worth = (left.worth, right.worth)
    if asked.type in ("english", "other") and left.scale == right.scale:
        # The sign may be the unit that a free problem asks for, or part of the value: 20, 20 % and 0.2.
        return [(left, right), worth]
    return [worth]


def _without_equation(answer: str, asked: MathQuestion) -> str:
    """Blank out the equation itself where an answer cites it: its `= 0` is no result."""
    if asked.type != "equation":
        return answer
    operands = tuple(operand.lstrip("-") for operand in asked.operands)
    for cited in _EQUATION.finditer(plain(answer)):
        if cited.groups() == operands:
            answer = answer[: cited.start()] + " " * (cited.end() - cited.start()) + answer[cited.end() :]
    return answer


def _is_same_text(left: str, right: str) -> bool:
    """Compare LaTeX answers; several solutions, which stand in no brackets, may have any order."""
    texts = (_latex(left), _latex(right))
    if any("," not in text or _BRACKET.search(text) for text in texts):
        return texts[0] == texts[1]
    return sorted(texts[0].split(",")) == sorted(texts[1].split(","))


@lru_cache(maxsize=1 << 12)
def _latex(text: str) -> str:
    r"""Bring a LaTeX answer to one spelling: no spaces, delimiters, units or degree marks; \frac for \dfrac."""
    plain_text = plain(text).replace("\\$", "").strip().rstrip(".。")
    plain_text = _OR.sub(",", _UNIT_WORDS.sub("", plain_text.strip("$ ")).replace("π", "\\pi"))
    plain_text = _DEGREE.sub("", plain_text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac"))
    # A text that is all \text{…} is the answer; beside a number it is a unit.
    without_units = _LATEX_UNIT.sub("", plain_text)
    plain_text = without_units if _DIGIT.search(without_units) else _LATEX_UNIT.sub(r"\1", plain_text)
    plain_text = _ASSIGNED.sub("", _LATEX_WORDS.sub("", plain_text.replace("\\%", "%")))
    plain_text = _SHORT_ROOT.sub(r"\\sqrt{\1}", _SHORT_FRACTION.sub(r"\\frac{\1}{\2}", plain_text))
    return _OPTION.sub(r"\1", plain_text)
