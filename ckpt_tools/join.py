"""Command: join the slices that tensor- and pipeline-parallel workers hold of an adapter into one to be merged.

`python ckpt_tools/join.py --workers DIR --strategy FILE --out DIR` reads `DIR/rank_R/*.ckpt` (or `.safetensors`) and
MindSpore's strategy file. MindSpore itself joins them (`transform_checkpoint_by_rank`), a few tensors at a time, so
that memory does not grow with the checkpoint; then the slice of every worker is sought in the result.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
import numpy as np

from ckpt_tools.formats.mindspore_ckpt import SUFFIX as CKPT
from ckpt_tools.formats.safetensors_file import SUFFIX as SAFETENSORS
from ckpt_tools.formats.tensor_file import TensorFile, TensorInfo
from ckpt_tools.formats.tensors import open_tensors, tensor_layout, write_tensors
from ckpt_tools.formats.writing import TensorWriter
from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, AdapterInfo, open_adapter, read_info
from ckpt_tools.merging.slices import SliceLayout, read_layouts
from core.command import command_parser
from core.errors import GateError, InputError, first_line, run_command
from core.files import remove_file, replacing, write_json
from core.methods import Method
from core.models.names import some
from core.progress import Progress, say
from core.terminal import show, show_json

_OPTIMIZER = re.compile(r"(?:adam_[mv]|accu_grads|moment[12]?)\.")
_GROUP_BYTES = 64 << 20


def join_adapter(workers: Path, strategy: Path, out: Path, info: AdapterInfo, pattern: str = "*") -> dict[str, Any]:
    """Write the adapter whose slices the workers hold, and prove that every worker's slice stands in it.

    Args:
        workers: folder with `rank_0`, `rank_1`, … of all workers; in each one checkpoint, of slices of the adapter
            (other tensors may stand beside and are left out).
        strategy: the strategy file of the training, or a folder with those of all pipeline stages.
        out: the adapter folder to write.
        info: how the adapter is meant.
        pattern: which file of a worker's folder, where it holds several.

    Returns:
        {"tensors", "sliced" (tensors that no worker holds whole), "workers", "bytes", "sha256"}.

    Raises:
        InputError: a worker, tensor or layout is missing or does not fit, or the disk cannot be written.
        GateError: a worker's slice is not found in the result: the workers did not end with the same tensors.
    """
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="join-")))
        if strategy.is_dir():
            strategy = _merged_stages(strategy, scratch / "strategy.ckpt")
        layouts = _layouts(strategy)
        files = _files(workers, pattern)
        opened = {rank: stack.enter_context(open_tensors(path)) for rank, path in files.items()}
        infos = _whole_infos(opened, layouts, strategy, info.method)
        planned = tensor_layout("safetensors", infos)
        try:
            with (
                replacing(out / TENSORS) as partial,
                TensorWriter(partial, planned) as writer,
                Progress("join", len(infos), "tensors") as shown,
            ):
                for group in _groups(planned.infos, layouts):
                    joined = _join(group, opened, layouts, strategy, scratch)
                    for tensor in group:
                        writer.write(tensor.name, joined[tensor.name])
                    shown.advance(len(group))
                sha256 = writer.finish()
                # From here on the tensors are the new ones: an old description must not speak for them.
                remove_file(out / DESCRIPTION)
            write_json(out / DESCRIPTION, info.content())
        except OSError as error:
            raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    _refuse_misdescribed(out)
    return {
        "tensors": len(infos),
        "sliced": sum(max(layouts[tensor.name].parts()) > 1 for tensor in infos),
        "workers": len(opened),
        "bytes": planned.size,
        "sha256": sha256,
    }


def _files(workers: Path, pattern: str) -> dict[int, Path]:
    """Return rank -> checkpoint of the worker."""
    files: dict[int, Path] = {}
    for folder in sorted(workers.glob("rank_*")):
        number = folder.name.removeprefix("rank_")
        if not number.isdecimal() or not folder.is_dir():
            continue
        found = [path for path in sorted(folder.glob(pattern)) if path.suffix in (CKPT, SAFETENSORS)]
        if len(found) != 1:
            raise InputError(
                f"{folder}: {len(found)} checkpoints ({some(path.name for path in found) or 'none'}) where one is "
                "expected; choose with --pattern, such as '*-10_2.ckpt'"
            )
        files[int(number)] = found[0]
    if not files:
        raise InputError(f"{workers}: holds no rank_0, rank_1, … with the workers' checkpoints")
    return files


def _merged_stages(folder: Path, to: Path) -> Path:
    """Join the strategy files of all pipeline stages into one."""
    import mindspore

    try:
        mindspore.merge_pipeline_strategys(str(folder), str(to))
    except Exception as error:  # MindSpore raises whatever its parsers do
        raise InputError(f"{folder}: no strategy files of MindSpore ({first_line(error)})") from error
    return to


def _layouts(strategy: Path) -> dict[str, SliceLayout]:
    import mindspore

    try:
        read = mindspore.build_searched_strategy(str(strategy))
    except Exception as error:  # MindSpore raises whatever its parsers do
        raise InputError(f"{strategy}: no strategy file of MindSpore ({first_line(error)})") from error
    return read_layouts(read, str(strategy))


def _whole_infos(
    opened: Mapping[int, TensorFile], layouts: Mapping[str, SliceLayout], strategy: Path, method: Method[Any]
) -> list[TensorInfo]:
    """Return the adapter's tensors at their whole shapes, after comparing every worker with the layouts."""
    present = {name for tensors in opened.values() for name in tensors}
    names = sorted(name for name in present if method.owns(name) and not _OPTIMIZER.match(name))
    if not names:
        raise InputError(f"{next(iter(opened.values())).path}: holds no tensor of a {method.title}")
    if unknown := [name for name in names if name not in layouts]:
        raise InputError(f"{strategy}: has no layout of {some(unknown)}; it is of another training")
    infos = []
    for name in names:
        layout = layouts[name]
        if absent := [rank for rank in layout.ranks if rank not in opened]:
            raise InputError(
                f"{strategy}: {name} lies on rank {absent[0]} too, whose folder rank_{absent[0]} is missing"
            )
        first = opened[layout.ranks[0]]
        for rank in layout.ranks:
            if name not in opened[rank]:
                raise InputError(f"{opened[rank].path}: lacks {name}, which {strategy} places on rank {rank}")
            if opened[rank][name] != first[name]:
                raise InputError(f"{opened[rank].path}: {name} differs in type or shape from that in {first.path}")
        slice_info = first[name]
        if len(slice_info.shape) != len(layout.cuts):
            raise InputError(f"{strategy}: cuts {name} in {len(layout.cuts)} dimensions, it has {slice_info.shape}")
        infos.append(TensorInfo(name, slice_info.dtype, layout.whole(slice_info.shape)))
    return infos


def _groups(infos: Sequence[TensorInfo], layouts: Mapping[str, SliceLayout]) -> Iterator[list[TensorInfo]]:
    """Yield the tensors in order, as many together as stay small and lie on one stage."""
    group: list[TensorInfo] = []
    for info in infos:
        size = sum(tensor.nbytes for tensor in group) + info.nbytes
        if group and (size > _GROUP_BYTES or layouts[info.name].stage != layouts[group[0].name].stage):
            yield group
            group = []
        group.append(info)
    if group:
        yield group


def _join(
    group: Sequence[TensorInfo],
    opened: Mapping[int, TensorFile],
    layouts: Mapping[str, SliceLayout],
    strategy: Path,
    scratch: Path,
) -> dict[str, np.ndarray[Any, Any]]:
    """Let MindSpore join a few tensors of one stage; return them whole, each worker's slice found in them."""
    import mindspore

    stage = layouts[group[0].name].ranks
    pieces: dict[int, Path] = {}
    for rank in stage:
        pieces[rank] = scratch / f"rank_{rank}.ckpt"
        write_tensors(pieces[rank], {info.name: opened[rank].read(info.name) for info in group})
    try:
        needed = set(mindspore.rank_list_for_transform(0, str(strategy), None)) & set(stage)
        mindspore.transform_checkpoint_by_rank(
            0, {rank: str(pieces[rank]) for rank in sorted(needed)}, str(scratch / "joined.ckpt"), str(strategy), None
        )
    except Exception as error:  # MindSpore raises whatever its parsers do
        raise InputError(f"{strategy}: MindSpore cannot join {group[0].name} ({first_line(error)})") from error
    with open_tensors(scratch / "joined.ckpt") as tensors:
        joined = {info.name: tensors.read(info.name) for info in group}
    for info in group:
        values, layout = joined[info.name], layouts[info.name]
        if (values.shape, values.dtype) != (info.shape, info.numpy):
            raise GateError(f"{strategy}: {info.name} was joined to {values.dtype} {values.shape}, planned {info}")
        for rank in stage:
            found = np.ascontiguousarray(values[layout.region(rank, info.shape)])
            if found.tobytes() != opened[rank].read(info.name).tobytes():
                raise GateError(
                    f"{opened[rank].path}: its slice of {info.name} differs from that of a worker that has to hold the "
                    "same; the workers did not end with the same tensors"
                )
    return joined


def _refuse_misdescribed(out: Path) -> None:
    """Remove an adapter again that its own description does not fit."""
    try:
        with open_adapter(out):
            pass
    except InputError:
        remove_file(out / DESCRIPTION)
        remove_file(out / TENSORS)
        raise


def main(argv: Sequence[str]) -> int:
    """Join, print what was written."""
    parser = command_parser(
        "ckpt_tools/join.py",
        "Join the adapter slices of tensor- and pipeline-parallel workers into one adapter (by MindSpore).",
        "example: python ckpt_tools/join.py --workers train/workers/step_100 "
        "--strategy train/mindformers/strategy --out train/adapters/step_100",
        json="the result",
    )
    parser.add_argument("--workers", type=Path, required=True, metavar="DIR", help="folder with rank_0, rank_1, …")
    parser.add_argument("--strategy", type=Path, required=True, help="strategy file, or folder of those of all stages")
    parser.add_argument("--info", type=Path, help=f"folder with the {DESCRIPTION} of this training (default: DIR)")
    parser.add_argument("--pattern", default="*", help="which file in each rank's folder (default: the only one)")
    parser.add_argument("--out", type=Path, required=True, help="adapter folder to write")
    arguments = parser.parse_args(argv)
    info = read_info(arguments.info or arguments.workers)
    say("loading MindSpore")
    result = join_adapter(arguments.workers, arguments.strategy, arguments.out, info, arguments.pattern)
    if arguments.json:
        show_json(result)
        return 0
    for key, value in result.items():
        show(f"{key:10} {value}")
    show(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
