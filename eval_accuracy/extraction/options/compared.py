"""Options named in relation to others: one above another, all but one, one likewise, one under a condition."""

from __future__ import annotations

import re

from eval_accuracy.extraction.options.marks import OPTION
from eval_accuracy.extraction.options.parts import Clause
from eval_accuracy.extraction.options.patterns import BAD, FALSE, GOOD, VERDICT_BAD

# Between two letters: the first stands above the second.
# "is better than" -> "is better than"
# "优于" -> "优于"
_ABOVE = re.compile(
    rf"[\s{OPTION}]*(?:(?i:(?:clearly |definitely |easily |also )?(?:(?:is|seems|looks|fits|works|matches|"
    rf"suits|makes|was|"
    r"sounds|describes|answers)\b[^,;:]{0,40}\b(?:better|closer|stronger|rather|preferable|superior|"
    r"more(?:\s\w+){1,3})\s(?:than|to)|beats|outweighs|trumps|outperforms|wins over|wins against))"
    r"|(?:项|选项)?[更要远明显]{0,3}(?:优于|强于|胜过|好于|胜于|高于|胜出)|(?:项|选项)?(?:要)?比)\s*(?:option\s?|选项)?\Z"
)
# Between two letters: the second stands above the first.
# "is less accurate than" -> "is less accurate than"
# "都不如" -> "都不如"
_BELOW = re.compile(
    rf"[\s{OPTION}]*(?:(?i:(?:clearly |also |both )?(?:is|are|seems|seem|looks|fits|works|"
    rf"was)\b[^,;:]{{0,40}}\b(?:worse|"
    r"weaker|inferior|less(?:\s\w+){1,3}|not as \w+|farther|further)\s(?:than|to|as))"
    r"|(?:项|选项)?[都均也并更远明显]{0,3}(?:不如|不及|比不上|劣于|逊于|逊色于|没有))\s*(?:option\s?|选项)?\Z"
)
# Between two letters: no comparison after all.
# "is no better than" -> "no"
_DENIED = re.compile(r"(?i:\b(?:no|not|never|hardly|neither)\b|n['’]t\b)|不")
# Behind the second letter of a comparison: it is the first that is the lesser.
# "差" -> "差"
_LESSER = re.compile(r"\s*[更还要]?(?:差|弱|少|片面|牵强|不)")
# Before a letter: all others.
# "Everything except" -> "Everything except"
_ALL_BUT = re.compile(
    r"(?i:\b(?:everything|all|every\s\w+|each\s\w+)(?:\s(?:of\s)?(?:the|these|other|others|options?|choices?|answers?|"
    rf"statements?)){{0,4}}\s(?:except(?:\sfor)?|but|other\sthan|apart\sfrom|besides|save))[\s{OPTION}]*\Z"
)
# "None other than" -> "None other than"
_NONE_BUT = re.compile(
    r"(?i:\b(?:none|nothing|no\s(?:other\s)?(?:option|choice|answer|one|statement|alternative))"
    rf"(?:\s(?:of\s)?(?:the|these|other|others|options?|choices?)){{0,4}}\s(?:except(?:\sfor)?|but|other\sthan|apart\sfrom|"
    rf"besides|save))[\s{OPTION}]*\Z"
)
# "除了" -> "除了"
_BUT_BEFORE = re.compile(rf"(?:除了?|除去|除开|除掉)(?:选项)?[\s{OPTION}]*\Z")
# "以外都不对" -> "以外"
_BUT_BEHIND = re.compile(r"\s*(?:项|选项)?(?:以外|之外|外)")
# What is said of the others there.
# "的选项都有误" -> "的选项都有误"
_OTHERS_BAD = re.compile(
    r"\s*(?:的|其他|其它|其余|另外|剩下|余下|[三四几]|个|选项|各项|项|答案|说法|全部?|都|均|皆|是|也)*"
    r"(?:不(?!错)|错|有误|没有?(?!错|问题)|有问题|可(?:以)?排除|排除|无关|误)"
)
# "So can" -> "So can"
_SO_DOES = re.compile(
    rf"\s*(?:and\s)?(?i:so)\s(?i:is|are|was|were|can|could|may|must|should|would|will|does|do|did|has|have)[\s{OPTION}]*\Z"
    rf"|\s*(?i:(?:and\s)?the same (?:goes|holds|applies|is true) (?:for|to|of))[\s{OPTION}]*\Z"
    r"|(?:同理|同样地?)[，,]?\Z"
)
# "is" -> "is"
_DOES = re.compile(rf"(?i:is|are|was|were|can|could|may|must|should|would|will|does|do|did|has|have)[\s{OPTION}]*\Z")
# A clause without a letter that sets a condition: not what the writer has to do, or the reader.
# "if the question" -> "if"
_CONDITION = re.compile(
    r"\s*(?i:(?:but\s|and\s)?(?:even\s)?(?:if|had|were|supposing|suppose|assuming|provided|unless)\b(?!\s(?:i|we|you|forced|"
    r"so|not|anything|my|necessary)\b))|(?:如果|要是|倘若|若是?|假如|假设|假使|要不是)(?!我|你|我们|让我|没(?:有)?(?:理解|记)错|一定|非)"
)
# What `如果` as the head of a clause leaves of a condition.
# "问的是最小的" -> "问"
_ASKED = re.compile(r"(?!我|你|让我|没(?:有)?(?:理解|记)错|一定要?|非)\S")
# "is correct" -> "is correct"
_STRONG = re.compile(
    r"\s*(?i:(?:is|must be|has to be|should be|would be|it is)\s(?:(?:clearly|definitely|obviously|indeed|therefore|"
    r"thus|the|surely|certainly|my|only)\s){0,3}(?:correct|right|answer|best|(?:right|correct|best|final|only)\s(?:one|"
    r"answer|option|choice|pick|\w+))\b)(?!\s(?:that|in|only|but)\b)"
)
# "vitamin" -> "vitamin"
_CLASS = re.compile(
    r"(?i:\b(?:type|types|grade|vitamin|vitamins|group|plan|point|points|class|section|level|note|key|"
    r"key of|figure|fig|model|"
    r"team|drive|symbol|sign|side|line|vertex|angle|author|name|hepatitis|blood|part|phase|series|chord|major|"
    r"sample|region|area|city|town|river|person|student|column|row|appendix|chapter|step|case|scenario|list|of|"
    rf"in|at|from|to|by|and|or|than|with|named|called))[\s.{OPTION}]*\Z"
)

# "即使" -> "即使"
_CONCEDES = re.compile(r"(?i:\beven\s(?:if|though|when))|即使|即便|哪怕|就算|尽管|纵然|虽说?")
# "故" -> "故"
_CONCLUDES = re.compile(r"\s*(?:故|所以|因此|因而|可见|由此|(?i:so|therefore|thus|hence)\b)")


def compares(clause: Clause, place: int) -> str:
    """Return what a comparison says of a letter of a clause: "above", "below", or "" where there is none."""
    parts = clause.parts
    if place + 1 < len(parts):
        between, behind = parts[place + 1].before, parts[place + 1].after
        if above := _relation(between, behind):
            return above
    if parts[place].joint and (relation := _relation(parts[place].before, parts[place].after)):
        return "below" if relation == "above" else "above"
    return ""


def _relation(between: str, behind: str) -> str:
    """Return where the first of two letters stands."""
    if _BELOW.match(between):
        return "below"
    if _ABOVE.match(between) and not _DENIED.search(between) and not FALSE.search(behind):
        return "below" if between.rstrip().endswith("比") and _LESSER.match(behind) else "above"
    return ""


def all_but(before: str, after: str, rest: str) -> str:
    """Return what a clause about all others says of the one it leaves out: "right", "wrong", or "".

    Args:
        before: what stands before the letter.
        after: what stands behind it.
        rest: the clauses that follow in its sentence.
    """
    behind = _BUT_BEHIND.match(after)
    if _BUT_BEFORE.search(before) or behind:
        said = after[behind.end() :] if behind else after
        if not said.strip() and not rest.strip():
            return ""
        return "right" if _OTHERS_BAD.match(said.strip() or rest) else "wrong"
    if _NONE_BUT.search(before):
        return "wrong" if BAD.match(after) else "right"
    if _ALL_BUT.search(before):
        return "right" if BAD.match(after) or VERDICT_BAD.match(after) else "wrong" if GOOD.match(after) else ""
    return ""


def likewise(clause: Clause, before: str) -> bool:
    """Tell whether what was said before is said of this letter as well: `So can A`, `and so is A`."""
    return _SO_DOES.match(before) is not None or (clause.head == "so" and _DOES.match(before) is not None)


def conditional(clause: Clause) -> bool:
    """Tell whether a clause without a letter is a condition of what follows in its sentence."""
    if clause.parts:
        return False
    return _CONDITION.match(clause.text) is not None or (
        clause.head == "如果" and _ASKED.match(clause.text) is not None
    )


def concedes(before: str) -> bool:
    """Tell whether what stands before a letter only admits something of it: `Even if A`."""
    return _CONCEDES.search(before) is not None


def concludes(clause: Clause) -> bool:
    """Tell whether a clause draws a conclusion, which no supposition before it reaches."""
    return bool(clause.parts) and _CONCLUDES.match(clause.parts[0].before) is not None


def surely(before: str, after: str) -> bool:
    """Tell whether a letter is called the right one, whatever stands before, which is no name of a class of things."""
    return _STRONG.match(after) is not None and not _CLASS.search(before)


def subject_ends(before: str) -> bool:
    """Tell whether a letter behind Chinese words is a subject of its own, not the end of a name (维生素C)."""
    return (
        bool(before)
        and "\u3400" <= before[-1] <= "\u9fff"
        and before[-1] not in "素型肝附图表点组班线角级类面命划项案部"
    )
