"""A reply to a multiple-choice question read in stages: letters, clauses, what each clause does, the answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from eval_accuracy.extraction.options import words
from eval_accuracy.extraction.options.answer import chosen
from eval_accuracy.extraction.options.by_text import by_text
from eval_accuracy.extraction.options.kinds import Naming, namings
from eval_accuracy.extraction.options.letters import marked
from eval_accuracy.extraction.options.marks import readable
from eval_accuracy.extraction.options.markup import bare, tidy
from eval_accuracy.extraction.options.named import options_of
from eval_accuracy.extraction.options.parts import Sentence, sentences
from eval_accuracy.extraction.options.patterns import VERDICT_BAD, VERDICT_GOOD
from eval_accuracy.extraction.options.texts import with_texts
from eval_accuracy.extraction.options.words import any_of

# The contest's sentence and nothing else needs no reading.
# "The right option is B." -> ("B",)
_CONTEST = re.compile(r"\s*The right option is ([A-J])\s?\.?\s*")
# "(B)." -> ("B",)
_LETTER_ALONE = re.compile(r"\s*[(\[*\"'`]{0,3}([A-J])[)\].*\"'`]{0,4}\s*")
# Where a further question may begin: more openings than `echo` takes for one in any text, as each is only tried.
# "B\nQuestion: Who?" -> "\nQuestion:"
_NEXT_QUESTION = re.compile(
    r"\n\s{0,9}[*#]{0,4}\s?(?:(?i:(?:(?:now|here(?:'s| is)|and|try|let's try)\s){0,2}(?:(?:a|an|the|this|"
    r"one)\s)?(?:(?:next|new|another|"
    r"follow-?up|further|bonus|extra|practice|similar|second)\s)?(?:question|problem|exercise|example|task|quiz|one|q)\s?"
    r"[0-9]{0,3}\*{0,2}\s?(?:[:：.]|\n|\)\s)|next\s?:|now try\b)|Here is a question about|(?:Next |"
    r"Another |New )?Question\s?[0-9]{0,3}\s?[:.]|Q[0-9]{0,3}\s?:|"
    r"(?:那么|现在|接着|接下来)?(?:请看)?(?:下一?|新|另一?|再来一)?(?:[道个])?(?:的)?(?:练习|习|例|思考|选择|问)?[题问](?:目)?\s?[0-9一二三四五]{0,3}\s?[:：]|练习\s?[0-9]{0,3}\s?[:：]"
    r"|问题?\s?[:：]|第\s?[0-9一二三四五六七八九十]{1,3}\s?题|例\s?[0-9]{0,3}\s?[:：]|The following (?:is|are)|"
    r"以下是关于|###)"
)
# A question with a list of options behind it; the first option's text tells whose it is.
# "B\nWho?\nA. x\nB. y" -> {"first": "x"}
_ASKS_WITH_OPTIONS = re.compile(
    r"\n[^\n]{1,300}\n\s{0,9}[(（]?A[)）.．、:：]\s{0,3}(?P<first>[^\n]{1,200})\n\s{0,9}[(（]?B[)）.．、:：]"
)
# What stands before the answer where the letter of option A stands for "answer".
# "A: So, C" -> "A: "
_A_LABEL = re.compile(r"\s*A\s?[:：.][ \t]{1,3}(?=\S)(?![^\n]*\n\s{0,9}[(（]?B\s?[)）.．、:：])")
# "July is the wettest" -> {"most": "the wettest"}
_MOST = re.compile(r"\bis (?P<most>the (?:most [a-z]+|[a-z]{2,}est))\b")
# "Which is NOT so?" -> "NOT"
_ASKS_WRONG = re.compile(rf"(?<![A-Za-z]){any_of(words.ASKS_WRONG_EN)}(?![A-Za-z])|{any_of(words.ASKS_WRONG_ZH)}")
# What begins to speak of an option and stops there.
# "Option B:" -> "Option B:"
_BEGUN = re.compile(r"(?:(?i:option|choice)|选项)\s?[(（]?[A-J][)）]?[*_]{0,3}\s?[:：][*_\s]{0,4}$")
# "B two" -> "B "
_LETTER_SPACE = re.compile(r"\s*[A-J][ \t]+(?=\w)")
_HALF = 10_000
_MOST_TASKS = 4


@dataclass(frozen=True)
class Reading:
    """What a reply names.

    Attributes:
        letter: the option; "" where none is named alone.
        marker: "phrase" (the contest's sentence), "other phrase", "bare letter" or "option text".
        rule: why it is this one (`answer.Choice`), or why there is none: "several letters", "no letter".
        clause: the text of the deciding clause.
        stage: how surely that names it: "final", "announced", "stated", "right", "bare", "reason" or "option text".
    """

    letter: str = ""
    marker: str = ""
    rule: str = "no letter"
    clause: str = ""
    stage: str = ""


def read(text: str, question: str, letters: str) -> Reading:
    """Read a reply, without prompt and question (`echo.own_text`).

    Args:
        text: the model's own text.
        question: question and options.
        letters: the letters of its options (`named.letters_of`).
    """
    if (match := _CONTEST.fullmatch(text)) and match[1] in letters:
        return Reading(match[1], "phrase", "one letter named", text.strip(), "announced")
    if (match := _LETTER_ALONE.fullmatch(text)) and match[1] in letters:
        return Reading(match[1], "bare letter", "one letter named", text.strip(), "bare")
    text = shortened(text)
    reading = Reading()
    for end in _ends(text, question):
        reading = _read(text[:end], question, letters)
        if label := _A_LABEL.match(text[:end]):
            reading = _labelled(text[label.end() : end], question, letters) or reading
        if reading.letter or reading.rule == "several letters":
            break
    return reading


def _labelled(rest: str, question: str, letters: str) -> Reading | None:
    """Return the reading of what follows `A:` where that is a label, not the option A: it names a letter itself."""
    own = tidy(options_of(question).get("A", ""))
    verdict = VERDICT_GOOD.match(rest) or VERDICT_BAD.match(rest)
    if verdict and (not rest[verdict.end() :] or rest[verdict.end()] in ",;.。，；\n"):
        return None
    if own and rest.casefold().startswith(own.casefold()):
        return None
    reading = _read(rest, question, letters)
    return reading if reading.stage in ("final", "announced", "stated", "right", "bare") else None


def shortened(text: str) -> str:
    """Return the start and the end of a very long text."""
    return text if len(text) <= 2 * _HALF else f"{text[:_HALF]}\n{text[-_HALF:]}"


def stages(text: str, question: str, letters: str) -> list[tuple[str, list[str]]]:
    """Return the stages of a reading as rows of text: the options, the letters, the clauses, the answer."""
    text = shortened(text)
    end = next((end for end in _ends(text, question) if _read(text[:end], question, letters).letter), len(text))
    options = options_of(question)
    lines = marked(text[:end], letters, options)
    parts = sentences(lines)
    found = namings(parts, asks_wrong(question))
    reading = read(text, question, letters)
    answer = f"{reading.letter or '-'} ({reading.marker or reading.rule})" + (
        f": {reading.clause}" if reading.clause else ""
    )
    return [
        ("options", [f"{letter}: {options.get(letter, '')}" for letter in letters]),
        ("letters", readable(lines).split("\n")),
        ("clauses", [_shown(part) for part in parts]),
        ("what they do", [f"{one.kind} {one.letters}: {one.clause}" for one in found]),
        ("answer", [answer]),
    ]


@lru_cache(maxsize=64)
def asks_wrong(question: str) -> bool:
    """Tell whether a question asks which of the options does not hold."""
    first = options_of(question).get("A", "")
    stem = question[: question.find(first)] if first and first in question else question
    return _ASKS_WRONG.search(stem[-400:]) is not None


def _shown(sentence: Sentence) -> str:
    return " | ".join(readable(clause.text) for clause in sentence.clauses) + sentence.end.strip()


def _ends(text: str, question: str) -> list[int]:
    """Return where a text may end: before each next task that it sets itself, and where it does."""
    start = len(text) - len(text.lstrip())
    tasks = islice(_NEXT_QUESTION.finditer(text, start), _MOST_TASKS)
    ends = [match.start() for match in tasks]
    if "\n" in text and (own := tidy(options_of(question).get("A", "")).casefold()):
        others = islice(_ASKS_WITH_OPTIONS.finditer(text, start), _MOST_TASKS)
        ends += [match.start() for match in others if not tidy(match["first"]).casefold().startswith(own)]
    return [*sorted(set(ends)), len(text)]


def _read(text: str, question: str, letters: str) -> Reading:
    options = options_of(question)
    wrong = asks_wrong(question)
    if "est" in text or "most" in text:
        text = _MOST.sub(lambda match: "is the answer" if match["most"] in question and not wrong else match[0], text)
    found = namings(sentences(marked(text, letters, options)), wrong)
    choice = chosen(found, wrong, bool(options), letters)
    naming = choice.naming
    if naming and naming.kind == "bare" and _BEGUN.search(text):
        return Reading()
    if naming:
        return Reading(naming.letters, _marker(naming, text), choice.rule, naming.clause, naming.kind)
    letter, clause = by_text(bare(text), options, choice.several or _lists(found))
    if letter:
        return Reading(letter, "option text", "one option named", clause, "option text")
    if not choice.several and not _lists(found) and (named := with_texts(text, options)):
        by_texts = chosen(namings(sentences(named), wrong), wrong, True, letters)
        if by_texts.naming and by_texts.naming.letters:
            return Reading(by_texts.naming.letters, "option text", by_texts.rule, by_texts.naming.clause, "option text")
    return Reading(rule="several letters" if choice.several else "no letter")


def _lists(found: list[Naming]) -> bool:
    """Tell whether a text goes through options."""
    return sum(naming.kind == "quoted" for naming in found) > 1


def _marker(naming: Naming, text: str) -> str:
    if naming.phrase:
        return "phrase"
    if naming.kind != "bare":
        return "other phrase"
    return "option text" if naming.own and _LETTER_SPACE.match(text) else "bare letter"
