"""Passing a base model through once: every block of it is read, and each result takes what it needs of it.

Each result has a thread that adds, rounds, writes, reads back and hashes; numpy, hashlib and the disk let the others go
on meanwhile. A result waits for the reader, and the reader for the slowest result: memory holds a few blocks, whatever
the size of the model.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any

from ckpt_tools.formats.floats import all_finite, cast, summing_type
from ckpt_tools.formats.tensor_file import DTYPES, Array, TensorFile, TensorInfo
from ckpt_tools.formats.writing import WrittenFile
from ckpt_tools.merging.adapter import Adapter
from ckpt_tools.merging.arithmetic import Rows, RowSum, base_rows, random_vector
from ckpt_tools.merging.manifest import merged_facts
from ckpt_tools.merging.partial import Partial
from core.errors import GateError, InputError
from core.methods import Update
from core.progress import say

_BLOCK_ENTRIES = 1 << 21
_BLOCKS_WAITING = 2


class Lane:
    """One result on its way, and the thread that serves it; a context manager.

    Attributes:
        adapter: what is merged into it.
        result: its files so far.
        done: number of tensors that were there already.
        files: its files, when they are finished.
    """

    def __init__(self, adapter: Adapter, result: Partial) -> None:
        self.adapter, self.result = adapter, result
        self.done = 0
        self.files: list[WrittenFile] = []
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pending: deque[Future[None]] = deque()
        self._failed = False
        self._sum: RowSum | None = None

    def __enter__(self) -> Lane:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        self.result.close()

    def put(self, work: Callable[[], None]) -> None:
        """Let the thread do `work` after what it was given before; wait where it is far behind.

        Raises:
            KitError, OSError: what one of the earlier pieces of work raised.
        """
        if len(self._pending) >= _BLOCKS_WAITING:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(self._do, work))

    def wait(self) -> None:
        """Wait until all is done; raises as `put` does."""
        while self._pending:
            self._pending.popleft().result()

    def open(self) -> None:
        """Find out how far the result has come before."""
        self.done = self.result.open()

    def finish(self) -> None:
        """Bring the result to the disk."""
        self.files = self.result.finish()

    def begin(self, info: TensorInfo, update: Update, wide: str) -> None:
        """Make ready for updating the next tensor, summed in the type `wide`."""
        self._sum = RowSum(info, update, wide, random_vector(info.name, _width(info)))

    def add(self, rows: Rows, last: bool) -> None:
        """Update some rows, in their order, and write them."""
        if self._sum is None:
            raise ValueError("no update was begun")
        merged = self._sum.add(rows)
        if last:
            self._judge(self._sum)
            self.result.facts[self._sum.info.name] = merged_facts(self.adapter.changes[self._sum.info.name], self._sum)
        self.result.write(self._sum.info.name, merged)

    def copy(self, name: str, values: Array, facts: dict[str, Any] | None) -> None:
        """Write entries as they are; `facts` come with the last of a tensor."""
        if facts is not None:
            self.result.facts[name] = facts
        self.result.write(name, values)

    def _do(self, work: Callable[[], None]) -> None:
        # What comes after a piece that failed would stand in its place.
        if self._failed:
            return
        try:
            work()
        except BaseException:
            self._failed = True
            raise

    def _judge(self, done: RowSum) -> None:
        where, info = self.adapter.path, done.info
        if not done.finite:
            raise InputError(f"{where}: merged {info.name} exceeds {info.dtype}; choose --dtype bfloat16 or float32")
        if done.worst > 1:
            raise GateError(
                f"{where}: merged {info.name} fails the numeric check: (W' - W)x differs from the update applied to "
                f"x by {done.max_error:.3g}, {done.worst:.3g} times what rounding can do"
            )


def stream(
    base: TensorFile, infos: Sequence[TensorInfo], lanes: Sequence[Lane], advance: Callable[[int], None]
) -> None:
    """Pass every tensor of the base through once, to the results that do not have it yet, and finish their files.

    Args:
        base: the base model.
        infos: the tensors of each result, in the order of writing.
        lanes: the results.
        advance: called with the bytes of the base that were dealt with.

    Raises:
        InputError: the base holds NaN or infinity, or values that a chosen type cannot; the disk cannot be written.
        GateError: a merged tensor fails the numeric check, or a file does not read back as it was written.
    """
    for info in infos:
        for lane in lanes:
            if not info.size:
                lane.result.facts[info.name] = _facts(base, info, hashlib.sha256())
    for lane in lanes:
        lane.put(lane.open)
    for lane in lanes:
        lane.wait()
        if lane.done:
            say(f"{lane.result.spec.name}: resuming after the {lane.done} of {len(infos)} tensors that are done")
    for number, info in enumerate(infos):
        due = [lane for lane in lanes if lane.done <= number]
        changed = [lane for lane in due if info.name in lane.adapter.changes]
        plain = [lane for lane in due if info.name not in lane.adapter.changes]
        if changed:
            _add(base, info, changed, plain, advance)
        elif plain:
            _copy(base, info, plain, advance)
        else:
            advance(base[info.name].nbytes)
    for lane in lanes:
        lane.put(lane.finish)
    for lane in lanes:
        lane.wait()


def _copy(base: TensorFile, info: TensorInfo, lanes: Sequence[Lane], advance: Callable[[int], None]) -> None:
    """Pass a tensor through that no result changes."""
    source, digest, left = base[info.name], hashlib.sha256(), info.size
    for block in base.read_slices(info.name, _BLOCK_ENTRIES * source.numpy.itemsize):
        _refuse_unfinite(base, source, block)
        values = _converted(block, source, info)
        digest.update(values.view("u1").data)
        left -= values.size
        facts = None if left else _facts(base, info, digest)
        for lane in lanes:
            lane.put(partial(lane.copy, info.name, values, facts))
        advance(block.nbytes)


def _add(
    base: TensorFile,
    info: TensorInfo,
    changed: Sequence[Lane],
    plain: Sequence[Lane],
    advance: Callable[[int], None],
) -> None:
    """Pass a weight through that some results change, and others perhaps do not."""
    source, digest = base[info.name], hashlib.sha256()
    wide = summing_type(source.dtype)
    for lane in changed:
        update = lane.adapter.update(info.name, DTYPES[wide])
        lane.put(partial(lane.begin, info, update, wide))
    count, width = source.shape[0], _width(source)
    step = max(1, _BLOCK_ENTRIES // width)
    for start in range(0, count, step):
        block = base.read_rows(info.name, start, min(start + step, count))
        _refuse_unfinite(base, source, block)
        rows = base_rows(block.reshape(-1, width), start, wide, info.dtype)
        last = start + step >= count
        for lane in changed:
            lane.put(partial(lane.add, rows, last))
        if plain:
            values = _converted(block, source, info)
            digest.update(values.reshape(-1).view("u1").data)
            for lane in plain:
                lane.put(partial(lane.copy, info.name, values, _facts(base, info, digest) if last else None))
        advance(block.nbytes)


def _width(info: TensorInfo) -> int:
    """Return the entries of a row; a vector is one column."""
    return info.shape[1] if len(info.shape) > 1 else 1


def _facts(base: TensorFile, info: TensorInfo, digest: hashlib._Hash) -> dict[str, Any]:
    """Return what the manifest says of a tensor that is not changed."""
    return {
        "name": info.name,
        "shape": list(info.shape),
        "dtype": info.dtype,
        "sha256": digest.hexdigest(),
        "identical": info.dtype == base[info.name].dtype,
    }


def _converted(block: Array, source: TensorInfo, info: TensorInfo) -> Array:
    if source.dtype == info.dtype:
        return block
    values = cast(block, info.dtype)
    if not all_finite(values, info.dtype):
        raise InputError(f"{source.name} holds values beyond {info.dtype}; choose --dtype bfloat16 or float32")
    return values


def _refuse_unfinite(base: TensorFile, info: TensorInfo, block: Array) -> None:
    if not all_finite(block, info.dtype):
        raise InputError(f"{base.path}: {info.name!r} holds NaN or infinity; the base model is damaged")
