"""A checkpoint in another dialect (names, order of rotary rows, type), tensor by tensor in blocks of rows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ckpt_tools.conversion.plan import Move, Plan, plan
from ckpt_tools.formats.floats import all_finite, cast
from ckpt_tools.formats.index import INDEX
from ckpt_tools.formats.sharded import index_text, joint_fingerprint, shard_layouts
from ckpt_tools.formats.tensor_file import Array, Layout, TensorFile
from ckpt_tools.formats.tensors import FORMATS, tensor_layout
from ckpt_tools.formats.writing import TensorWriter, refuse_symlink
from core.errors import InputError
from core.files import make_folder, remove_file, replacing, write_text
from core.models import ModelShape
from core.models.names import Dialect
from core.progress import megabytes

_BLOCK_BYTES = 16 << 20


def convert(
    tensors: TensorFile,
    model: ModelShape,
    dialect: Dialect,
    out: Path,
    dtype: str = "keep",
    shard_size: int | None = None,
) -> dict[str, Any]:
    """Write a checkpoint in another dialect; memory stays near one block whatever the size of the model.

    What is opened to read the result, the file or the index of its shards, is there when all of it is.

    Args:
        tensors: the source, open.
        model: the model that it has to be.
        dialect: "mindformers", "hf" or "meta".
        out: the file to write; its suffix chooses the format (.safetensors, or .ckpt for MindFormers).
        dtype: "keep", "float32", "float16" or "bfloat16".
        shard_size: bytes of tensors that one file holds at most; `out` is then a folder for safetensors files and
            their index. None for a single file.

    Returns:
        {"file" (or index), "format", "from", "to", "dtype", "tensors", "reordered" (tensors whose rows were),
        "left_out" (names), "bytes", "sha256" (of several files their `fingerprint`)}.

    Raises:
        InputError: as `plan` does; NaN or infinity; values beyond the chosen type; a disk that is too small or cannot
            be written; a folder that holds a sharded checkpoint already.
    """
    planned = plan(tensors, model, dialect, dtype)
    layouts = _layouts(planned, out, shard_size)
    return write_planned(tensors, planned, layouts, dtype, None if shard_size is None else out / INDEX)


def write_planned(
    tensors: TensorFile, planned: Plan, layouts: Mapping[Path, Layout], dtype: str, index: Path | None = None
) -> dict[str, Any]:
    """Write the files of a plan, all of them or none.

    Args:
        tensors: the source, open.
        planned: which tensor becomes which.
        layouts: each file and what stands in it; together they hold all tensors of the plan.
        dtype: what the result says of the types.
        index: where the index of several files is written, beside them; None for a single file.

    Returns, raises:
        As `convert`.
    """
    out = index.parent if index else next(iter(layouts))
    for path in layouts:
        refuse_symlink(path)
        if path.exists() and any(path.samefile(file) for file in tensors.files):
            raise InputError(f"{path}: is the source itself; choose another name")
    try:
        _make_room(out if index else out.parent, sum(layout.size for layout in layouts.values()))
        hashes = _write(tensors, planned, layouts, index)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return {
        "file": str(index or out),
        "format": next(iter(layouts.values())).file_format,
        "from": planned.source,
        "to": planned.dialect,
        "dtype": dtype,
        "tensors": len(planned.infos),
        "reordered": sum(move.reorder is not None for move in planned.moves.values()),
        "left_out": list(planned.left_out),
        "bytes": sum(layout.size for layout in layouts.values()),
        "sha256": next(iter(hashes.values())) if index is None else joint_fingerprint(hashes),
    }


def _layouts(planned: Plan, out: Path, shard_size: int | None) -> dict[Path, Layout]:
    """Return the files of the result and their plans; InputError for a place or format that cannot be."""
    # transformers refuses a file that does not say which library's tensors it holds.
    metadata = {"format": "ms" if planned.dialect == "mindformers" else "pt"}
    file_format = out.suffix.removeprefix(".")
    if shard_size is None:
        if file_format == "ckpt" and planned.dialect != "mindformers":
            raise InputError(
                f"{out}: {planned.dialect} tensors go into a .safetensors file; .ckpt is MindSpore's format"
            )
        if file_format not in FORMATS:
            raise InputError(
                f"{out}: name a file that ends in .safetensors (or .ckpt for MindFormers), or give --shard-size"
            )
        return {out: tensor_layout(file_format, planned.infos, metadata)}
    if file_format in FORMATS:
        raise InputError(f"{out}: several files go into a folder; name one, or leave --shard-size out")
    refuse_symlink(out)
    if (out / INDEX).exists():
        raise InputError(f"{out / INDEX}: already exists; remove that checkpoint or choose another folder")
    return {out / name: layout for name, layout in shard_layouts(planned.infos, shard_size, metadata).items()}


def _make_room(folder: Path, needed: int) -> None:
    make_folder(folder)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise InputError(
            f"{folder}: needs {needed / 1e9:.2f} GB, {free / 1e9:.2f} GB are free; make room or choose another"
        )


def _write(tensors: TensorFile, planned: Plan, layouts: Mapping[Path, Layout], index: Path | None) -> dict[str, str]:
    """Write the files one after another and the index last, all of them or none; return file name -> sha256."""
    hashes: dict[str, str] = {}
    try:
        with megabytes("convert", sum(layout.size for layout in layouts.values())) as advance:
            for path, layout in layouts.items():
                with replacing(path) as partial, TensorWriter(partial, layout) as writer:
                    _stream(tensors, planned, layout, writer, advance)
                    hashes[path.name] = writer.finish()
        if index is not None:
            write_text(index, index_text({path.name: layout for path, layout in layouts.items()}))
    except BaseException:
        for path in layouts:
            if path.name in hashes:
                remove_file(path)
        raise
    return hashes


def _stream(
    tensors: TensorFile, planned: Plan, layout: Layout, writer: TensorWriter, advance: Callable[[int], None]
) -> None:
    """Pass the tensors of one file of the result through."""
    for info in layout.infos:
        move = planned.moves[info.name]
        source = tensors[move.source]
        for block in _blocks(tensors, move, planned.head_size):
            if not all_finite(block, source.dtype):
                raise InputError(f"{tensors.path}: {source.name!r} holds NaN or infinity; the checkpoint is damaged")
            values = cast(block, info.dtype)
            if not all_finite(values, info.dtype):
                raise InputError(
                    f"{tensors.path}: {source.name!r} holds values beyond {info.dtype}; choose another --dtype"
                )
            writer.write(info.name, values)
            advance(values.nbytes)


def _blocks(tensors: TensorFile, move: Move, head_size: int) -> Iterator[Array]:
    """Yield the entries of one tensor in the order of the result, in blocks of whole heads where rows move."""
    if move.reorder is None:
        yield from tensors.read_slices(move.source, _BLOCK_BYTES)
        return
    info = tensors[move.source]
    rows = info.shape[0]
    head_bytes = head_size * (info.nbytes // rows)
    step = head_size * max(1, _BLOCK_BYTES // head_bytes)
    for start in range(0, rows, step):
        yield move.reorder(tensors.read_rows(move.source, start, min(start + step, rows)), head_size)
