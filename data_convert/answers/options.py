"""Multiple choice: the options of a question in another order, and answers that name the right option's text."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import permutations

from core.tasks.choice import LETTER, LETTERS, parse_options
from core.text.records import Record
from data_convert.answers.draw import draw

# What makes an option depend on the others, or on where it stands among them.
_ENGLISH = (
    r"\b(?:all|none|both|neither|either|any|some|two|three|each|one)\b[^.]{0,20}"
    r"\b(?:above|below|options?|answers?|choices?)\b"
    r"|\b(?:all|none|both|neither|any|two) of (?:these|them|those)\b"
    r"|\b(?:of|the) (?:above|below)\b|\babove (?:are|is|all)\b"
)
_CHINESE = (
    r"^\W{0,3}(?:以上|上述|前述|上面|以下)|(?:以上|上述|前述|上面)(?:都|皆|均|全|说法|选项|答案|各项|任|[一二两三四几])"
    r"|其[他它余][一二两三几]?[个项者]?(?:选项|答案|说法)"
    r"|^\W{0,3}(?:[二两三四]者|[前后][两二三](?:项|者|个))?(?:都|均|皆|全)"
    r"(?:是|对|不是|不对|正确|错误|不正确|选|有|可|可以)?\W{0,3}$"
)
_OF_OTHERS = re.compile(f"{_ENGLISH}|{_CHINESE}", re.IGNORECASE)
# A letter of an option, as (a), (A) or A.
_NAMED = r"(?:[(（][A-Da-d][)）]|(?<![A-Za-z(（])[A-D](?![A-Za-z]))"
_AND = r"\s*(?:[,，、;；/&+]|和|与|或|及|以及|and|or|nor)\s*"
_OF_LETTERS = re.compile(
    rf"{_NAMED}{_AND}{_NAMED}"
    r"|(?:选项|答案)\s?[(（]?[A-D](?![A-Za-z])|\b(?:[Oo]ption|[Aa]nswer|[Cc]hoice)s?\s[(（]?[A-D]\b"
    r"|^\s*(?:[Oo]nly\s)?[(（]?[A-D][)）]?(?:\s?(?:only|alone))?\W*$"
)
_LATEX = re.compile(r"\\(?:mathrm|text|mathbf|rm)\b|[{}$~]")


def why_fixed(record: Record) -> str:
    """Say why the options of a record must stay in their order; empty where they need not."""
    parsed = parse_options(record.question)
    if parsed is None:
        return "no options A to D, one line each"
    if len(LETTER.findall(record.answer)) != 1:
        return "the answer does not name one letter alone"
    if any(_OF_OTHERS.search(text) for text in parsed.texts):
        return "an option speaks of the others"
    head = _LATEX.sub("", parsed.head)
    if any(_OF_LETTERS.search(_LATEX.sub("", text)) for text in parsed.texts) or _OF_LETTERS.search(head):
        return "letters of options are referred to"
    return ""


def permuted(record: Record, copy: int, seed: int) -> Record | None:
    """Return a record with its options in another order, the answer's letter following the right one.

    Copies 1, 2 and 3 move the right option to the three other letters, later ones go round again; no two of the 23
    copies have the same order. The order is drawn from (seed, record.id).

    Args:
        record: a record of a task whose questions list options.
        copy: which copy, from 1 to 23.
        seed: of the draw.

    Returns:
        The copy, its id that of the record with the order added; None where `why_fixed` says why.
    """
    parsed = parse_options(record.question)
    if parsed is None or why_fixed(record):
        return None
    letter = LETTER.search(record.answer)
    assert letter is not None
    right = LETTERS.index(letter[0])
    order = _order(right, copy, draw(seed, record.id))
    name = "".join(LETTERS[at] for at in order)
    question = replace(parsed, texts=tuple(parsed.texts[at] for at in order)).joined()
    answer = record.answer[: letter.start()] + LETTERS[order.index(right)] + record.answer[letter.end() :]
    meta = {**record.meta, "rewritten": {**record.meta.get("rewritten", {}), "options": name}}
    return replace(record, id=f"{record.id}-{name}", question=question, answer=answer, meta=meta)


def _order(right: int, copy: int, drawn: int) -> tuple[int, ...]:
    """Return which option comes at each letter; none of them is the old order."""
    place, turn = (right + copy) % len(LETTERS), copy // len(LETTERS)
    others = [at for at in range(len(LETTERS)) if at != right]
    orders = list(permutations(others))
    if place == right:
        orders.remove(tuple(others))
        turn -= 1
    chosen = list(orders[(drawn + turn) % len(orders)])
    chosen.insert(place, right)
    return tuple(chosen)


def with_full_option(record: Record) -> Record:
    """Return a record whose answer names the right option's text after its letter: `The right option is B. 王勃`.

    It is returned as it is where it has no options, or its answer is more than a letter or names none.
    """
    parsed = parse_options(record.question)
    letters = list(LETTER.finditer(record.answer))
    if parsed is None or len(letters) != 1 or record.answer[letters[0].end() :].strip() not in ("", "."):
        return record
    text = parsed.texts[LETTERS.index(letters[0][0])].strip()
    meta = {**record.meta, "rewritten": {**record.meta.get("rewritten", {}), "full_option": True}}
    return replace(record, answer=f"{record.answer[: letters[0].end()]}. {text}", meta=meta)
