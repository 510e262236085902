"""Merge adapters into their base model: the base is read once, all results are written side by side.

`python ckpt_tools/merge.py --base BASE --adapter DIR [DIR ...] --out DIR` writes `step_N.ckpt` (or `.safetensors`) and
`step_N.json`, the ledger that proves it, for each adapter. Memory does not grow with the model: tensors pass through in
blocks of rows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
import numpy as np

from ckpt_tools.adapter import TENSORS, Adapter, open_adapter
from ckpt_tools.arithmetic import PairSum, all_finite, cast
from ckpt_tools.layout import FLOATS, Array, Layout, TensorFile, TensorInfo, TensorWriter
from ckpt_tools.ledger import Recipe, full_ledger, refuse_symlink, valid_ledger
from ckpt_tools.sharded import fingerprint
from ckpt_tools.tensors import FORMATS, open_tensors, tensor_layout
from core.errors import GateError, InputError, run_command
from core.files import replacing, sha256_file, write_json
from core.progress import Progress, say

DTYPES = ("keep", "float32", "float16", "bfloat16")
_BLOCK_ENTRIES = 1 << 21
_SEED = 20240601
_LEAF = re.compile(r".+\.(?:attention|feed_forward)\.(\w+)\.weight")
_ABSORBED_WARNING = 0.1


@dataclass
class _Output:
    """One merged checkpoint that is being written."""

    recipe: Recipe
    adapter: Adapter
    writer: TensorWriter
    sums: dict[str, tuple[TensorInfo, PairSum]] = field(default_factory=dict)


def merge(
    base: Path,
    adapters: Sequence[Path],
    out: Path,
    file_format: str = "ckpt",
    dtype: str | None = None,
    *,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Merge each adapter into the base, W' = W + (alpha / rank)·B·A, into `out/step_N.<format>` and `out/step_N.json`.

    A result that is there already, made of the same files in the same format and type, is left as it is.

    Args:
        base: the base model's checkpoint (MindSpore `.ckpt`, safetensors or the index of a sharded one, MindFormers
            names).
        adapters: adapter folders, each of another step.
        out: folder of the results.
        file_format: "ckpt" or "safetensors".
        dtype: type of the floating tensors of the result; None (or "keep") for each tensor's own.
        force: merge again what is there already.
        progress: called with (bytes of the base done, all bytes of the base); a progress bar where None.

    Returns:
        The ledgers, in the order of the adapters.

    Raises:
        InputError: another base than the adapter was trained on, tensors that do not fit, NaN or infinity, overflow of
            the chosen type, a disk that is too small or cannot be written.
        GateError: the numeric check of a merged tensor failed.
    """
    kind = dtype or "keep"
    if file_format not in FORMATS or kind not in DTYPES:
        raise InputError(f"format {file_format!r}, type {kind!r}: known are {', '.join(FORMATS)}; {', '.join(DTYPES)}")
    if not adapters:
        raise InputError("no adapter to merge: name at least one adapter folder")
    with ExitStack() as stack:
        tensors = stack.enter_context(open_tensors(base))
        opened = [stack.enter_context(open_adapter(folder)) for folder in adapters]
        _check_steps(opened)
        for adapter in opened:
            _check_fit(adapter, tensors)
        recipes = _recipes(base, opened, file_format, kind)
        ledgers = {recipe.adapter.step: None if force else valid_ledger(out, recipe) for recipe in recipes}
        todo = [
            (recipe, adapter)
            for recipe, adapter in zip(recipes, opened, strict=True)
            if ledgers[recipe.adapter.step] is None
        ]
        if todo:
            for made in _merge(tensors, todo, out, kind, progress):
                ledgers[made["step"]] = made
    return [ledger for recipe in recipes if (ledger := ledgers[recipe.adapter.step]) is not None]


def _check_steps(adapters: Sequence[Adapter]) -> None:
    seen: dict[int, Path] = {}
    for adapter in adapters:
        other = seen.setdefault(adapter.info.step, adapter.path)
        if other is not adapter.path:
            raise InputError(
                f"{adapter.path}: is of step {adapter.info.step} like {other}; merge them into two folders"
            )


def _check_fit(adapter: Adapter, base: TensorFile) -> None:
    """Check that each pair has its weight, and each weight that the targets name its pair."""
    where = adapter.path / TENSORS
    for weight, pair in adapter.pairs.items():
        if weight not in base:
            raise InputError(f"{where}: {pair.a!r} matches no weight of {base.path} ({weight!r} is not in it)")
        info = base[weight]
        shape = (adapter.tensors[pair.b].shape[0], adapter.tensors[pair.a].shape[1])
        if info.shape != shape:
            raise InputError(f"{where}: the pair of {weight} makes a matrix {shape}, the base's is {info.shape}")
        if info.dtype not in FLOATS:
            raise InputError(f"{base.path}: {weight} is of type {info.dtype}; only floating weights can be merged")
        for name in (pair.a, pair.b):
            if not all_finite(adapter.tensors.read(name), adapter.tensors[name].dtype):
                raise InputError(f"{where}: {name!r} holds NaN or infinity; the training diverged")
    for name in base:
        if "mindpet_delta_lora" in name:
            raise InputError(f"{base.path}: holds an adapter's tensor itself ({name!r}); give the base without adapter")
        leaf = _LEAF.fullmatch(name)
        if leaf and name not in adapter.pairs and re.match(adapter.info.targets, leaf[1]):
            raise InputError(f"{where}: the targets {adapter.info.targets!r} name {name}, but its pair is missing")


def _recipes(base: Path, adapters: Sequence[Adapter], file_format: str, dtype: str) -> list[Recipe]:
    base_sha256 = fingerprint(base)
    for adapter in adapters:
        if adapter.info.base_sha256 != base_sha256:
            raise InputError(
                f"{adapter.path}: was trained on another base (sha256 {adapter.info.base_sha256[:12]}…) than {base} "
                f"({base_sha256[:12]}…); give the base it was trained on"
            )
    return [
        Recipe(base_sha256, sha256_file(adapter.path / TENSORS), adapter.info, file_format, dtype)
        for adapter in adapters
    ]


def _merge(
    base: TensorFile,
    todo: Sequence[tuple[Recipe, Adapter]],
    out: Path,
    dtype: str,
    progress: Callable[[int, int], None] | None,
) -> list[dict[str, Any]]:
    """Write the merged files and their ledgers."""
    plan = [replace(info, dtype=dtype) if dtype != "keep" and info.dtype in FLOATS else info for info in base.infos()]
    layout = tensor_layout(todo[0][0].file_format, plan)
    try:
        _prepare(out, [recipe for recipe, _ in todo], layout)
        with ExitStack() as stack:
            outputs = []
            for recipe, adapter in todo:
                beside = stack.enter_context(replacing(out / recipe.file_name))
                outputs.append(_Output(recipe, adapter, stack.enter_context(TensorWriter(beside, layout))))
            _stream(base, layout, outputs, progress)
            ledgers = [_finish(base, output, layout) for output in outputs]
            for recipe, _ in todo:
                # From here on the file is the new one: an old ledger must not speak for it.
                (out / recipe.ledger_name).unlink(missing_ok=True)
        for (recipe, _), ledger in zip(todo, ledgers, strict=True):
            write_json(out / recipe.ledger_name, ledger)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return ledgers


def _prepare(out: Path, recipes: Sequence[Recipe], layout: Layout) -> None:
    """Make the folder, clear what a killed run left of these files, check the disk."""
    out.mkdir(parents=True, exist_ok=True)
    for recipe in recipes:
        refuse_symlink(out / recipe.file_name)
        refuse_symlink(out / recipe.ledger_name)
        for left in out.glob(f".{recipe.file_name}.*.partial"):
            process = left.name.split(".")[-2]
            if process.isdigit() and not _alive(int(process)):
                left.unlink(missing_ok=True)
    # The results that they replace stay until the new ones are whole, so nothing is taken off for them.
    needed, free = layout.size * len(recipes), shutil.disk_usage(out).free
    if needed > free:
        raise InputError(
            f"{out}: {len(recipes)} merged checkpoints need {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free; "
            "make room or choose another folder"
        )


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _stream(
    base: TensorFile, layout: Layout, outputs: Sequence[_Output], progress: Callable[[int, int], None] | None
) -> None:
    """Pass every tensor of the base through once."""
    adapted = {weight for output in outputs for weight in output.adapter.pairs}
    with (
        ThreadPoolExecutor(max_workers=max(1, min(len(outputs), os.cpu_count() or 1))) as pool,
        _steps(sum(info.nbytes for info in base.infos()), progress) as advance,
    ):
        for target in layout.infos:
            source = base[target.name]
            if target.name in adapted:
                _stream_adapted(base, target, outputs, pool, advance)
                continue
            for block in base.read_slices(target.name, _BLOCK_ENTRIES * source.numpy.itemsize):
                _refuse_unfinite(base, source, block)
                values = _converted(block, source, target)
                _each(pool, outputs, partial(_write, name=target.name, values=values))
                advance(block.nbytes)


def _stream_adapted(
    base: TensorFile,
    target: TensorInfo,
    outputs: Sequence[_Output],
    pool: ThreadPoolExecutor,
    advance: Callable[[int], None],
) -> None:
    """Pass one weight through that at least one adapter changes."""
    source = base[target.name]
    wide = np.dtype(np.result_type(np.float32, source.numpy)) if source.dtype == "float64" else np.dtype(np.float32)
    rows, width = source.shape
    x = np.random.default_rng([_SEED, zlib.crc32(target.name.encode())]).standard_normal(width)
    for output in outputs:
        if target.name in output.adapter.pairs:
            a, b = (part.astype(wide) for part in output.adapter.read(target.name))
            pair = PairSum(a, b, output.adapter.info.scaling, target.dtype, x)
            output.sums[target.name] = (target, pair)
    step = max(1, _BLOCK_ENTRIES // max(width, 1))
    for start in range(0, rows, step):
        block = base.read_rows(target.name, start, min(start + step, rows))
        _refuse_unfinite(base, source, block)
        summing = block.astype(wide, copy=False)

        def one(output: _Output, block: Array = block, summing: Array = summing, start: int = start) -> None:
            if target.name in output.sums:
                output.writer.write(target.name, output.sums[target.name][1].add(summing, start))
            else:
                output.writer.write(target.name, _converted(block, source, target))

        _each(pool, outputs, one)
        advance(block.nbytes)
    for output in outputs:
        if target.name in output.sums:
            _judge(output, target, output.sums[target.name][1])


def _write(output: _Output, name: str, values: Array) -> None:
    output.writer.write(name, values)


def _each(pool: ThreadPoolExecutor, outputs: Sequence[_Output], work: Callable[[_Output], None]) -> None:
    """Do the same for all results at once; the first error is raised when all have ended."""
    futures = [pool.submit(work, output) for output in outputs]
    for fault in [future.exception() for future in futures]:
        if fault is not None:
            raise fault


def _converted(block: Array, source: TensorInfo, target: TensorInfo) -> Array:
    if source.dtype == target.dtype:
        return block
    values = cast(block, target.dtype)
    if not all_finite(values, target.dtype):
        raise InputError(f"{source.name} holds values beyond {target.dtype}; choose --dtype bfloat16 or float32")
    return values


def _refuse_unfinite(base: TensorFile, info: TensorInfo, block: Array) -> None:
    if not all_finite(block, info.dtype):
        raise InputError(f"{base.path}: {info.name!r} holds NaN or infinity; the base model is damaged")


def _judge(output: _Output, target: TensorInfo, pair: PairSum) -> None:
    if not pair.finite:
        raise InputError(
            f"{output.adapter.path}: merged {target.name} exceeds {target.dtype}; choose --dtype bfloat16 or float32"
        )
    if pair.worst > 1:
        raise GateError(
            f"{output.adapter.path}: merged {target.name} fails the numeric check: W'x differs from Wx + s·B(Ax) by "
            f"{pair.max_error:.3g}, {pair.worst:.3g} times what rounding can do"
        )


def _finish(base: TensorFile, output: _Output, layout: Layout) -> dict[str, Any]:
    """Bring a merged file to the disk, read its structure back, return its ledger."""
    sha256 = output.writer.finish()
    with open_tensors(output.writer.path) as written:
        if sorted(written.infos(), key=lambda info: info.name) != sorted(layout.infos, key=lambda info: info.name):
            raise GateError(f"{output.writer.path}: does not read back as it was written; check the disk")
    if set(output.sums) != set(output.adapter.pairs):
        raise GateError(f"{output.adapter.path}: {len(output.adapter.pairs)} pairs, {len(output.sums)} of them merged")
    others = [info for info in layout.infos if info.name not in output.sums]
    identical = sum(info.dtype == base[info.name].dtype for info in others)
    untouched = {"count": len(others), "identical": identical, "converted": len(others) - identical}
    ledger = full_ledger(output.recipe, sha256, layout.size, output.sums, untouched)
    if ledger["absorbed"] > _ABSORBED_WARNING:
        say(
            f"warning: step {output.recipe.adapter.step}: rounding to the chosen type swallowed "
            f"{100 * ledger['absorbed']:.1f} % of the changed entries; --dtype float32 keeps them"
        )
    return ledger


@contextmanager
def _steps(total: int, progress: Callable[[int, int], None] | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts bytes of the base as done and shows it."""
    done = 0
    if progress is not None:
        report = progress

        def advance(count: int) -> None:
            nonlocal done
            done += count
            report(done, total)

        yield advance
        return
    with Progress("merge", -(-total // 1_000_000), "MB") as shown:

        def advance_shown(count: int) -> None:
            nonlocal done
            done += count
            shown.advance(-(-done // 1_000_000) - shown.done)

        yield advance_shown


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ckpt_tools/merge.py",
        description="Merge adapters into their base model: W' = W + (alpha / rank) B A, one full checkpoint each.",
        epilog="example: python ckpt_tools/merge.py --base base.ckpt --adapter train/adapters/step_* --out checkpoints",
    )
    parser.add_argument("--base", type=Path, required=True, help="the base model's checkpoint (.ckpt or .safetensors)")
    parser.add_argument("--adapter", type=Path, nargs="+", required=True, metavar="DIR", help="adapter folders")
    parser.add_argument("--out", type=Path, required=True, help="folder for step_N.ckpt and step_N.json")
    parser.add_argument("--format", choices=FORMATS, default="ckpt", help="format of the results (default: ckpt)")
    parser.add_argument("--dtype", choices=DTYPES, default="keep", help="type of the results (default: the base's)")
    parser.add_argument("--force", action="store_true", help="merge again what is there already")
    parser.add_argument("--json", action="store_true", help="print the ledgers as JSON and nothing else")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Merge, then print a table of the results."""
    arguments = _arguments(argv)
    ledgers = merge(
        arguments.base, arguments.adapter, arguments.out, arguments.format, arguments.dtype, force=arguments.force
    )
    if arguments.json:
        print(json.dumps({"checkpoints": ledgers}, ensure_ascii=False))
        return 0
    print(f"{'checkpoint':22} {'GB':>8} {'pairs':>6} {'others':>6} {'max delta':>10} {'absorbed':>9} {'max error':>9}")
    for ledger in ledgers:
        print(
            f"{ledger['file']:22} {ledger['size'] / 1e9:8.3f} {ledger['pairs']:6} {ledger['untouched']['count']:6} "
            f"{ledger['max_delta']:10.3g} {100 * ledger['absorbed']:7.2f} % {ledger['max_error']:9.3g}"
        )
    for ledger in ledgers:
        print(arguments.out / f"step_{ledger['step']}.json")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
