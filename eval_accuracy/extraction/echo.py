"""A model's text without what is not its answer: prompt and question said again, reasoning apart, further questions."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.tasks.math import FREE_TYPES, recognise
from eval_accuracy.extraction.numbers import digits_in, plain
from eval_accuracy.extraction.options.named import head_and_options

# What follows the end of an answer when decoding did not stop there: end marks and the next turn of a conversation.
# Special tokens of chat templates: what stands between turns, but not what marks a box or a thought.
# "7</s> x" -> "</s>"
# "7\n### Instruction:" -> "\n### Instruction"
_TURN = re.compile(
    r"(?=[<\nU])(?:\n\s{0,9}\[INST\]|</?s>|USER\s?:|<eo[ahs]>|<\|(?!begin_of_box|end_of_box|think|message|channel|final)"
    r"[^|<>\n]{1,24}\|>|<｜[^｜<>\n]{1,24}｜>|<(?:start|end)_of_turn>|<\[?(?:end|eos)\]?>|\n\s{0,9}(?:###\s?(?:Instruction|Input|Question|指令|输入|问题|用户)|USER\s?:"
    r"|Human\s?:|User\s?:|Student\s?:|用户\s?[:：]|学生\s?[:：]))"
)
# What each of these marks holds; most texts hold none, and are not searched for the marks.
# "x < 3" -> "<"
_MAY_TURN = re.compile(r"<|\[INST\]|###|USER|Human|User|Student|用户|学生")
# The next task a model sets itself; before the first number it is rather the task at hand, said again.
# "7\n题目：计算" -> "\n题目："
_NEXT_TASK = re.compile(
    r"\n\s{0,9}[*#]{0,4}\s?(?:(?:(?:[Nn]ext|[Nn]ew|[Aa]nother|[Bb]onus|[Pp]ractice|[Ss]imilar|[Ff]ollow-?up"
    r"|[Ee]xtra)\s)?"
    r"(?:[Qq]uestion|[Pp]roblem|[Ee]xercise|[Tt]ask|[Ff]ollow-?up|[Pp]ractice|Q|Instruction|Input)"
    "|(?:下一?道?|新|另一?道?)?(?:题目?|问题?|练习题?|习题|例题?|思考题?|作业|追问|拓展|变式|指令))"
    r"(?:\s?[0-9]{0,3}\*{0,2}\s?[:：]|\s?[0-9]{1,3}\s?[.)]\s)"
)
# GSM8K's last line; what follows it is no part of the answer.
# "so 72\n#### 72\nMore" -> "#### 72"
_SOLVED = re.compile(r"####[^\n]{0,20}[0-9][^\n]{0,400}")
# "共 ７ 个" -> "７"
_DIGIT = re.compile("[0-9０-９]")
# Where the answer begins; it matches at the start of any text, if only the empty string.
# "\n### Response: 7" -> "\n### Response: "
_RESPONSE_MARK = re.compile(
    r"\s*(?:###\s?(?:Response|Output|Answer|回答|输出)\s?[:：]|(?:ASSISTANT|Assistant|助手|机器人)\s?[:：]"
    r"|\[/INST\]|<eoh>|<s>|<start_of_turn>(?:model)?|(?:</s>|<end_of_turn>|<\|(?:im_end|eot_id|end[a-z_]{0,12})\|>)(?=\s{0,9}[<\[A\n])|<\|im_start\|>assistant|<\|Bot\|>\s?:"
    r"|<\|start_header_id\|>assistant|<\|(?!think|begin_of_box|im_end|eot_id|end)[^|<>\n]{1,24}\|>|<｜(?!end)[^｜<>\n]{1,24}｜>|\s)*"
)
# What stands before the question in the prompts of this field.
# "USER: 3 + 4" -> "USER:"
_PROMPT_HEAD = re.compile(r"###(?!#)|<\|User\|>|USER:|Below is an instruction|Here is a question about")
# An example of a prompt with shots: a question's label, or options, and a stated answer after it.
# "Question: 2 + 2?\nAnswer: 4" -> {"answer": "Answer:"}
# "问题：2 + 2？\n答案：4" -> {"answer": "答案："}
_SHOT = re.compile(
    r"(?:(?:^|\n)\s{0,9}(?:Question|Problem|Q|问题?|题目|例题?\s?[0-9]{0,2})\s?[0-9]{0,3}\s?[.:：]"
    r"|\n\s{0,9}\(?D\s?[).．、:：])"
    r"(?:[^\n]|\n(?!\s{0,9}(?:Answer|A|答案?|解答?)\s?[:：])){0,2000}\n\s{0,9}(?P<answer>(?:Answer|A|答案?"
    r"|解答?)\s?[:：])"
)
# The end of such an example, and what its beginning holds.
# "4\nAnswer: 4" -> "\nAnswer:"
_SHOT_ANSWER = re.compile(r"\n\s{0,9}(?:Answer|A|答案?|解答?)\s?[:：]")
# "Question 1" -> "Q"
_MAY_ASK_SHOT = re.compile("[QPD问题例]")
# What a comparison of words passes over: all but letters, digits and the signs of arithmetic.
# "(A) x, y" -> "("
_FILLING = re.compile(r"[^\w+*/×÷^=<>%-]+|_+|(?<=[^0-9\W])-(?=[^\W0-9])")
# What a question begins with and its repetition may lack.
# "Question: Which" -> "Question: "
_LABEL = re.compile(r"^\s*(?:Question|Problem|Q|问题?|题目)\s?[:：]\s*")
# "3 + x" -> "x"
_LETTER = re.compile(r"[^\W\d_]")
# "计算 3 + x" -> "计"
_IDEOGRAPH = re.compile("[\u3400-\u9fff]")
# "再来一道：计算" -> "再来一道："
_LABELLED = re.compile(r"^\s{0,9}(?:【[^】\n]{1,12}】|[*#]{0,4}[^:：0-9\n=]{1,30}[:：]\*{0,2})\s{0,3}")
# "计算 1 + 1 等于多少？答案是 2" -> "计算 1 + 1 等于多少？"
_FIRST_SENTENCE = re.compile(r"[^?？。\n]{1,200}[?？。]")
# A line that sets a task.
# "Compute 3 * 4." -> "Compute 3 * 4."
_ASKS = re.compile(
    r"(?![^\n]*(?:\b[Yy]ou|[你您对吗]))[^\n]*[?？]\s*$|\s{0,9}(?:[0-9]{1,2}[.)]\s)?(?:Compute|Calculate|Subtract|Multiply|Divide|Add|Take|Find|Solve|Evaluate|Simplify|Reduce|Write|Express|What|How"
    r"|Raise|For\swhich|Determine"
    "|计算(?!结果|得|可|后|过程|的|如|出|器|机|一下得|下来|表明|显示|说明|发现|完|步骤|方法|公式|之后)|求(?!得|出|和|的)|解方程|将|化简(?!后|得|结果)|已知|一个|某|当"
    r"|小[明红华刚])[^\n]*[.?。？]?\s*$"
)
# What a line that sets a task, or is a question of the corpus, holds; others are not looked at further. Characters that
# are another spelling of an ideograph count as any.
# "so, how many?" -> "?"
_MAY_ASK = re.compile(
    r"[?？将求当某\u2e80-\u2fdf\uf900-\ufaff]|计算|解方程|化简|已知|一个|小[明红华刚]|商品|去年|Compute|Calculate|Subtract"
    r"|Multiply|Divide|Add|Take|Find|Solve|Evaluate|Simplify|Reduce|Write|Express|What|How|Raise|For\swhich|Determine"
)
# "2. 计算" -> "2. "
_POINT = re.compile(r"^\s{0,9}[0-9]{1,2}[.)、]\s?(?=[^0-9])")
# "求 3 + 4 答案是 7" -> "答案"
_ANSWER_NAMED = re.compile(r"答案|[解答][:：]|\b[Aa]nswer\b|\(It's")
# A line that states a result sets no task.
# "so the result is 7" -> "result is"
# "结果是 7" -> "结果是"
_RESULT = re.compile(
    r"(?:结果|答案|得数|求得|得到|算得|得出)(?:为|是|等于|:|：|\s?-?[0-9])|\b(?:answer|result)s?\s(?:is|are|was)\b"
    r"|\b(?:gives|yields|obtain|get)\b|[=≈]\s?[-$\\(]{0,4}[0-9][^=≈\n]{0,40}$",
    re.IGNORECASE,
)
# What can be an answer: a digit, a letter alone, a formula.
# "是 7 个" -> "7"
# "so x" -> "x"
_VALUE = re.compile(r"[0-9０-９零一二三四五六七八九十]|(?<![A-Za-z])[A-Za-z](?![A-Za-z])|\\[a-z]{2}")
# What says that an answer has been given.
# "答案是 7" -> "答案"
# "so the answer is" -> "answer"
_ANSWERED = re.compile(r"答案|最终|\b[Aa]nswer\b|\\boxed|####")
_SAME_SIGNS = str.maketrans("×·÷", "**/")
# Only so many lines are looked at, and so many repetitions, so that no answer costs more than a moment.
_MOST_LINES, _MOST_REPEATS, _SHORTEST, _LONGEST = 60, 20, 8, 20_000


@dataclass(frozen=True)
class Own:
    """The part of a text that is the model's own.

    Attributes:
        text: that part.
        seems_prompt: what looks like the examples of a prompt stands in it: prompt and question were not recognised.
    """

    text: str
    seems_prompt: bool = False


def without_echo(prediction: str, question: str, prompt: str | None = None) -> str:
    """Return a prediction without the prompt or question it repeats, its reasoning, and what follows its end mark.

    Args:
        prediction: what the model wrote, or prompt and answer together.
        question: the question's own text.
        prompt: the text the model was given, where it is known.
    """
    return own_text(prediction, question, prompt).text


def own_text(prediction: str, question: str, prompt: str | None = None) -> Own:
    """Do as `without_echo`, and say whether an unrecognised prompt seems to be left."""
    text = None
    if prompt:
        text = prediction.removeprefix(prompt) if prediction.startswith(prompt) else _behind(prediction, prompt)
    if text is None:
        text = _after_question(prediction, question.strip())
    text = _without_mark(text.rpartition("</think>")[2])
    if _MAY_TURN.search(text) and (turn := _TURN.search(text)):
        text = text[: turn.start()]
    if end := _SOLVED.search(text):
        text = text[: end.end()]
    if (task := _NEXT_TASK.search(text)) and _DIGIT.search(text, 0, task.start()):
        text = text[: task.start()]
    text = _before_next_question(text, question)
    return Own(text, _has_shots(text))


def _without_mark(text: str) -> str:
    """Return a text without the marks that an answer begins with."""
    mark = _RESPONSE_MARK.match(text)
    return text[mark.end() :] if mark else text


def _has_shots(text: str) -> bool:
    """Tell whether a text holds an example of a prompt with shots."""
    text = text[:_LONGEST]
    answer = _SHOT_ANSWER.search(text)
    return answer is not None and _MAY_ASK_SHOT.search(text) is not None and _SHOT.search(text) is not None


def _behind(text: str, prompt: str) -> str | None:
    """Return what follows a prompt that is repeated in another spelling; None where the text does not begin with it."""
    words = _squeezed(prompt)
    if len(words) < _SHORTEST or not _squeezed(text[: 2 * len(prompt) + 100]).startswith(words):
        return None
    return text[_places(text)[len(words) - 1] + 1 :]


def _after_question(text: str, question: str) -> str:
    """Return what follows the question where the text repeats it, in whatever spelling."""
    question = _LABEL.sub("", question, count=1)
    repeats = _repeats(text, question)
    if not repeats:
        return text
    places = _places(question)
    ending = question[places[-1] + 1 :].rstrip() if places else ""  # what a comparison of words passes over
    found = [(start, end + len(ending) if ending and text.startswith(ending, end) else end) for start, end in repeats]
    before = _LABEL.sub("", text[: found[0][0]], count=1)
    for start, end in reversed(found):
        rest = text[end:]
        if not _without_mark(rest).strip(" \t\n?？.。\"'”」:：）)"):
            # Nothing follows: the model goes on with its own next turn, or says at its end what it was asked.
            if not before.strip() and start == found[0][0]:
                return rest.lstrip("?？.。")
            continue
        if _says_nothing(rest) and not _is_prompt(before) and not _says_nothing(before):
            return before
        return rest.lstrip("?？.。")
    return "" if _PROMPT_HEAD.search(before) or not before.strip() else before


def _is_prompt(text: str) -> bool:
    return _PROMPT_HEAD.search(text) is not None or _has_shots(text)


def _says_nothing(text: str) -> bool:
    """Tell whether a text names neither number nor formula nor letter of an option."""
    return _VALUE.search(text) is None


def _repeats(text: str, question: str) -> list[tuple[int, int]]:
    """Return where a text holds the question's own words, whatever stands between them, in order."""
    if not question or len(text) < len(question) // 2:
        return []
    # The cheapest tests that a text fails which repeats no question.
    letter = _LETTER.search(question)
    if letter and letter[0] not in text and letter[0].swapcase() not in text:
        return []
    if any(ideograph not in text for ideograph in _IDEOGRAPH.findall(question, 0, _SHORTEST)):
        return []
    words = _squeezed(question)
    if not words:
        return []
    squeezed = _squeezed(text)
    if words in squeezed and (len(words) >= _SHORTEST or plain(question) in plain(text)):
        return _occurrences(text, squeezed, [words])
    head, options = head_and_options(question)
    if not options:
        return []
    stem = _squeezed(head)
    if len(stem) < _SHORTEST or stem not in squeezed:
        return []
    return _occurrences(text, squeezed, [stem, *map(_squeezed, options.values())])


def _occurrences(text: str, squeezed: str, parts: list[str]) -> list[tuple[int, int]]:
    """Return where the parts follow one another, a few characters apart at most (an option's letter)."""
    places = _places(text)
    found: list[tuple[int, int]] = []
    at = squeezed.find(parts[0])
    while at >= 0 and len(found) < _MOST_REPEATS:
        end = at + len(parts[0])
        for part in parts[1:]:
            following = squeezed.find(part, end, end + len(part) + 12)
            if following < 0:
                break
            end = following + len(part)
        else:
            found.append((places[at], places[end - 1] + 1))
        at = squeezed.find(parts[0], at + 1)
    return found


def _squeezed(text: str) -> str:
    """Return the characters of a text that count in a comparison of words, in lower case, one for each."""
    words = _FILLING.sub("", plain(text)).translate(_SAME_SIGNS)
    lower = words.lower()
    return lower if len(lower) == len(words) else words


def _places(text: str) -> list[int]:
    """Return where each character of the squeezed text stands in the text."""
    places: list[int] = []
    end = 0
    same = plain(text)
    for filling in _FILLING.finditer(same):
        places.extend(range(end, filling.start()))
        end = filling.end()
    places.extend(range(end, len(same)))
    return places


def _before_next_question(text: str, question: str) -> str:
    """Drop what a model goes on with after its answer: further questions of the corpus' kind.

    A question of its own that the model asks on its way (`先计算 3 * 4 等于多少？`) is a step where no answer to the
    question stands before it.
    """
    at = text.find("\n", len(text) - len(text.lstrip()))
    for _ in range(_MOST_LINES):
        if at < 0:
            break
        end = text.find("\n", at + 1)
        line = text[at + 1 : len(text) if end < 0 else end]
        if len(line) < 300 and _MAY_ASK.search(line) and _DIGIT.search(line):
            line = _POINT.sub("", line, count=1)
            lines = {line, _LABELLED.sub("", line, count=1)}
            if _DIGIT.search(text, 0, at) and any(_asks_another(text[:at], asked, question) for asked in lines):
                return text[:at]
        at = end
    return text


def _asks_another(before: str, line: str, question: str) -> bool:
    """Tell whether a line asks another question than the one that the text before it answers."""
    first = _FIRST_SENTENCE.match(line)
    answered = _ANSWER_NAMED.split(line, maxsplit=1)[0].rstrip()
    if any(recognise(part).type not in FREE_TYPES for part in {line, first[0] if first else line, answered}):
        asked = recognise(question.strip())
        if _ANSWERED.search(before) or "\n" not in before.strip():
            return True
        return bool(asked.operands) and all(operand.lstrip("+-") in plain(before) for operand in asked.operands)
    # A question in other words has numbers of its own; a step on the way goes on with those it has.
    if not _ASKS.match(line) or _RESULT.search(line):
        return False
    known = set(digits_in(plain(question))) | set(digits_in(plain(before)))
    return known.isdisjoint(digits_in(plain(line)))
