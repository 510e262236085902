"""Several letters together, and lists that go through options, in a marked text."""

from __future__ import annotations

import re

from eval_accuracy.extraction.options.marks import BASE, ITEM, OPTION, QUOTED, T

# What goes on with a sentence is no text of an option.
NOT_TEXT = (
    r"(?!(?i:or|and|nor|is|isn|are|was|because|since|as|it\sis|would|should|must|can|could|seems|looks|fits|matches|"
    r"makes|has|does|doesn)\b)"
)
_SINGLE = (
    r"(?:is|was|isn|wasn|has|hasn|does|doesn|looks|seems|appears|fits|fails|contradicts|works|matches|makes|can|"
    r"cannot|describes|mentions)"
)
# A comma joins where what follows speaks of both.
_OF_BOTH = (
    r"\s{0,3}(?:\Z|[\n.。!！?？;；,，)、/|\]}>\"'”’]|(?:are|were|can|could|both|all|have|do|don['’]t|to|and|"
    r"or|nor)\b|"
    r"[都均皆二两三四和与或及])"
)
_JOINT = (
    r"(?:[ \t]{0,3}[(]?(?:[、/&+|~]|[,，]?\s?或者?|还是|以及|和|与|及|跟|\bor\b|\bnor\b|,?\s?\band/or\b|,\s?or\b|"
    r"\bas well as\b|"
    r"\balong with\b|\btogether with\b|\bplus\b|\bto\b|\bthrough\b|至|\bvs\.?)[ \t]{0,3}"
    rf"(?:(?:maybe|possibly|perhaps|even)\s)?[(]?(?={T})|\s?(?:[,，;；]\s?(?={T}{_OF_BOTH})|"
    rf",?\s?\band\s?(?={T}(?!\s?{_SINGLE}\b)))"
    rf"|[ \t]{{1,3}}(?={T}(?!\s?(?:{_SINGLE}\b|[{ITEM}:]))))"
)
# "\ue001, \ue002 and \ue004" -> "\ue001, \ue002 and \ue004"
_JOINED = re.compile(rf"{T}(?:{_JOINT}{T}){{1,30}}")
# "不是\ue001就是\ue002" -> "不是\ue001就是\ue002"
_EITHER = re.compile(rf"(?:不是|非){T}[，,]?(?:就是|即是?|便是){T}")
# "not A, B" names B.
# "I say not " -> "not "
_PUT_ASIDE = re.compile(rf"(?:(?i:not|rather than|instead of|unlike|no)\s|不[是选]|而?非|相比|除了?)[{OPTION}]?\Z")
# "I prefer " -> "prefer "
_PREFERS = re.compile(r"(?i:prefer(?:red)?|favou?r)\s(?:option\s)?\Z")
# "\ue002 x" -> "\ue002"
_ANY_MARK = re.compile(T)
# "\ue002 \ue002" -> ("\ue002",)
_SAME = re.compile(rf"({T})(?:[\s.,]{{1,3}}\1(?!{QUOTED})){{1,99}}(?![\s.,]{{1,3}}\1)(?=[\s.,]{{0,3}}(?:\Z|\n))")
# "\ue002. two" -> "\ue002. "
_POINT = re.compile(
    rf"(?:^|(?<=\n))[ \t{OPTION}]{{0,8}}({T})(?:[ \t]?[.、:)\]|][ \t]{{0,3}}{NOT_TEXT}(?=[^\s.,])|"
    rf"，(?=[^因由不而故所但选])|\s?[-–—]{{1,2}}\s(?=\S)|(?<={QUOTED})[ \t]{{0,3}}(?=[\n:,，(]|\Z))"
)
# "；\ue002. y" -> "；\ue002. "
_INNER_POINT = re.compile(
    rf"[\s;；,，.。|]{{1,3}}({T})(?:\s?[.、:)|]\s?(?=[^\s\ue000-\uf8ff])|(?<={QUOTED})\s?(?=[A-J\ue001-\ue3ff]|\Z|[,，:(]))"
    rf"|[;；。]\s?({T})\s?，"
)


_EDGES = " \t\n.,，;；、。!！()&/"
_NO_WORDS = dict.fromkeys([*range(BASE + 1, BASE + 0x400), ord(QUOTED)])


# "\ue001 = wrong, " -> ("\ue001", "wrong")
_SHORT_VERDICT = re.compile(
    rf"({T}){ITEM}?\s?(?:[=:(]|[-–—](?=\s))?\s?((?i:(?:is\s)?(?:wrong|right|correct|incorrect|true|false|yes|no)\b)|不?正确|"
    rf"错误?|不?对|"
    rf"[✓✔✅√✗✘❌✖×])[)]?[,;，；。.|/]?\s{{0,3}}"
)


def joined(text: str) -> str:
    """Return a marked text in which letters that are named together are one mark: `B, C and D`."""
    return _EITHER.sub(_union, _JOINED.sub(_union, _SAME.sub(r"\1", text)))


def pointed(text: str) -> str:
    """Return a marked text in which the points of lists that begin with a letter are marked, each on a line."""
    text = _POINT.sub(rf"\1{ITEM}", text)
    if chr(BASE + 1) in text and (ITEM in text or _SHORT_VERDICT.search(text)):
        return "\n".join(_points(line) for line in text.split("\n"))
    return text


def _union(match: re.Match[str]) -> str:
    """Return one mark for a list of letters; a comma joins only what goes up (`B, A is wrong` names B)."""
    text, start = match[0], match.start()
    if "," in text or "，" in text:
        if _PUT_ASIDE.search(match.string, max(0, start - 20), start):
            return text
    elif _PREFERS.search(match.string, max(0, start - 20), start):
        return text
    if not text.translate(_NO_WORDS).strip(_EDGES) and not match.string.replace(text, "", 1).strip(_EDGES):
        return _all(text)  # nothing but letters: all are meant
    out = ""
    bits = highest = end = 0
    for mark in _ANY_MARK.finditer(text):
        found = ord(mark[0][0]) - BASE
        between = text[end : mark.start()]
        comma = between.strip() in (",", "，", ";", "；", "")
        if bits and ((comma and found < highest) or (between.strip() == "，" and "、" in text)):
            out, bits = out + chr(BASE + bits) + between, 0
        bits, highest, end = bits | found, found, mark.end()
    return out + chr(BASE + bits)


def _all(text: str) -> str:
    bits = 0
    for mark in _ANY_MARK.finditer(text):
        bits |= ord(mark[0][0]) - BASE
    return chr(BASE + bits)


def _points(line: str) -> str:
    """Part a line in which all options are gone through: `A. wrong B. right`, `A wrong, B right, C wrong`."""
    if line[:1] != chr(BASE + 1):
        return line
    if ITEM in line[:3]:
        line = _INNER_POINT.sub(lambda match: f"\n{match[1] or match[2]}{ITEM}", line)
    if len(_SHORT_VERDICT.findall(line)) > 2:
        line = _SHORT_VERDICT.sub(rf"\n\1{ITEM}\2\n", line)
    return line
