"""The judge of multiple choice: which of A, B, C, D the prediction names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.errors import InputError
from core.tasks.choice import LETTERS, parse_options
from core.text.records import Record
from eval_accuracy.extraction.echo import without_echo
from eval_accuracy.extraction.numbers import plain
from eval_accuracy.judges import CIRCULAR, Answer, Judge, subject
from eval_accuracy.judges.verdict import Verdict, refused

# "phrase": the sentence the contest asks for. "letter": that, else an unmistakable letter or option in another form.
RULES = ("phrase", "letter")

# "So: The right option is B." -> {"letter": "B"}
_PHRASE = re.compile(r"The right option is (?P<letter>[A-D])(?![A-Za-z])")
# " C. " -> ("C",)
_LETTER_ALONE = re.compile(r"\s*([A-D])\s*\.?\s*")
# Several letters in a row name no option, and what is called wrong is not the answer.
# " and B are" -> " and B"
_MORE = re.compile(
    r"['\"”*)\]]{0,3}\s?(?:[,，、/&]|和|与|及|或|还是|or\b|and\b)\s?['\"“*(\[]{0,3}[A-D](?=\W|\Z|[都均还和或])"
)
# "A is wrong" -> " is wrong"
# "A项有误" -> "项有误"
_WRONG = re.compile(
    r"\s?(?:选?项)?\s?(?:(?:is|are|was)\s(?:wrong|incorrect|false|not)|(?:是|都|均)?(?:错|有误|不[对正符成]))",
    re.IGNORECASE,
)
# "not B but C" says C.
# "not A but B" -> "not A but "
# "不选A，应选B" -> "不选A，应选"
_NOT_BUT = re.compile(
    r"\bnot\s(?:option\s)?[(]?[A-D][)]?,?\s(?:but|it\sis)\s(?:rather\s)?|不[是选]\s?[A-D]项?\s?[,，]?\s?(?:而|应该?)?[是选]"
)
_OPEN = r"[\s'\"“‘(\[【{*_$`]{0,6}(?:\\(?:boxed|text)\s?\{){0,2}"
_LETTER = r"(?P<letter>(?-i:[A-D])(?![A-Za-z])|[a-d](?=[)\]】}'\"*.。,，;；]{0,3}\s{0,3}(?:\n|\Z)))"
# "the answer is (B)" -> {"letter": "B"}
# "正确答案：B" -> {"letter": "B"}
# r"\boxed{C}" -> {"boxed": "C"}
_STATED = re.compile(
    r"(?:\b(?:right|correct|best)\s(?:option|answer|choice)|\banswer|正确的?(?:答案|选项)?|答案|(?<!不)选择?(?![项择]))"
    r"[】\])*]{0,3}(?:\s?(?:(?:is|would\sbe|should\sbe|must\sbe)\b|就?应该?[是为选]|是|为|选))?\s{0,3}[:：]?"
    rf"{_OPEN}{_LETTER}|\\boxed\s?\{{\s?(?:\\text\s?\{{)?[(]?(?P<boxed>(?-i:[A-D]))(?![A-Za-z])",
    re.IGNORECASE,
)
# Weaker: these may speak of every option in turn, and count where they speak of one alone.
# "I choose B." -> {"letter": "B"}
# "选项B" -> {"chinese": "B"}
# "B是正确的" -> {"before": "B"}
_MENTIONED = re.compile(
    r"\b(?:option|choose|chose|select|pick|it\sis|it's)\s[(*]{0,3}(?P<letter>(?-i:[A-D]))"
    r"(?=[\s).,;*]{0,3}(?:\Z|\n|(?-i:[A-Z])|is\b))"
    r"|选项\s?(?P<chinese>(?-i:[A-D]))(?![A-Za-z])"
    r"|(?<![A-Za-z])(?P<before>(?-i:[A-D]))\s?(?:选?项)?\s?(?:is\s(?:the\s)?(?:right|correct)|是?正确|是?对的)",
    re.IGNORECASE,
)
# In brackets, or before a mark, the end of the line or the option's own text: an "A" before a word is an article.
# "(B) two" -> {"letter": "B"}
# "B. two" -> {"letter": "B"}
# "b" -> {"letter": "b"}
_BARE = re.compile(
    r"[\s'\"“‘(\[【<{*_$`]{0,9}(?P<letter>[A-D]|[a-d](?=[)\]】>.]|\s{0,9}\Z))"
    r"(?:(?:\s(?P=letter)){1,99}\s*\Z|[)\]】>}'\"”’*_$`]{1,3}(?![A-Za-z])|[.。．、,，:：;；]|\s{0,9}(?:\n|\Z)|选?项)"
)
# "B\nQuestion: Who?" -> "\nQuestion:"
_NEXT_TASK = re.compile(r"\n\s{0,9}(?:Here is a question about|Question\s?:|题目\s?[:：]|问题\s?[:：]|###)")
# "The answer is two" -> "The answer is "
_SAID = re.compile(
    r"(?:[Tt]he\s)?(?:(?:right|correct)\s)?(?:option|answer)\s(?:is|:)\s?|(?:正确)?答案\s?(?:是|为|:)\s?"
)
_EDGES = " \t.。,，;；:：'\"“”*`$"
_LONGEST_TEXT = 20_000


class ChoiceJudge(Judge):
    """Judges the letter that a text names; where answers have log-likelihoods, `likelihood.py` judges by these."""

    rules = RULES
    tasks = ("choice",)

    def decide(self, record: Record, answer: Answer) -> Verdict:
        """See `judge`."""
        return judge(record.question, answer.text, record.answer, subject(record), answer.prompt)

    def check_reference(self, record: Record) -> None:
        """See `reference_letter`."""
        reference_letter(record.answer)

    def with_likelihoods(self) -> Judge:
        """Return the judge by likelihood."""
        # Imported here: it reads references as this module does.
        from eval_accuracy.judges.likelihood import LikelihoodJudge

        return LikelihoodJudge(self)

    def headlines(self) -> tuple[str, ...]:
        """Return the rules of both ways of asking, and those that want every rotation of the options right."""
        rules = (*self.rules, *self.with_likelihoods().rules)
        return (*rules, *(CIRCULAR + rule for rule in rules))


JUDGE = ChoiceJudge()


def judge(question: str, prediction: str, reference: str, subject: str = "", prompt: str | None = None) -> Verdict:
    """Judge one choice.

    The first naming of an option counts: what comes after it is decoding that did not stop. Nothing is guessed.

    Args:
        question: question and options, as the prompt shows them.
        prediction: what the model wrote; it may repeat the prompt.
        reference: the corpus' output, or the letter alone.
        subject: the question's subject.
        prompt: the text the model was given, where it is known.

    Raises:
        InputError: the reference names no option.
    """
    truth = reference_letter(reference)
    answer = without_echo(prediction, question, prompt)[:_LONGEST_TEXT]
    if (task := _NEXT_TASK.search(answer)) and answer[: task.start()].strip():
        answer = answer[: task.start()]
    if not answer.strip():
        return refused(subject, RULES, truth, "empty")
    marker, letter = _named(answer, question)
    if not letter:
        return refused(subject, RULES, truth, "unparsable")
    right = letter == truth
    return Verdict(subject, {"phrase": right and marker == "phrase", "letter": right}, marker, letter, truth)


def reference_letter(reference: str) -> str:
    """Return the letter that a reference names; InputError where it names none."""
    match = _PHRASE.search(reference) or _LETTER_ALONE.fullmatch(reference)
    if match is None:
        raise InputError(f"reference {reference[:60]!r} names no option; expected 'The right option is A.' or a letter")
    return match[1]


def _named(answer: str, question: str) -> tuple[str, str]:
    """Return what named an option, and its letter; empty where nothing did."""
    if letter := next(_letters(_PHRASE, answer), ""):
        return "phrase", letter
    text = _NOT_BUT.sub("选", plain(answer))
    if letter := next(_letters(_STATED, text), ""):
        return "other phrase", letter
    mentioned = set(_letters(_MENTIONED, text))
    if len(mentioned) == 1:
        return "other phrase", mentioned.pop()
    if letter := next(_letters(_BARE, text, only_start=True), ""):
        return "bare letter", letter
    if letter := _by_text(text, question):
        return "option text", letter
    return "", ""


def _letters(pattern: re.Pattern[str], text: str, only_start: bool = False) -> Iterator[str]:
    """Yield the letters that a pattern finds, but for several in a row and for what is called wrong."""
    matches = filter(None, [pattern.match(text)]) if only_start else pattern.finditer(text)
    for match in matches:
        name = next(name for name, value in match.groupdict().items() if value)
        if not _MORE.match(text, match.end(name)) and not _WRONG.match(text, match.end(name)):
            yield match[name].upper()


def _by_text(text: str, question: str) -> str:
    """Return the letter of the option whose text the answer's first line is, with or without the letter before it."""
    options = parse_options(question)
    if options is None:
        return ""
    line = _SAID.sub("", text.strip().split("\n", 1)[0].strip(_EDGES), count=1).strip(_EDGES).casefold()
    texts = [plain(option).strip(_EDGES).casefold() for option in options.texts]
    found = [
        letter
        for letter, option in zip(LETTERS, texts, strict=True)
        if option and line in (option, f"{letter.casefold()} {option}")
    ]
    return found[0] if len(found) == 1 else ""
