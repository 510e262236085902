"""The judge of math answers: by question type, under every rule of equality side by side."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache

from core.tasks.boxed import last_boxed
from core.tasks.math import FREE_TYPES, MathQuestion, recognise
from core.text.records import Record
from eval_accuracy.equivalence.process import SPENT, compared
from eval_accuracy.extraction.content import WORDS
from eval_accuracy.extraction.echo import own_text
from eval_accuracy.extraction.found import Found
from eval_accuracy.extraction.numbers import EXACT, SCALE_WORDS, Number, plain, whole_number
from eval_accuracy.extraction.reader import Trace, read_answer
from eval_accuracy.extraction.spelling import formula, same_text, spelling
from eval_accuracy.extraction.statements import ANNOUNCED, BOXED, LABELLED, LAST_NUMBER
from eval_accuracy.judges import Answer, Judge
from eval_accuracy.judges.equality import RULES, difference, in_lowest_terms, is_exact, is_whole_division
from eval_accuracy.judges.verdict import FORMULA, GIVEN_UP, Verdict, refused

# Types whose answer may be written as p/q: their template does not ask for the value of a written-out operation.
_FRACTION_TYPES = frozenset({"fraction", "equation", "mean", "discount"}) | FREE_TYPES
# "解方程 -2x - 6 = 0" -> ("2", "6")
_EQUATION = re.compile(
    r"-?\s?(?<![0-9.])([0-9.]+)\s?\*?\s?x\s{0,2}[-+]\s{0,2}[(]?-?([0-9.]+)[)]?\s{0,2}=\s{0,2}0(?![.0-9])"
)
# An English question may have the solution of a Chinese template.
# "x 等于 2" -> "等"
_CJK = re.compile("[\u3400-\u9fff]")
# What asks for a fraction in lowest terms.
# "Reduce 10/12" -> "Reduce"
_SIMPLEST = re.compile(
    r"simplest|lowest\sterms|common\sfraction|irreducible|\b[Rr]educe|\b[Ss]implify|最简|化简|约分|简化"
)
# What asks for a value in percent.
# "How many percent?" -> "percent"
_IN_PERCENT = re.compile(r"per\s?cent|%|百分", re.IGNORECASE)
# The stages that decide without a look at the whole text.
_SURE = (ANNOUNCED, BOXED, LABELLED)


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

    def explain(self, record: Record, answer: Answer) -> list[tuple[str, list[str]]]:
        """See `explain`."""
        return explain(record.question, answer.text, record.answer, answer.prompt)


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
    return _judged(question, prediction, reference, prompt)


def explain(question: str, prediction: str, reference: str, prompt: str | None = None) -> list[tuple[str, list[str]]]:
    """Return the stages of `judge` for one answer, each with its name and lines of text."""
    trace = Trace()
    verdict = _judged(question, prediction, reference, prompt, trace)
    return [
        ("text without prompt, question and further turns", trace.own.splitlines()),
        ("clauses", [f"{kind}: {text}" for kind, text in trace.clauses]),
        ("what states a value", [f"{stage} ({marker}): {content}" for stage, marker, content in trace.candidates]),
        ("answer", [f"{verdict.stage} ({verdict.marker}): {verdict.span}" if verdict.span else verdict.reason]),
        ("reference", [verdict.reference]),
        ("verdict", [f"{name}: {'right' if right else 'wrong'}" for name, right in verdict.rules.items()]),
        ("compared by", [verdict.rule or verdict.error]),
    ]


def _judged(question: str, prediction: str, reference: str, prompt: str | None, trace: Trace | None = None) -> Verdict:
    """Judge one answer, and fill the trace with the stages where one is given."""
    asked, truth = _reference(question, reference)
    own = own_text(prediction, question, prompt)
    if trace is not None:
        trace.own = own.text
    answer = _without_equation(own.text, asked)
    if not answer.strip():
        return refused(asked.type, tuple(RULES), truth.span, "empty")
    found = _read(answer, question, asked, truth, trace)
    if found is None:
        return replace(refused(asked.type, tuple(RULES), truth.span, "unparsable"), seems_prompt=own.seems_prompt)
    asked_before, seconds_before = SPENT.asked, SPENT.seconds
    rules, error, rule = _compare(question, asked, found, truth)
    return Verdict(
        asked.type, rules, found.marker, found.span, truth.span, error=error, stage=found.stage, clause=found.clause,
        rule=rule, seems_prompt=own.seems_prompt, formulas=SPENT.asked - asked_before,
        seconds=SPENT.seconds - seconds_before,
    )  # fmt: skip


@lru_cache(maxsize=1 << 12)
def _reference(question: str, reference: str) -> tuple[MathQuestion, Found]:
    """Return the question's type and the reference's answer, kept for the other checkpoints that are judged."""
    asked = recognise(question)
    fractions = asked.type in _FRACTION_TYPES
    if asked.type == "english" and not _CJK.search(reference) and (box := last_boxed(reference)) and box.content:
        return asked, Found("reference", box.content, whole_number(spelling(box.content)))
    found = read_answer(reference, "", asked.type, fractions, words=asked.type in FREE_TYPES)
    if found is None:
        return asked, Found("", reference.strip(), whole_number(spelling(reference)))
    return asked, found


def _read(answer: str, question: str, asked: MathQuestion, truth: Found, trace: Trace | None = None) -> Found | None:
    """Return the answer that a text states; the whole text where it is that of the reference, word for word."""
    found = read_answer(
        answer, question, asked.type, asked.type in _FRACTION_TYPES, words=truth.number is None, trace=trace
    )
    if truth.number is None and (found is None or found.stage not in _SURE) and same_text(answer, truth.span):
        return Found("whole text", answer.strip(), None, LAST_NUMBER, answer.strip()[:400], WORDS)
    return found


def _compare(question: str, asked: MathQuestion, found: Found, truth: Found) -> tuple[dict[str, bool], str, str]:
    """Return whether an answer is right under each rule, how it differs where it is not exactly right, and by what."""
    if found.number is None or truth.number is None:
        same = _is_same_form(asked, found, truth)
        if same == GIVEN_UP:
            return dict.fromkeys(RULES, False), GIVEN_UP, FORMULA
        return dict.fromkeys(RULES, bool(same)), "" if same else "other text", same or "text"
    left, right = found.number, truth.number
    if left.fraction is not None and not left.repeats and _is_left_undone(question, asked, left.fraction):
        return dict.fromkeys(RULES, False), "not carried out", "number"
    pairs = _readings(question, asked, left, right)
    if any(is_exact(*pair) for pair in pairs):  # which is right under every rule, and the commonest case
        return dict.fromkeys(RULES, True), "", "number"
    rules = {name: any(rule(*pair) for pair in pairs) for name, rule in RULES.items()}
    return rules, difference(*pairs[0]), "number"


def _is_same_form(asked: MathQuestion, found: Found, truth: Found) -> str:
    """Return what shows that an answer that is no plain number is the reference: "text", "formula", or nothing.

    `GIVEN_UP` where that could not be found out in time.
    """
    if truth.number is not None:  # the number is an expression's value, or it is wrong: `3!` for 6
        pairs = [(found.span, truth.span)] if asked.type in FREE_TYPES and found.kind != WORDS else []
    else:
        pairs = [(found.span, truth.span), (found.formula, truth.span), (found.span, truth.formula)]
        words = WORDS in (found.kind, truth.kind)
        for one, other in pairs:
            if one and other and (same_text(one, other) or same_text(formula(one), formula(other))):
                return "text"
            if words and len(spelling(one)) > 1 and spelling(one).casefold() == spelling(other).casefold():
                return "text"  # Yes, yes
        if asked.type not in FREE_TYPES or WORDS in (found.kind, truth.kind):
            return ""
    # The last and costliest comparison: of formulas that are the same in another form.
    outcome = ""
    for one, other in pairs:
        if one and other and (said := compared(formula(one), formula(other))) != "different":
            outcome = FORMULA if said == "same" else outcome or GIVEN_UP
            if outcome == FORMULA:
                break
    return outcome


def _is_left_undone(question: str, asked: MathQuestion, fraction: tuple[Decimal, Decimal]) -> bool:
    """Tell whether a fraction is no result: 10/12 where the simplest form is asked for, 72/9 for 8; 5/9 is one."""
    if asked.type in FREE_TYPES:
        return _SIMPLEST.search(question) is not None and not in_lowest_terms(fraction)
    return (asked.type == "fraction" and not in_lowest_terms(fraction)) or is_whole_division(fraction)


def _readings(question: str, asked: MathQuestion, left: Number, right: Number) -> list[tuple[Number, Number]]:
    """Return the ways in which answer and reference can be read where only one has a percent sign, 万 or 亿."""
    if (left.scale, left.percent) == (right.scale, right.percent):
        return [(left, right)]
    if asked.type == "sales" and not left.percent:
        # Its template counts in 万元 and leaves that out of the solution.
        return [(_in_ten_thousands(left), _in_ten_thousands(right))]
    if asked.type == "discount" and not left.scale:  # counted in percent
        return [(left, right)]
    worth = (left.worth, right.worth)
    if asked.type in FREE_TYPES and left.scale and not right.scale and _asks_in(question, left.scale):
        return [(replace(left, scale=0, significant=0), right), worth]
    if asked.type in FREE_TYPES and left.scale == right.scale:
        # The sign may be the unit that a free problem asks for, or part of the value: 20, 20 % and 0.2.
        if left.percent:
            return [(left, right)] if _IN_PERCENT.search(question) else [worth]
        return [(left, right), worth]
    return [worth]


def _asks_in(question: str, scale: int) -> bool:
    """Tell whether a question counts in this scale itself: `How many million dollars?`."""
    return any(word in question for word, power in SCALE_WORDS.items() if power == scale and len(word) > 1)


def _in_ten_thousands(number: Number) -> Number:
    """Return an amount of money in 万元, which it is in where it names no other scale."""
    power = number.scale - 4 if number.scale else 0
    return replace(
        number, value=EXACT.scaleb(number.value, power), decimals=number.decimals - power, scale=0,
        significant=number.significant if power else 0,
    )  # fmt: skip


def _without_equation(answer: str, asked: MathQuestion) -> str:
    """Blank out the equation itself where an answer cites it: its `= 0` is no result."""
    if asked.type != "equation":
        return answer
    operands = tuple(operand.lstrip("-") for operand in asked.operands)
    for cited in _EQUATION.finditer(plain(answer)):
        if cited.groups() == operands:
            answer = answer[: cited.start()] + " " * (cited.end() - cited.start()) + answer[cited.end() :]
    return answer
