"""Where in a text the final answer stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.tasks.boxed import last_boxed
from core.tasks.math import recognise
from eval_accuracy.extraction.numbers import (
    Number,
    chinese_number,
    first_number,
    last_chinese_number,
    last_number,
    plain,
)

# A pattern of many alternatives begins with the characters that one of them can begin with: it is tried at few places.
# What follows the end of an answer when decoding did not stop there: end marks and the next turn of a conversation.
# "7</s> x" -> "</s>"
# "7\n### Instruction:" -> "\n### Instruction"
_TURN = re.compile(
    r"(?=[<\nU])(?:</s>|USER\s?:|<eoa>|<eoh>|<\|end_of_text\|>|<\|eot_id\|>|<\|im_end\|>|<\|endoftext\|>"
    r"|<\|(?:User|Bot|im_start)\|>|\n\s{0,9}(?:###\s?(?:Instruction|Input)\b|USER\s?:|Human\s?:))"
)
# The next task a model sets itself; before the first number it is rather the task at hand, said again.
# "7\n题目：计算" -> "\n题目："
_NEXT_TASK = re.compile(r"\n\s{0,9}(?:题目|问题|Question|Problem)\s?[:：]")
# GSM8K's last line; what follows it is no part of the answer.
# "so 72\n#### 72\nMore" -> "#### 72"
_SOLVED = re.compile(r"####[^\n]{0,20}[0-9][^\n]{0,400}")
# "共 ７ 个" -> "７"
_DIGIT = re.compile("[0-9０-９]")
# A remark on how an answer is rounded has numbers of its own, and a check of it has other results.
_COUNT = "[0-9零一二两三四五六七八九十]{1,3}"
# "保留2位小数" -> "保留2位"
# "to 0.01" -> "to 0.01"
_ROUNDED = re.compile(
    rf"(?=[保精四小零一二两三五六七八九十0-9t])(?:(?:保留|小数点后){_COUNT}\s?位|{_COUNT}\s?位(?:有效数字|小数)"
    r"|(?:精确|四舍五入)[到至]0\.[01]+"
    r"|[0-9]+[ -](?:decimal|significant)|to\s(?:the\snearest\s)?0\.0*1(?![0-9]))"
)
_ROUNDING_WORDS = ("位", "精确", "四舍五入", "decimal", "significant", "to 0", "to the nearest 0")
# "x = 2, check: 2 + 2" -> "check:"
_CHECK = re.compile(r"(?=[检验代CcVv])(?:检验|验证|验算|代入原方程|\b[Cc]heck|\b[Vv]erification)\s?:")
# Where the answer begins; it matches at the start of any text, if only the empty string.
# "\n### Response: 7" -> "\n### Response: "
_RESPONSE_MARK = re.compile(r"\s*(?:###\s?Response\s?:|ASSISTANT\s?:|<eoh>|<\|Bot\|>\s?:|\s)*")
# What stands before the question in the prompts of this field.
# "USER: 3 + 4" -> "USER:"
_PROMPT_HEAD = re.compile(r"###(?!#)|<\|User\|>|USER:|Below is an instruction|Here is a question about")
# Only so much of a text's end is read, and so many markers, so that no answer costs more than a moment.
_LONGEST_TEXT, _LONGEST_CLAUSE, _MOST_MARKERS = 20_000, 400, 60

# What says in so many words that the final answer follows; `####` is GSM8K's mark.
# "so 答案是 7" -> "答案是"
# "The final answer is 7" -> "final answer is"
_FINAL = re.compile(
    r"(?=[#最答FfAa])(?:####|(?:最终|最后)的?结果\*{0,2}(?:就?是|应?为|[:：])|答案\*{0,2}(?:[就应该]{0,2}是|应?为|[:：])"
    r"|\b[Ff]inal(?:\s[Aa]nswer)?\*{0,2}\s?(?:is\b|[,:])|\b[Aa]nswer\*{0,2}\s?(?:is\b|:))"
)
# What may stand between that and the number itself, and where the answer's clause ends.
# "**约 7" -> "**约 "
_LEAD = re.compile(r"(?:[\s*_¥$\"“'(\[{:]|\\[(\[]){0,12}(?:(?:大?约为?|about|approximately|[xy]\s?=)\s{0,2})?")
# "7，因为" -> "，"
_CLAUSE_END = re.compile(r"[\n，。；;]|[,.](?=\s|$)|\((?=[^\s0-9(.+*/√-])")
# "3 + 4 = 7" -> "="
_EQUALS = re.compile(r"≈|~=|≒|=|等于")
# "结果为 7" -> {"phrase": "结果为"}
# "得 7" -> {"colon": "得"}
# "1/3 ≈ 0.33" -> "≈"
_MARKER = re.compile(
    r"(?=[≈~≒=等约#最答FfAa结方平函面质今折:即得])(?:(?:≈|~=|≒|=|等于|约等于)"
    rf"|(?P<phrase>{_FINAL.pattern}|结果(?:就?是|为|[:：])|方程的解(?:为|是)|平均[值数](?:为|是)|函数的?值(?:为|是)"
    r"|面积(?:为|是)|质量(?:为|是)|今年的?销售额(?:为|是)|折扣比例(?:为|是)|最简(?:化的)?(?:形式|分数)(?:为|是))"
    r"|(?P<colon>(?<![0-9]):|即|得[到出]?)(?=[ \t]{0,3}[-+]?[ \t]?[¥$]?[.]?[0-9]))"
)
# A clause that states a formula is that formula; any other ends where its sentence does.
# "is $x^2$ then" -> ("x^2",)
_IN_DOLLARS = re.compile(r"[^$\n]{0,40}\$([^$]{1,200})\$")
# "seven. It" -> ". "
_SENTENCE_END = re.compile(r"[.。;；](?:\s|$)")
_UNMARKED = "last number"


@dataclass(frozen=True)
class Found:
    """An answer in a text: the marker that pointed at it, the words, the number where they are one."""

    marker: str
    span: str
    number: Number | None


def without_echo(prediction: str, question: str, prompt: str | None = None) -> str:
    """Return a prediction without the prompt or question it repeats, its reasoning, and what follows its end mark.

    Args:
        prediction: what the model wrote, or prompt and answer together.
        question: the question's own text.
        prompt: the text the model was given, where it is known.
    """
    if prompt and prediction.startswith(prompt):
        text = prediction.removeprefix(prompt)
    else:
        text = _after_question(prediction, question.strip())
    text = _RESPONSE_MARK.sub("", text.rpartition("</think>")[2], count=1)
    if turn := _TURN.search(text):
        text = text[: turn.start()]
    if end := _SOLVED.search(text):
        text = text[: end.end()]
    if (task := _NEXT_TASK.search(text)) and _DIGIT.search(text, 0, task.start()):
        text = text[: task.start()]
    return _before_next_question(text)


def _after_question(text: str, question: str) -> str:
    at = plain(text).find(plain(question)) if 0 < len(question) <= len(text) else -1
    if at < 0:
        return text
    before, rest = text[:at], text[at + len(question) :]
    if not before.strip() or _PROMPT_HEAD.search(before) or _RESPONSE_MARK.sub("", rest, count=1).strip():
        return rest
    # A question that comes after the answer, with nothing behind it, is the model going on with its own next turn.
    return before


def _before_next_question(text: str) -> str:
    """Drop what a model goes on with after its answer: further questions of the corpus' kind."""
    at = text.find("\n", len(text) - len(text.lstrip()))
    for _ in range(_MOST_MARKERS):
        if at < 0:
            break
        end = text.find("\n", at + 1)
        line = text[at + 1 : len(text) if end < 0 else end]
        if len(line) < 300 and recognise(line).type not in ("english", "other"):
            return text[:at]
        at = end
    return text


def final_number(text: str, fractions: bool) -> Found | None:
    r"""Return the final number of an answer in Chinese or English.

    Looked for in this order: in the last \boxed{}; right after the last phrase that announces the final answer, so
    that a check of it may follow; after the last marker (=, ≈, :, a phrase) that a number follows; where there is no
    marker, the last number of the text. A number may be written in Chinese characters.
    """
    text = text[-_LONGEST_TEXT:]
    ascii_text = plain(text)
    if any(word in ascii_text for word in _ROUNDING_WORDS):
        ascii_text = _ROUNDED.sub(lambda remark: "字" * len(remark[0]), ascii_text)
    if "\\" in text and (box := last_boxed(text)):
        content, inside = box.content, plain(box.content)
        if number := first_number(inside, 0, len(inside), fractions=True):
            return Found("boxed", content[number.start : number.end].strip(), number)
    stated = _stated(ascii_text, fractions) or _checked(ascii_text, fractions)
    marker, found = stated or _marked(ascii_text, fractions)
    return Found(marker, text[found.start : found.end].strip(), found) if found else None


def _stated(text: str, fractions: bool) -> tuple[str, Number] | None:
    """Return the last final-answer phrase and the number it states outright, alone or as the value of an equation."""
    phrases = list(_FINAL.finditer(text))
    if not phrases:
        return None
    start = _after(_LEAD, text, phrases[-1].end())
    stop = min(len(text), start + _LONGEST_CLAUSE)
    if ending := _CLAUSE_END.search(text, start, stop):
        stop = ending.start()
    if equals := list(_EQUALS.finditer(text, start, stop)):
        start = _after(_LEAD, text, equals[-1].end())
    number = _number_after(text, start, stop, fractions)
    return (phrases[-1][0], number) if number and number.start == start else None


def _checked(text: str, fractions: bool) -> tuple[str, Number] | None:
    """Return what is marked before a check of the answer."""
    check = _CHECK.search(text)
    marker, number = _marked(text[: check.start()], fractions) if check else ("", None)
    return (marker, number) if number and marker != _UNMARKED else None


def _marked(text: str, fractions: bool) -> tuple[str, Number | None]:
    """Return the last marker that a number follows, and that number; without any marker, the last number."""
    markers = list(_MARKER.finditer(text))[-_MOST_MARKERS:]
    end = len(text)
    for marker in reversed(markers):
        stop = min(end, marker.end() + _LONGEST_CLAUSE)
        if number := _number_after(text, marker.end(), stop, fractions):
            return marker[0], number
        end = marker.start()
    if markers:
        return "", None
    last = last_number(text, fractions) if _DIGIT.search(text) else last_chinese_number(text)
    return _UNMARKED, last


def _number_after(text: str, start: int, stop: int, fractions: bool) -> Number | None:
    """Return the first number of a part of a text; in Chinese characters only where its clause has no digit."""
    at = _after(_LEAD, text, start)
    if number := chinese_number(text, at, stop):
        ending = _CLAUSE_END.search(text, at, stop)
        if not _DIGIT.search(text, number.end, ending.start() if ending else stop):
            return number
    return first_number(text, start, stop, fractions)


def _after(pattern: re.Pattern[str], text: str, start: int) -> int:
    match = pattern.match(text, start)
    return match.end() if match else start


def final_clause(text: str) -> Found | None:
    r"""Return the words of the final answer of a free-form problem: the last \boxed{}, else after the last phrase."""
    text = text[-_LONGEST_TEXT:]
    if (box := last_boxed(text)) and box.content:
        return Found("boxed", box.content, None)
    phrases = [match for match in _MARKER.finditer(plain(text)) if match["phrase"]]
    if not phrases:
        return None
    clause = text[phrases[-1].end() : phrases[-1].end() + _LONGEST_CLAUSE].strip().split("\n", 1)[0]
    math = _IN_DOLLARS.match(clause)
    span = math[1] if math else _SENTENCE_END.split(clause, maxsplit=1)[0]
    return Found(phrases[-1][0], span.strip(" .。*"), None)
