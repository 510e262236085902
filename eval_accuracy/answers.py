"""Where in a text the final answer stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.boxed import last_boxed
from core.math_types import recognise
from eval_accuracy.values import Number, first_number, last_number, plain

# What follows the end of an answer when decoding did not stop there: end marks and the next turn of a conversation.
_TURN = re.compile(
    r"</s>|<eoa>|<eoh>|<\|end_of_text\|>|<\|eot_id\|>|<\|im_end\|>|<\|endoftext\|>"
    r"|<\|(?:User|Bot|im_start)\|>|\n\s{0,9}(?:###\s?(?:Instruction|Input)\b|USER\s?:|Human\s?:)"
)
# The next task a model sets itself; before the first number it is rather the task at hand, said again.
_NEXT_TASK = re.compile(r"\n\s{0,9}(?:题目|问题|Question|Problem)\s?[:：]")
_DIGIT = re.compile("[0-9０-９]")
# Where the answer begins; it matches at the start of any text, if only the empty string.
_RESPONSE_MARK = re.compile(r"\s*(?:###\s?Response\s?:|ASSISTANT\s?:|<eoh>|<\|Bot\|>\s?:|\s)*")
# What stands before the question in the prompts of this field.
_PROMPT_HEAD = re.compile(r"###|<\|User\|>|USER:|Below is an instruction|Here is a question about")
# Only so much of a text's end is read, and so many markers, so that no answer costs more than a moment.
_LONGEST_TEXT, _LONGEST_CLAUSE, _MOST_MARKERS = 20_000, 400, 60

_MARKER = re.compile(
    r"(?:≈|~=|≒|=|等于|约等于)"
    r"|(?P<phrase>(?:最终|最后)?(?:答案|结果)(?:就?是|为|[:：])|方程的解(?:为|是)|平均[值数](?:为|是)|函数的?值(?:为|是)"
    r"|面积(?:为|是)|质量(?:为|是)|折扣比例(?:为|是)|最简(?:化的)?(?:形式|分数)(?:为|是)"
    r"|\b[Ff]inal(?:\s[Aa]nswer)?\s?(?:is\b|[,:])|\b[Aa]nswer\s?(?:is\b|:))"
    r"|(?P<colon>:)(?=[ \t]{0,3}[-+]?[ \t]?[¥$]?[.]?[0-9])"
)


@dataclass(frozen=True)
class Found:
    """An answer in a text: the marker that pointed at it, the words, the number where they are one."""

    marker: str
    span: str
    number: Number | None


def without_echo(prediction: str, question: str, prompt: str | None = None) -> str:
    """Return a prediction without the prompt or question it repeats, and without what follows its end mark.

    Args:
        prediction: what the model wrote, or prompt and answer together.
        question: the question's own text.
        prompt: the text the model was given, where it is known.
    """
    if prompt and prediction.startswith(prompt):
        text = prediction.removeprefix(prompt)
    else:
        text = _after_question(prediction, question.strip())
    text = _RESPONSE_MARK.sub("", text, count=1)
    if turn := _TURN.search(text):
        text = text[: turn.start()]
    if (task := _NEXT_TASK.search(text)) and _DIGIT.search(text, 0, task.start()):
        text = text[: task.start()]
    return _before_next_question(text)


def _after_question(text: str, question: str) -> str:
    at = plain(text).find(plain(question)) if question else -1
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

    Looked for in this order: in the last \boxed{}; after the last marker (=, ≈, :, a final-answer phrase) that a
    number follows; where there is no marker, the last number of the text.
    """
    text = text[-_LONGEST_TEXT:]
    ascii_text = plain(text)
    if box := last_boxed(text):
        content, inside = box.content, plain(box.content)
        if number := first_number(inside, 0, len(inside), fractions=True):
            return Found("boxed", content[number.start : number.end].strip(), number)
    markers = list(_MARKER.finditer(ascii_text))[-_MOST_MARKERS:]
    end = len(text)
    for marker in reversed(markers):
        stop = min(end, marker.end() + _LONGEST_CLAUSE)
        if number := first_number(ascii_text, marker.end(), stop, fractions):
            return Found(marker[0], text[number.start : number.end].strip(), number)
        end = marker.start()
    if not markers and (number := last_number(ascii_text, fractions)):
        return Found("last number", text[number.start : number.end].strip(), number)
    return None


def final_clause(text: str) -> Found | None:
    r"""Return the words of the final answer of a free-form problem: the last \boxed{}, else after the last phrase."""
    text = text[-_LONGEST_TEXT:]
    if (box := last_boxed(text)) and box.content:
        return Found("boxed", box.content, None)
    phrases = [match for match in _MARKER.finditer(plain(text)) if match["phrase"]]
    if not phrases:
        return None
    clause = text[phrases[-1].end() : phrases[-1].end() + _LONGEST_CLAUSE].strip().split("\n", 1)[0]
    math = re.match(r"[^$\n]{0,40}\$([^$]{1,200})\$", clause)
    span = math[1] if math else re.split(r"[.。;；](?:\s|$)", clause, maxsplit=1)[0]
    return Found(phrases[-1][0], span.strip(" .。*"), None)
