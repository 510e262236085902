"""What a clause is: the answer announced, a step, a reason, a remark, a quotation, a refusal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from eval_accuracy.extraction.clauses import Clause
from eval_accuracy.extraction.words import (
    ANSWER_EN,
    ANSWER_ZH,
    CHECK_EN,
    CHECK_ZH,
    CLOSING_EN,
    CLOSING_ZH,
    CONCLUSION_EN,
    CONCLUSION_ZH,
    CONDITION_EN,
    CONDITION_ZH,
    CORRECTION_EN,
    CORRECTION_ZH,
    DENIED_EN,
    DENIED_ZH,
    NO_VALUE_EN,
    NO_VALUE_ZH,
    REASON_EN,
    REASON_ZH,
    REFUSAL_EN,
    REFUSAL_ZH,
    RESTATED_EN,
    RESTATED_ZH,
    RETRACT_EN,
    RETRACT_ZH,
    ROUNDED,
    STEP_EN,
    STEP_ZH,
    SUPPOSED_EN,
    SUPPOSED_ZH,
    SUPPOSITION_EN,
    SUPPOSITION_ZH,
    WRONG_EN,
    WRONG_ZH,
    either,
    english,
)

ORDINARY, REASON, CONDITION, CHECK, ROUNDING, RESTATED = (
    "statement",
    "reason",
    "condition",
    "check",
    "rounding",
    "restated",
)
SUPPOSITION, WRONG, RETRACTION, REFUSAL, QUESTION, QUOTED = (
    "supposition",
    "called wrong",
    "taken back",
    "refusal",
    "question",
    "quotation",
)
CLOSING, STEP = "closing words", "step"
# No answer, said for good; where words can be the answer, it is one.
NO_VALUE = "no value"
# Kinds that never hold the answer, and those that hold it where nothing else does.
NEVER = frozenset({SUPPOSITION, WRONG, RETRACTION, REFUSAL, QUESTION, ROUNDING})
LAST = frozenset({REASON, CONDITION, CHECK, RESTATED, QUOTED, CLOSING, STEP})
# Of these, what may well hold the answer: `because 3 + 4 = 7`, and nothing else is said.
LIKELY = frozenset({REASON, CONDITION, QUOTED})

_START = (
    r"^[\s*_\-—–:(（,，“\"']{0,9}(?:[^:0-9=]{0,24}:\s?)?(?:and\s|but\s|so\s|even\s|而|并且?|且|再|先|但是?|[Hh]ere,?\s"
    r"|then\s|just\s|also\s|of\scourse\s)?"
)
# "保留2位小数" -> "保留2位小数"
# "(2 d.p.)" -> "2 d.p."
# "精确到0.01" -> "精确到0.01"
ROUNDING_REMARK = re.compile(either(ROUNDED), re.IGNORECASE)
# "保留2位" -> "保留"
_MAY_ROUND = re.compile(
    "位|精确|四舍五入|decimal|signif|sig|d\\.? ?p|s\\.? ?f|nearest|places|digits|0?\\.0*1|within|舍入|误差|保留|dec",
    re.IGNORECASE,
)
# "because 3 + 4" -> "because"
# "因为 3" -> "因为"
_REASON = re.compile(rf"{_START}(?:{english(REASON_EN)}|{either(REASON_ZH)})", re.IGNORECASE)
# "for n = 3" -> "for"
# "当 x = 3" -> "当"
_CONDITION = re.compile(rf"{_START}(?:{english(CONDITION_EN)}|{either(CONDITION_ZH)})", re.IGNORECASE)
# What is done, with what comes of it, is no condition.
# "把 3 代入，就有 y = 7" -> "把 3 代入，就有"
_CARRIED_OUT = re.compile(
    r"\s*(?:把|将|代入|取).{0,60}?(?:就|则|便|即|可|解|求|算|[进去])(?:[有得]|可得|得到)(?!到?的)"
)
# "Check: 7" -> "Check"
# "检验" -> "检验"
_CHECK = re.compile(rf"{_START}(?:{english(CHECK_EN)}|[^0-9=]{{0,8}}{either(CHECK_ZH)})", re.IGNORECASE)
# "I hope it helps" -> "I hope"
# "祝你学习进步" -> "祝"
_CLOSING = re.compile(rf"{_START}(?:{english(CLOSING_EN)}|{either(CLOSING_ZH)})", re.IGNORECASE)
# "The first operation results in 7" -> "The first operation"
# "先得 7" -> "先"
_STEP = re.compile(rf"{_START}(?:{english(STEP_EN)}|{either(STEP_ZH)})", re.IGNORECASE)
# "suppose it is 3" -> "suppose"
# "假设答案是 3" -> "假设"
_SUPPOSITION = re.compile(
    rf"{_START}(?:{english(SUPPOSITION_EN)}|{either(SUPPOSITION_ZH)})|{english(SUPPOSED_EN)}|{either(SUPPOSED_ZH)}",
    re.IGNORECASE,
)
# "43 is wrong" -> "wrong"
# "43 不对" -> "不对"
_WRONG = re.compile(rf"{english(WRONG_EN)}|{either(WRONG_ZH)}", re.IGNORECASE)
# "is not 43" -> "not 4"
# "不是 43" -> "不是 4"
_DENIED = re.compile(
    rf"(?:{english(DENIED_EN)}|{either(DENIED_ZH)})(?:[^0-9\\]|\\[a-z([]+){{0,12}}[0-9]", re.IGNORECASE
)
# What only looks like a word for wrong: an error of measurement, `not only`, 不难, 误差.
# "误差不超过" -> "误差"
_NO_WRONG = re.compile(
    r"误差|不难|没有?错|不错|错误率|\bnot\s(?:only|just|hard|difficult|to\smention|surprising\w*|needed|required)"
    r"|\berror\s(?:bar|margin|of)"
    r"|is\snot\san?\s(?:integer|whole)|nothing\swrong|no\smistakes?|not\sdepend\w*|not\schange\w*|whether",
    re.IGNORECASE,
)
# A word of caution takes nothing back: `如有错误请指正`.
# "if anything is wrong" -> "if "
_CAUTION = re.compile(
    r"[如若]有|如果|指正|有没有|是否|避免|常见|容易|易错|小心|注意|\bif\s|let\sme\sknow|please|\bany\b|avoid"
    "|common|careful|beware",
    re.IGNORECASE,
)
# "Wait, that is wrong" -> "wrong"
_RETRACT = re.compile(rf"{english(RETRACT_EN)}|{either(RETRACT_ZH)}", re.IGNORECASE)
# "I do not know" -> "do not"
_REFUSAL = re.compile(rf"{english(REFUSAL_EN)}|{either(REFUSAL_ZH)}", re.IGNORECASE)
# "actually 7" -> "actually"
# "应为 7" -> "应为"
CORRECTION = re.compile(
    rf"{_START}(?:no\b,?\s?|wait\b,?\s?|不,?\s?)?(?:{english(CORRECTION_EN)}|{either(CORRECTION_ZH)})", re.IGNORECASE
)
# "即 5.49 折" -> "即"
# "that is 0.42" -> "that is"
_RESTATED = re.compile(rf"{_START}(?:{english(RESTATED_EN)}|{either(RESTATED_ZH)})", re.IGNORECASE)
# "是多少" -> "多少"
_ASKED = re.compile(r"(?:多少|几[个何]?|吗|呢|什么|哪[个里些])\s*$")
# "43(×)" -> "(×)"
_CROSSED = re.compile(r"[（(]\s?[×✗✘❌xX]\s?[)）]\s*$|[✗✘❌]")
# "即 2 × 3 的值为 6" -> "的值"
_NAMES_VALUE = re.compile(r"的值|答案|结果|等于|=|\b(?:answer|result)\b", re.IGNORECASE)
# "is undefined at 3" -> "undefined"
_NO_VALUE = re.compile(rf"{english(NO_VALUE_EN)}|{either(NO_VALUE_ZH)}", re.IGNORECASE)
# " tell if 43" -> "if"
_WHETHER = re.compile(r"\b(?:if|whether)\b|是否|是不是")
# "x = 7" -> "7"
_DIGIT = re.compile("[0-9]")
# "(a, b)" -> "("
_FILLING = re.compile(r"[^\w+*/×÷^=<>.%-]+|_+")
# A refusal may name a number behind it: `I do not know whether it is 7`.
_NEAR_START = 8
_QUOTED_LENGTH = 4


@dataclass(frozen=True)
class Kind:
    """A clause, what it is, and its text without remarks on rounding (blank, so that places stay)."""

    clause: Clause
    name: str
    text: str


def kinds(clauses: Sequence[Clause], question: str) -> list[Kind]:
    """Return what each clause is.

    `3 + 4 = 7`, `because 3 + 4 = 7`, `rounded to 2 decimals`, `not 8` are "statement", "reason", "rounding" and
    "called wrong".
    """
    found: list[Kind] = []
    checking = closing = False
    for clause in clauses:
        closing = closing and clause.before not in ("\n", "#")
        for kind in _parts(_kind(clause, question), question):
            before = found[-1].name if found and clause.before in _COMMAS else ""
            if checking and kind.name == ORDINARY and clause.before != "(":
                # `To check, estimate: 3 + 5 = 8` is a check to its end; a conclusion after it is none.
                checking = _CONCLUSION.match(kind.text) is None
                kind = Kind(clause, CHECK, kind.text) if checking else kind
            elif kind.name == CHECK:
                opens = not _DIGIT.search(kind.text) or ":" in kind.text
                checking = checking or (opens and clause.before in _OPENS_CHECK)
            elif (
                before == SUPPOSITION
                and kind.name == ORDINARY
                and not _CONTRAST.match(kind.text)
                and _UNREAL.search(found[-1].text)
                and not _CONCLUSION.match(kind.text)
            ):
                kind = Kind(clause, SUPPOSITION, kind.text)  # `if we estimate with 3 and 4 instead, their sum is 7`
            elif kind.name == ORDINARY and _goes_on(before, closing, kind.text):
                kind = Kind(clause, before or CLOSING, kind.text)  # `we can confirm this, which gave 7`
            elif before in (SUPPOSITION, WRONG) and _WOULD.search(kind.text):
                kind = Kind(clause, SUPPOSITION, kind.text)  # `had we read 6, the result would be 7`
            elif before == NO_VALUE and kind.name != NO_VALUE:
                kind = Kind(clause, REFUSAL, kind.text)  # `impossible to tell, even knowing 7`
            closing = closing or kind.name == CLOSING
            found.append(kind)
    return found


def _goes_on(before: str, closing: bool, text: str) -> bool:
    """Tell whether a statement belongs to the check, the list of data or the closing words before it."""
    if before == STEP:
        return _NUMBERS.fullmatch(text) is not None
    if before == SUPPOSITION:
        return _RELATIVE.match(text) is not None  # `a rough estimate, which gave 7`
    return (before in (CHECK, CLOSING) or closing) and _CONCLUSION.match(text) is None


def _parts(kind: Kind, question: str) -> list[Kind]:
    """Part a clause at its colon where only what stands before it is called wrong: `not 7: the true value is 8`."""
    colon = kind.text.find(":")
    if kind.name != WRONG or colon < 0 or not _DIGIT.search(kind.text, colon):
        return [kind]
    clause = kind.clause
    left = replace(clause, text=clause.text[:colon], end=clause.start + colon, after=":")
    right = replace(clause, text=clause.text[colon + 1 :], start=clause.start + colon + 1, before=":")
    return [_kind(left, question), _kind(right, question)]


def _kind(clause: Clause, question: str) -> Kind:
    text = clause.text
    if _MAY_ROUND.search(text) and (shorter := ROUNDING_REMARK.sub(lambda remark: " " * len(remark[0]), text)) != text:
        if not _DIGIT.search(shorter) and not _LETTERS.search(shorter):
            return Kind(clause, ROUNDING, shorter)
        text = shorter
    return Kind(clause, _name(clause, text, question), text)


_COMMAS = (",", "，", ";", "；")
# "the result would be 7" -> "would"
_WOULD = re.compile(r"\bwould\b|^\s*(?:则|就|那么|会|得)")
# "3, 7" -> "3, 7"
_NUMBERS = re.compile(r"[-+.,0-9\s$¥%]*")
# "which gave 7" -> "which"
_RELATIVE = re.compile(r"\s*(?:which|whose)\b|\s*这[个会]?")
# "if we estimate with 3" -> "estimat"
_UNREAL = re.compile(r"\binstead\b|\bestimat|\bguess|approximat|[估猜]|近似", re.IGNORECASE)
# "但精确计算得到 7" -> "但"
_CONTRAST = re.compile(
    r"\s*(?:but|however|yet|actually|(?:the|its?|our)\s(?:exact|precise|true|actual|real|correct|accurate|answer)|但|然而|不过|而(?!且)|实际|精确|准确)",
    re.IGNORECASE,
)
_OPENS_CHECK = ("", "\n", ".", "。", ";", "；", "!", "！")
# "So we get 7" -> "So"
# "x = 7" -> "x ="
_CONCLUSION = re.compile(
    rf"{_START}(?:{english(CONCLUSION_EN)}|{either(CONCLUSION_ZH)}|{english(ANSWER_EN)}|{either(ANSWER_ZH)}|x\s?=)",
    re.IGNORECASE,
)
# "of the answer" -> "answer"
_LETTERS = re.compile(r"答案|结果|answer|result|[一二三四五六七八九十]", re.IGNORECASE)
# "3 + 4 = 7" -> "3 + 4 = 7"
_PLAIN = re.compile(r"[-+*/×÷=^().,0-9\s$¥%]*")


def _name(clause: Clause, text: str, question: str) -> str:
    if clause.after in ("?", "？") or _ASKED.search(text):
        return QUESTION
    if _PLAIN.fullmatch(text) and clause.before != "condition":
        return ORDINARY
    has_digit = _DIGIT.search(text) is not None
    if CORRECTION.search(text) and (has_digit or len(text.strip()) < 14):
        return ORDINARY
    if _CROSSED.search(text):
        return WRONG
    wrong = _WRONG.search(text) or _RETRACT.search(text) or (_DENIED.search(text) and "boxed" not in text)
    if wrong and not _NO_WRONG.search(text):
        if not has_digit and _RETRACT.search(text) and not _CAUTION.search(text):
            return RETRACTION
        if has_digit or clause.before == "(":
            return WRONG
    if _NO_VALUE.search(text):
        return NO_VALUE
    refusal = _REFUSAL.search(text)
    if refusal and (not has_digit or refusal.start() < _NEAR_START or _WHETHER.search(text, refusal.end())):
        return REFUSAL
    if _SUPPOSITION.search(text):
        return SUPPOSITION
    if _CHECK.search(text):
        return CHECK
    if _CLOSING.search(text):
        return CLOSING
    if _STEP.search(text) or (clause.before == "#" and has_digit and not _NAMES_VALUE.search(text)):
        return STEP
    if _REASON.search(text):
        return REASON
    if (_CONDITION.search(text) and not _CARRIED_OUT.match(text)) or clause.before == "condition":
        return CONDITION
    if clause.before in (*_COMMAS, "(", "。", "which") and _RESTATED.search(text) and not _NAMES_VALUE.search(text):
        return RESTATED
    if clause.before == "(":
        return RESTATED
    if question and has_digit:
        words = _FILLING.sub("", text).lower()
        if len(words) >= _QUOTED_LENGTH and words in _words(question) and not _is_digits(words):
            return QUOTED
    return ORDINARY


def _is_digits(words: str) -> bool:
    return words.replace(".", "").lstrip("-").isdigit()


@lru_cache(maxsize=64)
def _words(question: str) -> str:
    """Return the characters of a question that count in a comparison of words."""
    return _FILLING.sub("", question).lower()
