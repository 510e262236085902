"""Writing a run's training data: MindRecord shards, by all processes, whole or not at all.

What a shard holds follows from the records, their order, the settings and the number of shards alone; how many
processes write does not matter. Shards that were finished before a conversion was killed are kept by the next one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import orjson
from numpy.typing import NDArray

from core.errors import InputError
from core.files import (
    fresh,
    make_folder,
    move,
    read_json,
    remove_folder,
    replacing,
    sha256_file,
    sha256_text,
    write_json,
)
from core.progress import Progress
from core.schema_answers import AnswersConfig
from core.text.records import Record
from core.text.tokenizers import Tokenizer
from data_convert.answers import variants
from data_convert.corpus.record_store import RecordStore
from data_convert.corpus.workers import in_parallel
from data_convert.mindrecord import MindRecordWriter
from data_convert.rows.rows import Audit, RowSettings, rows
from data_convert.rows.tokenise import Encoder

# Records tokenised together; rows are packed within such a block, so a change of it changes packed files.
BLOCK = 4096
# Without data.shards there is a shard for every so many records.
RECORDS_A_SHARD = 25_000
_DESCRIPTION = "prompt and answer tokens"
_AS_THEY_ARE = AnswersConfig()


@dataclass(frozen=True)
class ShardPlan:
    """What all shards are made from.

    Attributes:
        store: the records; order: int64, the numbers of those to train on, in training order; turns: int64, how
            often each of them stood before.
        encoder: tokenises; tokenizer: the one it uses.
        row: how records are laid out as rows.
        answers: how answers are rewritten before they are tokenised; seed: of that.
        key: stands for everything above; shards of another key are not taken over.
        shards: their number.
        name: what their files are called by.
    """

    store: RecordStore
    order: NDArray[np.int64]
    turns: NDArray[np.int64]
    encoder: Encoder
    tokenizer: Tokenizer
    row: RowSettings
    answers: AnswersConfig
    seed: int
    key: str
    shards: int
    name: str = "train"


def shard_count(records: int, asked: int | None) -> int:
    """Return how many shards there are: as asked, else one for each 25,000 records that are begun."""
    return min(asked or -(-records // RECORDS_A_SHARD), max(records, 1))


def shard_name(number: int, count: int, name: str = "train") -> str:
    """Return the file name of a shard."""
    return f"{name}.mindrecord" if count == 1 else f"{name}-{number:05d}-of-{count:05d}.mindrecord"


def _partial(folder: Path, key: str) -> Path:
    return folder.with_name(f".{folder.name}.{key[:16]}.partial")


def shard_path(data: Path, shards: int) -> Path:
    """Return where the last shard is written, before the folder `data`/mindrecord is whole."""
    folder = data / "mindrecord"
    return _partial(folder, "0" * 16) / folder.name / shard_name(shards - 1, shards)


def write_shards(plan: ShardPlan, folder: Path, records: Path, processes: int) -> tuple[Audit, dict[str, str]]:
    """Write all shards into `folder`, and their records as JSON Lines to `records`, in row order.

    Returns:
        The account of all records, and the sha256 of each file.

    Raises:
        InputError: no record fits a row, or one does not and is not to be dropped.
    """
    partial = _partial(folder, sha256_text(plan.key))
    for other in folder.parent.glob(f".{folder.name}.*.partial"):
        if other != partial:
            remove_folder(other)
    make_folder(partial / folder.name)
    audit, digests = Audit(), {}
    with Progress("convert", len(plan.order), "records") as progress:
        for number, (part, digest) in enumerate(
            in_parallel(_Shard.write, _Shard(plan, partial, folder.name), range(plan.shards), processes)
        ):
            audit.add(part)
            if digest:
                digests[shard_name(number, plan.shards, plan.name)] = digest
            progress.advance(_edge(plan, number + 1) - _edge(plan, number))
    if not audit.rows:
        what = "to train on" if plan.name == "train" else f"for {plan.name}"
        raise InputError(f"no record is left {what}: {_first_reasons(audit)}")
    with replacing(records) as whole, fresh(whole) as out:
        for number in range(plan.shards):
            with (partial / f"{number}.jsonl").open("rb") as lines:
                shutil.copyfileobj(lines, out)
    remove_folder(folder)
    move(partial / folder.name, folder)
    remove_folder(partial)
    return audit, digests


def _edge(plan: ShardPlan, number: int) -> int:
    """Return where in the order a shard begins."""
    return len(plan.order) * number // plan.shards


def _first_reasons(audit: Audit) -> str:
    return "; ".join(f"{item['where']}: {item['reason']}" for item in audit.skipped[:3]) or "the corpus is empty"


def _known(done: Path) -> tuple[Audit, str] | None:
    """Return the account and the sha256 of a shard that was written before; None where the file does not say them."""
    try:
        value = read_json(done)
        return Audit.from_json(value["audit"]), str(value["sha256"])
    except (InputError, LookupError, TypeError, ValueError, AttributeError):
        return None


@dataclass(frozen=True)
class _Shard:
    """The work of one process: one shard after the other."""

    plan: ShardPlan
    folder: Path
    name: str

    def write(self, number: int) -> tuple[Audit, str]:
        """Write a shard, its records and its account; return the account and the file's sha256 ("": no row)."""
        done, records = self.folder / f"{number}.json", self.folder / f"{number}.jsonl"
        shard = self.folder / self.name / shard_name(number, self.plan.shards, self.plan.name)
        if done.is_file() and records.is_file():
            known = _known(done)
            # A conversion that was killed at its very end has moved the shards away already.
            if known is not None and (shard.is_file() or not known[1]):
                return known
        audit = Audit()
        with ExitStack() as stack:
            lines = stack.enter_context(fresh(stack.enter_context(replacing(records))))
            writer = None
            for block in self._blocks(number):
                lines.write(b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in block))
                audit.rewritten += sum("rewritten" in record.meta for record in block)
                audit.system_unheard += self.plan.encoder.system_unheard(block)
                made = rows(self.plan.encoder.encode(block), self.plan.row, audit, self.plan.tokenizer)
                if len(made["input_ids"]):
                    if writer is None:
                        writer = stack.enter_context(MindRecordWriter(shard, tuple(made), _DESCRIPTION))
                    writer.write(made)
        digest = sha256_file(shard) if writer is not None else ""
        write_json(done, {"audit": audit.as_json(), "sha256": digest})
        return audit, digest

    def _blocks(self, number: int) -> Iterator[list[Record]]:
        plan = self.plan
        begin, end = _edge(plan, number), _edge(plan, number + 1)
        for at in range(begin, end, BLOCK):
            part = slice(at, min(at + BLOCK, end))
            records = list(plan.store.records(plan.order[part].tolist()))
            if plan.turns[part].any():
                records = list(map(_named, records, plan.turns[part].tolist()))
            if plan.answers != _AS_THEY_ARE:
                records = [variant for record in records for variant in variants(record, plan.answers, plan.seed)]
            yield records


def _named(record: Record, turn: int) -> Record:
    """Return a record as it comes for the `turn`-th time, with an id of its own."""
    return replace(record, id=f"{record.id}#{turn + 1}") if turn else record


def turns(order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often each number of `order` stands before it: int64 of the same length."""
    by_number = np.argsort(order, kind="stable")
    ordered = order[by_number]
    firsts = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    begins = np.maximum.accumulate(np.where(firsts, np.arange(len(order)), 0))
    found = np.empty(len(order), dtype=np.int64)
    found[by_number] = np.arange(len(order)) - begins
    return found
