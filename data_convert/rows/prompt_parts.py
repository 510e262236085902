r"""A prompt taken apart, so that its fixed text is encoded once for all records.

An example, with the practice model's tokenizer, in which no piece holds a blank and a digit side by side, nor a
question mark and a line break. So the text may be cut at these two borders, and only the question is left to encode:

>>> from core.config import load_model, model_tokenizer
>>> tokenizer = model_tokenizer(load_model("practice"))
>>> wanted = []
>>> prompt = PromptParts(Prompt(name="short", template="Q: {question}\nA: ", bos=True), tokenizer)
>>> prompt.of(Record("0", "math", "1 + 2?", "3"), wanted)  # BOS, "Q: ", text 0 without its first 2 ids, "\nA: "
[[1], [352, 914, 900], (0, 2), [4, 942, 914, 900]]
>>> wanted  # with the blank before it as an anchor, for sentencepiece encodes the beginning of a text otherwise
[' 1 + 2?']
>>> tokenizer.encode(wanted[0])  # the first two ids are the anchor's
[900, 900, 924, 347, 900, 928, 925]
>>> tokenizer.encode("Q: 1 + 2?\nA: ")  # the same ids as the parts put together
[352, 914, 900, 924, 347, 900, 928, 925, 4, 942, 914, 900]

A blank and a letter may be one piece (" N"), so the run before "Name it" goes on from the fixed text:

>>> wanted.clear()
>>> prompt.of(Record("1", "math", "Name it", "Ann"), wanted), wanted
([[1], (0, 0), [4, 942, 914, 900]], ['Q: Name it'])
"""

from __future__ import annotations

import re

from core.text.prompt_tokens import control_tokens, prompt_ids
from core.text.prompts import Prompt, render
from core.text.records import Record
from core.text.tokenizers import Tokenizer

# A part of a prompt: ids, or the number of a text that is still to be encoded and how many of its ids to pass over.
Part = list[int] | tuple[int, int]

_FIELD = re.compile(r"\{(\w*)\}")
# Texts that recur (the instructions of a corpus' subjects) are encoded once; so many are remembered.
_REMEMBERED = 4096
# A character of this list that no token joins to a text's first character stands before it while it is encoded.
_ANCHORS = "\n。)a0"


class PromptParts:
    """The parts of one prompt: its control tokens, and the stretches of text between them."""

    def __init__(self, prompt: Prompt, tokenizer: Tokenizer) -> None:
        self._prompt, self._tokenizer = prompt, tokenizer
        self._bos = [tokenizer.bos_id] * prompt.bos
        known = control_tokens(prompt, tokenizer)
        texts = re.split("(" + "|".join(map(re.escape, known)) + ")", prompt.template) if known else [prompt.template]
        self._pieces = [known[text] if text in known else _Stretch(text, tokenizer) for text in texts if text]
        self._unsafe = _unsafe(prompt.template, list(known)) if known else None

    def of(self, record: Record, wanted: list[str]) -> list[Part]:
        """Return the parts of a record's prompt; texts that are still to be encoded are added to `wanted`.

        Raises:
            InputError: the record lacks a field of the template.
        """
        parts: list[Part] = [self._bos]
        before = len(wanted)
        for piece in self._pieces:
            if isinstance(piece, list):
                parts.append(piece)
            elif not piece.add(record, self._unsafe, parts, wanted):
                del wanted[before:]
                return [prompt_ids(self._prompt, render(self._prompt, record), self._tokenizer)]
        return parts


def _unsafe(template: str, known: list[str]) -> re.Pattern[str]:
    """Return what a value must not hold if the control tokens of its prompt are to be the template's own.

    That is the first character of a control token; any text at all where fixed text of the template ends as one begins.
    """
    begun = (token[:size] for token in known for size in range(1, len(token)))
    if any(begin + "{" in template for begin in begun):
        return re.compile("")
    return re.compile("[" + re.escape("".join(token[0] for token in known)) + "]")


class _Stretch:
    """Fixed texts of a template, and a field between each of them and the next.

    Text is encoded in runs. A run ends where no token can span the border between a value and the fixed text beside
    it. Fixed text that is a run by itself is encoded only once.
    """

    def __init__(self, text: str, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        words = _FIELD.split(text)
        self._fixed, self._fields = words[0::2], words[1::2]
        # How a run begins with a fixed text, if it can: an anchor and the text, and how many ids are the anchor's.
        self._begins = [self._begin(number) for number in range(len(self._fixed))]
        self._ids = [tokenizer.encode(begin[0])[begin[1] :] if begin else [] for begin in self._begins]
        self._anchor_ids = [len(tokenizer.encode(text[-1:])) for text in self._fixed]
        self._joined: dict[str, bool] = {}
        self._remembered: dict[tuple[str, int], list[int]] = {}

    def add(self, record: Record, unsafe: re.Pattern[str] | None, parts: list[Part], wanted: list[str]) -> bool:
        """Add the parts of a record; False where a value is missing or `unsafe` is found in it."""
        run, anchor_ids, is_fixed, recurs = self._fixed[0], 0, True, True
        for number, name in enumerate(self._fields):
            value = record.question if name == "question" else record.meta.get(name)
            if not isinstance(value, str) or (unsafe and unsafe.search(value)):
                return False
            ahead, behind = self._fixed[number], self._fixed[number + 1]
            if ahead and value and not self._joins(ahead[-1] + value[0]):
                parts.append(self._ids[number] if is_fixed else self._encoded(run, anchor_ids, recurs, wanted))
                run, anchor_ids, recurs = ahead[-1], self._anchor_ids[number], True
            run += value
            recurs = recurs and name != "question"
            begin = self._begins[number + 1]
            is_fixed = begin is not None and value != "" and not (behind and self._joins(value[-1] + behind[0]))
            if begin and is_fixed:
                parts.append(self._encoded(run, anchor_ids, recurs, wanted))
                run, anchor_ids = begin
                recurs = True
            else:
                run += behind
        parts.append(self._ids[-1] if is_fixed else self._encoded(run, anchor_ids, recurs, wanted))
        return True

    def _encoded(self, run: str, anchor_ids: int, recurs: bool, wanted: list[str]) -> Part:
        if not recurs:
            wanted.append(run)
            return len(wanted) - 1, anchor_ids
        if (ids := self._remembered.get((run, anchor_ids))) is None:
            ids = self._tokenizer.encode(run)[anchor_ids:]
            if len(self._remembered) < _REMEMBERED:
                self._remembered[run, anchor_ids] = ids
        return ids

    def _joins(self, pair: str) -> bool:
        """Tell whether a token may hold two characters side by side."""
        if (joined := self._joined.get(pair)) is None:
            joined = self._joined[pair] = self._tokenizer.may_join(pair[0], pair[1])
        return joined

    def _begin(self, number: int) -> tuple[str, int] | None:
        text = self._fixed[number]
        if number == 0 or (not text and number == len(self._fields)):
            return text, 0
        for anchor in _ANCHORS:
            if text and not self._tokenizer.may_join(anchor, text[0]):
                return anchor + text, len(self._tokenizer.encode(anchor))
        return None
