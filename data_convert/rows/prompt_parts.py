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

from core.text.prompt_tokens import control_tokens, has_bos, parted, prompt_ids
from core.text.prompts import Prompt, has_system, render
from core.text.records import Record
from core.text.tokenizers import Tokenizer

# A part of a prompt: ids, or the number of a text that is still to be encoded and how many of its ids to pass over.
Part = list[int] | tuple[int, int]

_FIELD = re.compile(r"\{(\w*)\}")
# Texts that recur (the instructions of a corpus' subjects) are encoded once; so many are remembered.
_REMEMBERED = 4096
# A character of this list that no token joins to a text's first character stands before it while it is encoded.
_ANCHORS = "\n。)a0"
_FIRST = -1  # in the place of a number of an anchor's ids: the run is the first of its stretch, and has no anchor


class PromptParts:
    """The parts of one prompt: its control tokens, and the stretches of text between them."""

    def __init__(self, prompt: Prompt, tokenizer: Tokenizer) -> None:
        self._prompt, self._tokenizer = prompt, tokenizer
        self._bos = [tokenizer.bos_id] * has_bos(prompt)
        # A system text has a template of its own: where there is one, the prompt is rendered and encoded as a whole.
        template = prompt.template.replace("{system}", "")
        self._has_place = template != prompt.template
        known = control_tokens(prompt, tokenizer, template)
        text, *others = parted(template, known)
        if not text and others and others[0] not in prompt.token_ids:
            # Some models begin a text with a blank, be it with a control token that it begins.
            self._bos += tokenizer.encode_around(["", ""], known[others[0]])[:-1]
        self._pieces: list[list[int] | _Stretch] = [_Stretch(text, tokenizer)]
        for name, behind in zip(others[0::2], others[1::2], strict=True):
            if name in prompt.token_ids:
                self._pieces += [list(known[name]), _Stretch(behind, tokenizer)]
            else:
                self._pieces.append(_Stretch(behind, tokenizer, known[name][0]))
        # So it is where a chat template writes it, and where what a tokenizer does beside a control token is not known.
        self._as_a_whole = bool(prompt.chat_template) or (len(self._pieces) > 1 and not tokenizer.parts_at_controls)

    def of(self, record: Record, wanted: list[str]) -> list[Part]:
        """Return the parts of a record's prompt; texts that are still to be encoded are added to `wanted`.

        Raises:
            InputError: the record lacks a field of the template.
        """
        parts: list[Part] = [self._bos]
        before = len(wanted)
        as_a_whole = self._as_a_whole or (self._has_place and has_system(self._prompt, record))
        if not as_a_whole and all(self._add(piece, record, parts, wanted) for piece in self._pieces):
            return parts
        del wanted[before:]
        return [prompt_ids(self._prompt, render(self._prompt, record), self._tokenizer)]

    def _add(self, piece: list[int] | _Stretch, record: Record, parts: list[Part], wanted: list[str]) -> bool:
        if isinstance(piece, _Stretch):
            return piece.add(record, parts, wanted)
        parts.append(piece)
        return True


class _Stretch:
    """Fixed texts of a template, and a field between each of them and the next.

    Text is encoded in runs. A run ends where no token can span the border between a value and the fixed text beside
    it. Fixed text that is a run by itself is encoded only once. The first run has the control token before it, if the
    stretch goes on behind one.
    """

    def __init__(self, text: str, tokenizer: Tokenizer, control: int | None = None) -> None:
        self._tokenizer, self._control = tokenizer, control
        words = _FIELD.split(text)
        self._fixed, self._fields = words[0::2], words[1::2]
        # How a run begins with a fixed text, if it can: an anchor and the text, and how many ids are the anchor's.
        self._begins = [self._begin(number) for number in range(len(self._fixed))]
        self._ids = [tokenizer.encode(begin[0])[begin[1] :] if begin else [] for begin in self._begins]
        self._ids[0] = self._first(self._fixed[0])
        self._anchor_ids = [len(tokenizer.encode(text[-1:])) for text in self._fixed]
        self._joined: dict[str, bool] = {}
        self._remembered: dict[tuple[str, int], list[int]] = {}

    def add(self, record: Record, parts: list[Part], wanted: list[str]) -> bool:
        """Add the parts of a record; False where a value is missing or empty."""
        run, anchor_ids, is_fixed, recurs = self._fixed[0], _FIRST, True, True
        for number, name in enumerate(self._fields):
            value = record.question if name == "question" else record.meta.get(name)
            if not value or not isinstance(value, str):
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

    def _first(self, run: str) -> list[int]:
        """Return the ids of the first run, with the control token before it."""
        return self._tokenizer.encode(run) if self._control is None else self._around(run)

    def _around(self, run: str) -> list[int]:
        assert self._control is not None
        ids = self._tokenizer.encode_around(["", run], [self._control])
        return ids[ids.index(self._control) :]

    def _encoded(self, run: str, anchor_ids: int, recurs: bool, wanted: list[str]) -> Part:
        if not recurs:
            if anchor_ids == _FIRST and self._control is not None:
                return self._around(run)
            wanted.append(run)
            return len(wanted) - 1, max(anchor_ids, 0)
        if (ids := self._remembered.get((run, anchor_ids))) is None:
            ids = self._first(run) if anchor_ids == _FIRST else self._tokenizer.encode(run)[anchor_ids:]
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
