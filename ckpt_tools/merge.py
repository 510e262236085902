"""Command: merge adapters into their base model; the base passes through once, all results are written side by side.

`python ckpt_tools/merge.py --base BASE --adapter DIR [DIR ...] --out DIR` writes `step_N.ckpt` (or `.safetensors`) and
`step_N.json`, its manifest, for each adapter. Memory does not grow with the model. A merge that was killed goes on
where it was when the same command is run again.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    # Each result has a thread of its own; more of them inside the matrix product get in each other's way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
from ckpt_tools.formats.checked_file import unwritable
from ckpt_tools.formats.index import opened_by
from ckpt_tools.formats.sharded import parse_size, shard_layouts
from ckpt_tools.formats.tensor_file import FLOATS, RESULT_TYPES, DiskError, Layout, TensorFile
from ckpt_tools.formats.tensors import FORMATS, open_tensors, tensor_layout
from ckpt_tools.merging.adapter import TENSORS, Adapter, open_adapter
from ckpt_tools.merging.checks import Unchanged, check_fit, check_steps, checked_base, proven_manifest
from ckpt_tools.merging.manifest import MergeSpec, valid_manifest
from ckpt_tools.merging.partial import Partial
from ckpt_tools.merging.stream import Lane, stream
from core.command import command_parser
from core.config import kit_path
from core.errors import InputError, KitError, run_command
from core.files import make_folder, sha256_file
from core.progress import megabytes, say
from core.run_folder import RunFolder
from core.step_names import step_name
from core.terminal import show, show_json


def merge(
    base: Path,
    adapters: Sequence[Path],
    out: Path,
    file_format: str = "ckpt",
    dtype: str | None = None,
    *,
    shard_size: int | None = None,
    checksum: bool = False,
    force: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Merge each adapter into the base, W' = W + its method's update, into `out/step_N.<format>` and `out/step_N.json`.

    A result that is there already, made of the same files in the same format and type, is left as it is; one that was
    left unfinished is gone on with.

    Args:
        base: the base model's checkpoint (MindSpore `.ckpt`, safetensors or the index of a sharded one or its folder,
            MindFormers names).
        adapters: adapter folders, each of another step.
        out: folder of the results.
        file_format: "ckpt" or "safetensors".
        dtype: type of the floating tensors of the result; None (or "keep") for each tensor's own.
        shard_size: bytes of tensors that one file of a result holds at most; the result is then a folder `step_N` of
            safetensors files and their index. None for a single file.
        checksum: whether a `.ckpt` ends with its crc32.
        force: merge again what is there already.
        progress: called with (bytes of the base done, all bytes of the base); a progress bar where None.

    Returns:
        The manifests, in the order of the adapters.

    Raises:
        InputError: another base than the adapter was trained on, tensors that do not fit, NaN or infinity, overflow of
            the chosen type, a disk that is too small or cannot be written.
        GateError: the numeric check of a merged tensor failed, or a file did not read back as it was written.
    """
    base, kind = opened_by(base), dtype or "keep"
    if file_format not in FORMATS or kind not in RESULT_TYPES:
        raise InputError(
            f"format {file_format!r}, type {kind!r}: known are {', '.join(FORMATS)}; {', '.join(RESULT_TYPES)}"
        )
    if shard_size is not None and file_format != "safetensors":
        raise InputError("only safetensors can be sharded: give --format safetensors with --shard-size")
    if not adapters:
        raise InputError("no adapter to merge: name at least one adapter folder")
    with ExitStack() as stack:
        tensors = stack.enter_context(open_tensors(base))
        opened = [stack.enter_context(open_adapter(folder)) for folder in adapters]
        check_steps(opened)
        for adapter in opened:
            check_fit(adapter, tensors)
        unchanged = Unchanged([*tensors.files, *(adapter.path / TENSORS for adapter in opened)])
        base_sha256 = checked_base(base, opened)
        hashes = [sha256_file(adapter.path / TENSORS) for adapter in opened]
        specs = [
            MergeSpec(base_sha256, sha256, adapter.info, file_format, kind, shard_size, checksum)
            for sha256, adapter in zip(hashes, opened, strict=True)
        ]
        with _alone(out):
            manifests = {spec.name: None if force else valid_manifest(out, spec) for spec in specs}
            plan = _plan(tensors, specs[0])
            results = [Partial(out, spec, _named(plan, spec)) for spec in specs]
            todo = []
            for result, adapter in zip(results, opened, strict=True):
                if manifests[result.spec.name] is None:
                    todo.append((result, adapter))
                else:
                    result.tidy()
            if todo:
                made = _merge(tensors, todo, out, unchanged, force, progress)
                manifests |= {step_name(manifest["step"]): manifest for manifest in made}
    return [manifest for manifest in manifests.values() if manifest is not None]


def _plan(base: TensorFile, spec: MergeSpec) -> dict[str, Layout]:
    """Return the files of each result: name -> layout; the name is a shard's, empty for a single file."""
    infos = [
        replace(info, dtype=spec.dtype) if spec.dtype != "keep" and info.dtype in FLOATS else info
        for info in base.infos()
    ]
    if spec.shard_size is not None:
        return shard_layouts(infos, spec.shard_size)
    return {"": tensor_layout(spec.file_format, infos, checksum=spec.checksum)}


def _named(plan: Mapping[str, Layout], spec: MergeSpec) -> dict[str, Layout]:
    return {f"{spec.result_name}/{name}".rstrip("/"): layout for name, layout in plan.items()}


def _merge(
    base: TensorFile,
    todo: Sequence[tuple[Partial, Adapter]],
    out: Path,
    unchanged: Unchanged,
    force: bool,
    progress: Callable[[int, int], None] | None,
) -> list[dict[str, Any]]:
    """Write the merged files and their manifests; return the manifests."""
    results = [result for result, _ in todo]
    try:
        _make_room(out, results, force)
        manifests = _written(base, todo, unchanged, progress)
        for result, manifest in zip(results, manifests, strict=True):
            result.publish(manifest)
    except (DiskError, OSError) as error:
        what = error if isinstance(error, DiskError) else unwritable(out, error)
        raise InputError(
            f"{what}; {out}/.step_*.partial keeps what is done: run the command again to go on, or delete it"
        ) from error
    for manifest in manifests:
        for warning in manifest["warnings"]:
            say(f"warning: {warning}")
    return manifests


def _written(
    base: TensorFile,
    todo: Sequence[tuple[Partial, Adapter]],
    unchanged: Unchanged,
    progress: Callable[[int, int], None] | None,
) -> list[dict[str, Any]]:
    """Write the files of the results, without giving them their names, and return their manifests."""
    try:
        with ExitStack() as stack:
            lanes = [stack.enter_context(Lane(adapter, result)) for result, adapter in todo]
            infos = [info for layout in todo[0][0].layouts.values() for info in layout.infos]
            with _steps(sum(info.nbytes for info in base.infos()), progress) as advance:
                stream(base, infos, lanes, advance)
        unchanged.check()
        return [proven_manifest(lane.result, lane.adapter, lane.files) for lane in lanes]
    except DiskError:
        raise
    except KitError:
        # Something is wrong with the inputs: going on with these files would not help.
        for result, _ in todo:
            result.discard()
        raise


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Make the folder of results, and hold it for this process alone."""
    try:
        make_folder(out)
        descriptor = os.open(out, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise unwritable(out, error) from error
    try:
        _lock(descriptor, out)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, out: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f"{out}: another merge is writing there; wait until it has finished or choose another folder"
        ) from error
    except OSError:
        say(f"{out}: its file system does not support locks; make sure that no other merge writes there")


def _make_room(out: Path, results: Sequence[Partial], force: bool) -> None:
    """Check that the results may be written and fit on the disk."""
    for result in results:
        result.check_place()
        if force:
            result.discard()
    # The results that they replace stay until the new ones are whole, so nothing is taken off for them.
    needed = sum(layout.size for result in results for layout in result.layouts.values())
    left = sum(result.prepare() for result in results)
    if left:
        say(f"{out}: checking {left / 1e9:.2f} GB that an earlier merge left")
    needed -= left
    free = shutil.disk_usage(out).free
    if needed > free:
        raise InputError(
            f"{out}: {len(results)} merged checkpoints need {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free; "
            "make room or choose another folder"
        )


@contextmanager
def _steps(total: int, progress: Callable[[int, int], None] | None) -> Iterator[Callable[[int], None]]:
    """Yield a function that counts bytes of the base as done and shows or reports it."""
    if progress is None:
        with megabytes("merge", total) as advance_shown:
            yield advance_shown
        return
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    yield advance


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = command_parser(
        "ckpt_tools/merge.py",
        "Merge adapters into their base model, by the formula of their method: one full checkpoint each.",
        "example: python ckpt_tools/merge.py --base base.ckpt --adapter train/adapters/step_* --out checkpoints",
        json="the manifests",
    )
    parser.add_argument(
        "--base", type=Path, required=True, help="the base model: .ckpt, .safetensors, an index or its folder"
    )
    parser.add_argument("--adapter", type=Path, nargs="+", required=True, metavar="DIR", help="adapter folders")
    parser.add_argument("--out", type=Path, required=True, help="folder for step_N.ckpt and step_N.json")
    parser.add_argument("--format", choices=FORMATS, default="ckpt", help="format of the results (default: ckpt)")
    parser.add_argument(
        "--dtype", choices=RESULT_TYPES, default="keep", help="type of the results (default: the base's)"
    )
    parser.add_argument(
        "--shard-size", metavar="SIZE", help="cut safetensors into files of at most this size, such as 5GB"
    )
    parser.add_argument("--crc", action="store_true", help="end a .ckpt with its crc32, for load_checkpoint(crc_check)")
    parser.add_argument("--force", action="store_true", help="merge again what is there already")
    return parser.parse_args(argv)


def _noted(arguments: argparse.Namespace) -> AbstractContextManager[None]:
    """Return what notes a run's step: all its adapters go into its checkpoints, as its run.yaml says."""
    run = RunFolder(arguments.out.resolve().parent)
    if arguments.out.resolve() != run.checkpoints.resolve() or not run.settings_file.is_file():
        return nullcontext()
    config = run.config()
    wanted = {folder.resolve() for folder in (run.train / "adapters").glob("step_*")}
    is_own = (
        {folder.resolve() for folder in arguments.adapter} == wanted
        and arguments.base.resolve() == kit_path(config.model.checkpoint).resolve()
        and (arguments.format, arguments.dtype) == (config.submission.format, config.submission.dtype)
    )
    return run.step("merge") if is_own else run.steps.partly("merge")


def main(argv: Sequence[str]) -> int:
    """Merge, then print a table of the results."""
    arguments = _arguments(argv)
    with _noted(arguments):
        manifests = merge(
            arguments.base,
            arguments.adapter,
            arguments.out,
            arguments.format,
            arguments.dtype,
            shard_size=None if arguments.shard_size is None else parse_size(arguments.shard_size),
            checksum=arguments.crc,
            force=arguments.force,
        )
    if arguments.json:
        show_json({"checkpoints": manifests})
        return 0
    manifests.sort(key=lambda manifest: int(manifest["step"]))
    width = max(len(manifest["file"]) for manifest in manifests)
    head = f"{'GB':>8} {'pairs':>6} {'others':>6} {'max delta':>10} {'absorbed':>9} {'max error':>9}"
    show(f"{'checkpoint':{width}} {head}")
    for manifest in manifests:
        counts = f"{manifest['size'] / 1e9:8.3f} {manifest['pairs']:6} {manifest['untouched']['count']:6}"
        measured = f"{manifest['max_delta']:10.3g} {100 * manifest['absorbed']:7.2f} % {manifest['max_error']:9.3g}"
        show(f"{manifest['file']:{width}} {counts} {measured}")
    for manifest in manifests:
        show(arguments.out / f"{step_name(manifest['step'])}.json")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
