r"""A reply whose letters of options are marked: each becomes one character of the private use area, lists one as well.

`The answer is (B) two, not A or C` becomes `The answer is ⟨B⟩, not ⟨AC⟩`. What stands for no option stays as it is: an
article (`A change`), the first letter of a word (`C语言`), a letter beyond the last option. Marks of Markdown, LaTeX,
HTML and JSON go; `\boxed{`, `<answer>` and `"answer":` become labels that clauses can be read by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from eval_accuracy.extraction.options import words
from eval_accuracy.extraction.options.lists import NOT_TEXT, joined, pointed
from eval_accuracy.extraction.options.marks import BASE, ITEM, OPTION, QUOTED, T
from eval_accuracy.extraction.options.markup import bare, tidy

# A capital letter alone, that ends no word and no abbreviation.
# "is (B) x" -> ("B",)
_CAPITAL = re.compile(r"(?<![A-Za-z0-9_@&\\])(?<![A-Za-z]['’-])(?<![A-Za-z]\.)([A-J]+)(?![A-Za-z0-9_])")
# What may follow it directly, or after spaces.
# ") x" -> ")"
# " because x" -> " because"
# "项" -> "项"
_AFTER = re.compile(
    r"\s*(?:\Z|[,;:!?)\]}>\"”|，。；：！？、】》」』〗…—–✓✔✅√✗✘❌✖×☑~»(（\[→⇒/]|[-=]{1,2}>|"
    r"=\s?(?=(?i:wrong|right|correct|"
    r"incorrect|true|false)\b|[错对正不])|[&](?=\s?[A-J])|\+(?=\s?[A-J](?![A-Za-z]))|-(?=[\s(])|['’](?![A-Za-z])|"
    r"\.(?![A-Za-z]\.))"
    rf"|\s*\n|\s*{words.any_of(words.AFTER_ZH)}"
    rf"|\s+(?i:{words.any_of(words.AFTER_EN)})(?![A-Za-z])|\s+[A-J](?![A-Za-z0-9'’])"
    r"|\s+(?:Thanks?|Hope|Here|Explanation|Reason|Note|Let|In|You|We|Please|There|This|That|I|The)\b"
)
# What calls the letter behind it an option, whatever follows.
# "only (" -> "only ("
_CALLS = re.compile(r"(?:\b(?i:only|option|only option)\s|只有|选项|唯有|仅)[(]?\Z")
# After I, which is a word, only what ends a clause.
# "." -> "."
_AFTER_I = re.compile(
    r"\s*(?:\Z|\n|[)\]}:，、；;✓✔✅√✗✘❌✖×/&+]|[.。](?:\s|\Z))"
    r"|\s+(?:is|isn['’]t|was|has|does|doesn['’]t|seems|fits|matches|works|holds|beats|wins|remains|stays|over|rather|"
    r"because|since|instead|(?:and|or|than)\s[A-H](?![A-Za-z]))(?![A-Za-z])"
    r"|,\s(?i:possibly|maybe|perhaps|or|and)\s[A-J](?![A-Za-z])|\s+[A-H]\s*\Z"
    rf"|\s*{words.any_of(words.AFTER_ZH)}"
)
# "is b." -> {"letter": "b"}
# "(b) x" -> {"letter": "b"}
_SMALL = re.compile(
    r"(?:^|\n|[:=>(\[{<【\"'“‘]|\b(?i:is|be|option|choice|answer|choose|pick|select|letter|say|with|for|"
    r"answer is:)\s|[选是为项择案答])\s?[(\["
    r"\"'“‘【{]{0,3}(?P<letter>[a-j])(?=[)\]】}'\"”’]{0,3}(?:\s*(?:\Z|\n|[.。,，;；!](?:\s|\Z|[\u3400-\u9fff])|"
    r"(?:because|since)\b)"
    r"|[)\]]|[).、:]\s{0,3}\S|选?项))"
    r"|\b(?i:option|choice|letter|answer)\s[(]?(?P<called>[a-j])(?=[)]?\s(?:is|seems|looks|would|must|should|fits)\b)"
)
# What may stand between a letter and its option's own text, and behind that.
# ") two" -> ") "
_BETWEEN = re.compile(r"(?P<close>[)\]】》」』}>]{0,2})[\s.、:,，\-–—=>/|\"'“‘(\[《「«]{0,6}")
# What may stand between an option's own text and its letter behind it.
# "two (" -> " ("
_BETWEEN_BACK = re.compile(
    r"[\"'”’*]{0,2}\s?(?:[(\[]|[,，]\s?(?:which is |i\.e\.,? |that is,? |即|也就是)?(?:option |选项)?[(]?|=>|"
    r"[-–—=:])\s{0,2}\Z"
)
# ')" x' -> ')"'
_BEHIND = re.compile(r"[)\]\"'”’》」】]{0,3}")
# ". two" -> "."
_POINT_MARK = re.compile(r"[.:、)\]\n]")
# " is a town" -> " i"
_GOES_ON = re.compile(
    r"(?![ \t]{0,3}(?:(?i:or|and)\s|或者?|还是|和|与)\s?[(（]?[A-J](?![A-Za-z]))"
    r"[ \t]{0,3}[A-Za-z0-9\u3400-\u9fff]"
)
# "(\ue002)" -> ("\ue002",)
_IN_BRACKETS = re.compile(f"[(\\[【「『{{<\"'“‘《]\\s?({T})\\s?[)\\]】」』}}>\"'”’》»]")
# "(\ue002) two" -> "(\ue002) "
_BRACKET_POINT = re.compile(
    rf"(?:^|(?<=\n))[ \t]{{0,8}}[(\[]({T})[)\]][ \t.:]{{0,3}}{NOT_TEXT}(?=[A-Za-z0-9\u3400-\u9fff])"
)
# "Option \ue002" -> "Option "
_CALLED = re.compile(
    rf"(?<!right )(?<!correct )(?<!best )(?<!final )\b(?i:answer choices?|options?|choices?|alternatives?|letter|"
    rf"statements?)[ ](?={T})"
    f"|(?<!正确)(?<!的)(?<!答案)(?:选项|选支|选肢)[ ]?(?={T})"
)
# "\ue002选项" -> ("\ue002",)
_CALLED_AFTER = re.compile(rf"({T})\s?(?:选?项(?!目)|\s(?:option|choice)\b)")


def marked(text: str, letters: str, options: Mapping[str, str]) -> str:
    """Return a text with its letters of options marked.

    Args:
        text: the model's own text.
        letters: those of the question's options.
        options: the options' texts by letter, as far as they are known.
    """
    text = bare(text)
    text = _with_marks(text, letters, options)
    text = _BRACKET_POINT.sub(rf"\1{ITEM}", text)
    text = _IN_BRACKETS.sub(r"\1", _IN_BRACKETS.sub(r"\1", text))
    text = _CALLED_AFTER.sub(r"\1", _CALLED.sub(OPTION, text))
    return pointed(joined(text))


def _with_marks(text: str, letters: str, options: Mapping[str, str]) -> str:
    """Mark the letters one by one, each with its option's own text behind it."""
    out: list[str] = []
    at = 0
    for match in _CAPITAL.finditer(text):
        start, end = match.span(1)
        bits = _bits(match[1], letters) if start >= at else 0
        if not bits:
            continue
        own = _own_text(text, end, tidy(options.get(match[1], "")))
        if own is None and not (
            (_AFTER_I if match[1] == "I" else _AFTER).match(text, end) or _CALLS.search(text, max(0, start - 12), start)
        ):
            continue
        out.append(_without_own(text[at:start], tidy(options.get(match[1], ""))))
        if own is not None and text[end : end + 1] in (")", "]", "】") and out[-1].endswith(("(", "[", "【")):
            out[-1] = out[-1][:-1]
        out.append(chr(BASE + bits) + _quotes(text, end, own))
        at = end if own is None else own
    out.append(text[at:])
    return _SMALL.sub(lambda match: _small(match, letters, options), "".join(out))


def _is_point(text: str, end: int, start: int) -> bool:
    """Tell whether a letter is marked as a point of a list before what stands at `start`, not just in brackets."""
    if _POINT_MARK.search(text, end, start) is None:
        return False
    return not text[end:].startswith(") ") or not text[text.rfind("\n", 0, end) + 1 : end - 1].strip(" \t([*")


def _without_own(before: str, own: str) -> str:
    """Return what stands before a letter without the option's own text there: `Dunmore (B)`."""
    head = _BETWEEN_BACK.sub("", before)
    if not own or head == before or not head.casefold().endswith(own.casefold()):
        return before
    rest = head[: len(head) - len(own)]
    if rest and rest[-1].isalnum() and rest[-1].isascii() and own[0].isalnum():
        return before
    return rest + before[len(head) :].lstrip(" ,=>:-")


def _quotes(text: str, end: int, own: int | None) -> str:
    """Return what stands for an option's own text behind its letter, from `end` to `own`."""
    if own is None:
        return ""
    if _is_point(text, end, own) and _GOES_ON.match(text, own):
        return QUOTED + ITEM
    return f"{QUOTED} " if text[own : own + 1].isalnum() else QUOTED


def _small(match: re.Match[str], letters: str, options: Mapping[str, str]) -> str:
    """Mark a small letter, unless it is the text of an option."""
    letter = match["letter"] or match["called"]
    if any(own.strip(" $.").casefold() == letter for own in options.values()):
        return match[0]
    bits = _bits(letter.upper(), letters)
    return match[0][:-1] + chr(BASE + bits) if bits else match[0]


def _bits(found: str, letters: str) -> int:
    """Return the bits of a letter, or of several that stand together (`ABD`); 0 where they are no options."""
    if any(letter not in letters for letter in found) or any(
        left >= right for left, right in zip(found, found[1:], strict=False)
    ):
        return 0
    return sum(1 << (ord(letter) - ord("A")) for letter in found)


def _own_text(text: str, end: int, own: str) -> int | None:
    """Return where the option's own text ends that stands behind its letter; None where it does not."""
    if not own:
        return None
    between = _BETWEEN.match(text, end)
    start = between.end() if between else end
    stop = start + len(own)
    if text[start:stop].casefold() != own.casefold():
        return None
    behind = text[stop : stop + 1]
    if own[-1].isascii() and own[-1].isalnum() and behind.isascii() and behind.isalnum():
        return None
    if _is_point(text, end, start) and _GOES_ON.match(text, stop) and not _CAPITAL.search(own):
        return None  # the text of a point begins with the option's words
    if start == end:  # BDunmore
        return stop if not own[0].isascii() or not own[0].islower() else None
    closed = _BEHIND.match(text, stop)
    return closed.end() if closed else stop
