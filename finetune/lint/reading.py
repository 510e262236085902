"""Facts from files: a team's YAML, MindRecord rows, logs, prompts. All of them are a stranger's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backend.versions import installed
from ckpt_tools.counting.counts import count_log
from core.config import load_prompt, names
from core.errors import InputError
from core.files import read_text
from core.foreign_yaml import Foreign, read_foreign
from core.text.tokenizers import load_tokenizer
from data_convert.mindrecord import MindRecordReader
from finetune.lint.facts import Log, Rows
from finetune.lint.settings import Settings

# Rows of a file that are looked at, evenly spread, and characters of a log's line.
_SAMPLE, _LONGEST = 4000, 1 << 16
_FIXED_IDS = (103_166, 103_167)
_IGNORED = -100
_TOTAL = re.compile(r"total_count:\s*(\d{1,9})")
_NAN = re.compile(r"\bloss:\s*\[?(?:nan|inf)\b", re.IGNORECASE)
_MEMORY = re.compile(r"out of memory|allocate (?:device )?memory failed|memory not enough", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*GB?", re.IGNORECASE)
# Classes that one version alone has: a YAML that names one is made for that version.
_TELLING = {"CheckpointMointor": "1.1.0", "FP32StateAdamWeightDecay": "1.3.2", "FusedCastAdamWeightDecay": "1.3.2"}


def read_settings(path: Path) -> Foreign:
    """Return what a MindFormers YAML says; InputError where it is none (`core.foreign_yaml`)."""
    return read_foreign(read_text(path), str(path))


def told_bundle(training: Settings) -> tuple[str, str]:
    """Return which MindFormers a YAML is made for, and what tells it: a class, else what is installed."""
    classes = {training.text("optimizer.type"), *(one.text("type") for one in training.callbacks())}
    for name, bundle in _TELLING.items():
        if name in classes:
            return bundle, f"as {name} tells"
    here = installed()
    return (here, "the one installed") if here else ("1.9.0", "the one that the kit pins")


def rows_of(path: Path, yaml: Settings) -> Rows:
    """Return what is known of the rows of a MindRecord file, or of all those in a folder.

    Args:
        path: the file, or the folder.
        yaml: of the training, which names BOS and EOS.

    Raises:
        InputError: there is none, or one is damaged.
    """
    files = sorted(path.glob("*.mindrecord")) if path.is_dir() else [path]
    if not files:
        raise InputError(f"{path}: holds no *.mindrecord")
    bos, eos = (yaml.whole(yaml.model(name)) for name in ("bos_token_id", "eos_token_id"))
    seen = _Seen(bos, eos)
    count = 0
    columns: tuple[str, ...] = ()
    for file in files:
        with MindRecordReader(file) as reader:
            count, columns = count + len(reader), tuple(reader.columns)
            for number in np.unique(np.linspace(0, len(reader) - 1, _SAMPLE, dtype=np.int64)) if len(reader) else ():
                seen.row(reader[int(number)])
    return seen.rows(count, columns)


class _Seen:
    """Counts over the rows that were looked at."""

    def __init__(self, bos: int | None, eos: int | None) -> None:
        self._bos, self._eos = bos, eos
        self._seen = self._begun = self._ended = self._unlearned = self._cut = 0
        self._highest = self._longest = self._width = 0
        self._ids: set[int] = set()
        self._labelled = True

    def row(self, row: dict[str, Any]) -> None:
        """Count one row."""
        columns = list(row.values())
        ids, labels = row.get("input_ids", columns[0]), row.get("labels")
        self._seen += 1
        self._width = max(self._width, len(ids))
        if not len(ids):
            return
        self._highest = max(self._highest, int(ids.max()))
        self._ids.update(number for number in _FIXED_IDS if (ids == number).any())
        self._begun += int(ids[0]) == self._bos
        if labels is None or len(labels) != len(ids):
            self._labelled = False
            return
        learned = np.flatnonzero(labels != _IGNORED)
        if not len(learned):
            self._unlearned += 1
            return
        last = int(learned[-1])
        self._ended += int(labels[last]) == self._eos
        self._cut += last == len(ids) - 1 and int(labels[last]) != self._eos
        starts = np.flatnonzero(np.diff(learned) > 1)
        self._longest = max(self._longest, int(np.diff([-1, *starts, len(learned) - 1]).max()))

    def rows(self, count: int, columns: tuple[str, ...]) -> Rows:
        """Return the shares."""
        seen = self._seen or 1
        known = self._labelled and bool(self._seen)
        return Rows(
            count=count,
            width=self._width or None,
            columns=columns,
            highest=self._highest if self._seen else None,
            with_bos=self._begun / seen if self._bos is not None and self._seen else None,
            with_eos=self._ended / seen if known and self._eos is not None else None,
            unlearned=self._unlearned / seen if known else None,
            cut=self._cut / seen if known else None,
            longest_answer=self._longest or None,
            ids=frozenset(self._ids),
        )


def log_of(path: Path) -> Log:
    """Return what a log of MindFormers says, of training or evaluation; InputError where it cannot be read."""
    found: dict[str, Any] = {"total_count": None, "empty": 0, "answered": 0}
    flags = {"strategy_only": False, "nan_loss": False, "out_of_memory": False}
    answer_follows = False
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            while line := stream.readline(_LONGEST):
                if answer_follows:
                    found["answered"] += 1
                    found["empty"] += line.strip() in ("['']", '[""]', "")
                answer_follows = line.rstrip().endswith("pred is:")
                if match := _TOTAL.search(line):
                    found["total_count"] = int(match[1])
                flags["strategy_only"] |= "Only_save_strategy is True" in line
                flags["nan_loss"] |= bool(_NAN.search(line))
                flags["out_of_memory"] |= bool(_MEMORY.search(line))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    try:
        count = count_log(path)
    except InputError:  # a log of an evaluation counts none
        return Log(**found, **flags)
    return Log(parameters=count.value, exact=count.exact, **found, **flags)


def prompt_text(word: str) -> str:
    """Return the text of a prompt: the template of a name in configs/prompts/, else a file's text.

    The place of the question may have any name in braces; a file's last line break is not part of it.
    """
    if word in names("prompts"):
        text = load_prompt(word).template
    elif Path(word).is_file():
        text = read_text(Path(word)).removesuffix("\n")
    else:
        raise InputError(
            f"prompt {word!r}: neither a file nor a name of configs/prompts/ ({', '.join(names('prompts'))})"
        )
    return re.sub(r"\{\w+\}", "{question}", text)


def ids_of(path: Path, pieces: Sequence[str], yaml: Settings) -> dict[str, int | None]:
    """Return the ids of pieces in a tokenizer's file (tokenizer.model or tokenizer.json)."""
    kind: Any = "hf" if path.suffix == ".json" else "sentencepiece"
    ids = [yaml.whole(yaml.model(name), 0) or 0 for name in ("bos_token_id", "eos_token_id", "pad_token_id")]
    tokenizer = load_tokenizer(kind, path, ids[0], ids[1], ids[2])
    return {piece: tokenizer.piece_id(piece) for piece in pieces}


def memory_size(text: str) -> int:
    """Return the bytes of a card's memory, such as 32GB; InputError where it is none."""
    found = _SIZE.fullmatch(text.strip())
    if not found or not 0 < float(found[1]) <= 100_000:
        raise InputError(f"{text!r} is no size of memory, such as 32GB")
    return int(float(found[1]) * (1 << 30))
