"""An option named by its own text instead of its letter."""

from __future__ import annotations

import re
from collections.abc import Mapping

from eval_accuracy.extraction.options import words
from eval_accuracy.extraction.options.marks import ITEM, OPTION, PHRASE, QUOTED
from eval_accuracy.extraction.options.markup import bare, tidy
from eval_accuracy.extraction.options.words import any_of

_EDGES = " \t\n.。,，;；:：!！'\"“”‘’*`$()（）[]【】「」《》<>" + ITEM + OPTION + PHRASE + QUOTED
# Words that join what stands before them with what follows lead to no answer.
_LEAD = tuple(
    word for word in words.LEAD_EN if word not in ("and", "but", "no", "also", "still", "as", "to", "for", "with", "a")
)
_FILL = tuple(word for word in words.FILL_EN if word != "a")
# What stands before a text that is the answer.
# "The answer is two" -> "The"
# "我认为是二" -> "我"
_SAID = re.compile(
    rf"(?:(?i:{any_of(_LEAD)}|(?:{any_of(words.GOOD_EN)})|the|{any_of(words.NOUN_EN)}|"
    rf"{any_of(words.ANSWER_OTHER)}|{any_of(_FILL)}"
    rf"|final|to this question|the question|lautet|boxed)(?![A-Za-z])|{any_of(words.LEAD_ZH)}|"
    rf"{any_of(words.ANSWER_ZH, words.CHOOSE_ZH, words.FILL_ZH)}|[\s:：,，=>\-'’“”\"(「]+)"
)
# What stands behind it.
# "two is the right answer" -> " is the right answer"
# "二是正确答案" -> "是正确答案"
_BEHIND = re.compile(
    r"(?:[,，]\s?(?:(?i:of course|definitely|obviously|i think|i believe|i guess|clearly|probably)|我觉得|"
    r"我认为|没错)|(?i:\s(?:is|would be|must be|should be)\s(?:(?:the|my|definitely|clearly)\s)*(?:(?:right|"
    r"correct|best|"
    r"final)\s?)*(?:answer|option|choice|one)?)"
    r"|(?:才|就|应该)?(?:是|为)?(?:正确|对|最佳|符合题意)的?(?:答案|选项|选择)?)(?P<end>[\s.。!！,，]*)\Z"
)
# "The two" -> "The "
_ARTICLE = re.compile(r"\A(?i:the|a|an)\s+")
# "is a " -> " a "
_ARTICLE_BEFORE = re.compile(r"(?:\A|\s)(?i:the|a|an)\s+\Z")
# What may stand directly before a word or number that is an option: `-1` is not 1.
# "is " -> " "
_SEPARATES = re.compile(r"[\s:：,，\"“‘'(「=>\u3400-\u9fff]\Z")
# "住在河边的是" -> "住在河边的是"
_OF_WHICH = re.compile(r"[^，。不非没错误]{1,40}的(?:选项|答案|一项)?[是为]")
# "B. two" -> "B."
_POINT = re.compile(r"\W{0,3}[A-J]\s?[.、:)\]]")
# "two. It is" -> "."
_STOP = re.compile(
    r"\n|[.!](?=\s)|[。！;；]|,\s(?=(?i:because|since|as|so|which)\b)|，(?=因为|所以)|\s(?=(?i:because|"
    r"since)\b)|(?=因为)"
)
_MOST = 8


def by_text(text: str, options: Mapping[str, str], whole: bool = False) -> tuple[str, str]:
    """Return the letter of the option whose text a reply's clause is, and that clause; empty where none is, or two are.

    The first clauses and the last one are looked at, with or without the words that announce an answer.

    Args:
        text: the model's own text.
        options: the options' texts by letter.
        whole: only whole lines are looked at, for letters were named.
    """
    texts: dict[str, str] = {}
    for letter, own in options.items():
        key = _key(own)
        texts[key] = "" if key in texts else letter
    texts.pop("", None)
    if not texts:
        return "", ""
    found: list[tuple[str, str]] = []
    for clause in _clauses(text, max(map(len, texts)), whole):
        if letter := _named(clause, texts):
            found.append((letter, clause.strip()))
    letters = {letter for letter, _ in found}
    return found[-1] if len(letters) == 1 else ("", "")


def _clauses(text: str, longest: int, whole: bool) -> list[str]:
    pieces = [line for line in text.split("\n") if line.strip()]
    lines = pieces[:2] + pieces[2:][-2:]
    shorter = [piece for line in lines for piece in _STOP.split(line[: 40 * longest + 400]) if piece and not whole]
    shown = lines + shorter[:_MOST] + shorter[_MOST:][-_MOST:]
    return [piece for piece in shown if len(piece) <= longest + 120 and not _POINT.match(piece)]


def _named(clause: str, texts: Mapping[str, str]) -> str:
    """Return the letter of the option that a clause is, but for what announces and what affirms."""
    whole = tidy(clause).strip(_EDGES)
    behind = _BEHIND.search(whole)
    for said in (whole, whole[: behind.start()].strip(_EDGES) if behind else ""):
        key = said.casefold()
        if (letter := texts.get(_ARTICLE.sub("", key, count=1), texts.get(key))) is not None:
            return letter
        found = [text for text in texts if key.endswith(text)]
        for text in sorted(found, key=len, reverse=True):
            if _announces(key[: len(key) - len(text)], text):
                return texts[text]
    return ""


def _announces(before: str, text: str) -> bool:
    """Tell whether what stands before an option's text does nothing but announce it."""
    before = _ARTICLE_BEFORE.sub(" ", before)
    if text[0].isalnum() and text[0].isascii() and before and not _SEPARATES.search(before):
        return False
    which = _OF_WHICH.match(before)
    at = which.end() if which else 0
    while at < len(before):
        match = _SAID.match(before, at)
        if match is None or match.end() == at:
            return False
        at = match.end()
    return True


def _key(text: str) -> str:
    text = tidy(bare(text)).strip(_EDGES)
    return _ARTICLE.sub("", text, count=1).casefold() if _ARTICLE.match(text) else text.casefold()
