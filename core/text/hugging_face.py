"""A `tokenizer.json` of the tokenizers library, whose control tokens no text becomes.

The library finds every added token in any text, but for "special" ones where it is told not to. Files call many a
control token not special (`<tool_call>`, `<think>`, `<｜User｜>`), so they are called so here before the file is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import InputError, first_line
from core.text.control_names import looks_like_control
from core.text.token_text import (
    BYTE_OF,
    WHICH_KIND,
    check_ids,
    one_sentence,
    readable,
    sentencepiece_text,
    side_by_side,
)
from core.text.tokenizer_probe import VOCABULARY
from core.untrusted import load_json


class HuggingFaceTokenizer:
    """A `tokenizer.json`."""

    parts_at_controls = False  # a token may take the blanks beside it

    def __init__(self, path: Path, bos_id: int, eos_id: int, pad_id: int, controls: Collection[str] = ()) -> None:
        self._path = path
        try:
            content = load_json(path.read_bytes(), str(path), VOCABULARY)
            added = [token for token in content.get("added_tokens") or [] if isinstance(token, dict)]
            hidden = {str(token["content"]) for token in added if token.get("special")}
            for token in added:
                token["special"] = bool(token.get("special")) or _is_control(str(token["content"]), controls)
            self._content, self._model = content, _library(content)
            missing = sorted({name for name in controls if self._model.token_to_id(name) is not None} - _named(added))
            if missing:
                self._model.add_special_tokens(missing)
        except (InputError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # the library raises Exception itself, and panics of Rust
            if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                raise
            said = first_line(error)
            raise InputError(f"{path}: not a tokenizer.json that can be read ({said}); {WHICH_KIND}") from error
        self.bos_id, self.eos_id, self.pad_id = bos_id, eos_id, pad_id
        self.vocab_size = int(self._model.get_vocab_size())
        self._flags = {str(token["content"]): token for token in added if token["special"]}
        self.controls = {name: int(self._model.token_to_id(name)) for name in [*self._flags, *missing]}
        self._ids = frozenset(self.controls.values())
        self._names = {number: name for name, number in self.controls.items()}
        # What the file itself calls special is not part of a text; `</think>` and its like are.
        self._not_text = {bos_id, eos_id, pad_id} | {self.controls[name] for name in hidden}
        check_ids(path, self.vocab_size, {"bos": bos_id, "eos": eos_id, "pad": pad_id})

    def encode(self, text: str) -> list[int]:
        """Return the ids of `text`, without BOS or EOS; the name of a control token in it is plain text."""
        return self._plain(self._model, text)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text."""
        # One thread: whoever has much to encode runs several processes.
        return [self.encode(text) for text in texts]

    def encode_around(self, texts: Sequence[str], controls: Sequence[int]) -> list[int]:
        """Return the ids of texts with control tokens between them; see `core.text.tokenizers.Tokenizer`."""
        shown = list(texts)
        for place, control in enumerate(controls):
            flags = self._flags.get(self._names.get(control, ""), {})
            if flags.get("lstrip"):
                shown[place] = shown[place].rstrip()
            if flags.get("rstrip"):
                shown[place + 1] = shown[place + 1].lstrip()
        first, *others = shown
        return side_by_side([self.encode(first), *(self._plain(self._within, text) for text in others)], controls)

    def _plain(self, model: Any, text: str) -> list[int]:
        """Encode text that holds no control token, even where a vocabulary without merges has its name as a word."""
        with one_sentence(self._path):
            ids = list(model.encode(text, add_special_tokens=False).ids)
        if self._ids.isdisjoint(ids):
            return ids
        found: list[int] = []
        for number, part in enumerate(self._broken.split(text)):
            ids = (model if number == 0 else self._within).encode(part, add_special_tokens=False).ids
            found += [token for token in ids if token not in self._ids]
        return found

    @cached_property
    def _broken(self) -> re.Pattern[str]:
        """What stands behind the first character of a control token's name, so that a split there breaks the name."""
        names = sorted(self.controls, key=len, reverse=True)
        return re.compile("|".join(f"(?<={re.escape(name[0])})(?={re.escape(name[1:])})" for name in names))

    @cached_property
    def _within(self) -> Any:
        """The tokenizer of text behind a control token: it begins with no blank where the file says so."""
        changed = deepcopy(self._content)
        rules = changed.get("pre_tokenizer") or {}
        first = [rule for rule in (rules, *rules.get("pretokenizers", ())) if rule.get("prepend_scheme") == "first"]
        if not first:
            return self._model
        for rule in first:
            rule["prepend_scheme"] = "never"
        return _library(changed)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`; special ids are dropped."""
        kept = [int(i) for i in ids if int(i) not in self._not_text]
        with one_sentence(self._path):
            return str(self._model.decode(kept, skip_special_tokens=False))

    def piece_id(self, piece: str) -> int | None:
        """Return the id of a piece, None where the vocabulary lacks it."""
        found: int | None = self._model.token_to_id(piece)
        return found

    def piece(self, number: int) -> str:
        """Return the text, name or bytes that an id stands for."""
        name = self._model.id_to_token(number)
        if name is None:
            return f"<unused {number}>"
        if type(self._model.decoder).__name__ != "ByteLevel":
            return sentencepiece_text(name)
        whole = BYTE_OF.keys() >= set(name)  # an added token may hold any character
        return readable(bytes(BYTE_OF[char] for char in name)) if whole else str(name)

    def may_join(self, left: str, right: str) -> bool:
        """Return True: what the tokenizer's own rules do at a border is not known."""
        return True


def _library(content: Any) -> Any:
    from tokenizers import Tokenizer

    model = Tokenizer.from_str(json.dumps(content))
    model.encode_special_tokens = True
    return model


def _named(added: Sequence[dict[str, Any]]) -> set[str]:
    return {str(token["content"]) for token in added}


def _is_control(name: str, named: Collection[str]) -> bool:
    return name in named or looks_like_control(name)
