"""Command: show what a checkpoint file holds: names, shapes, types, sizes, metadata; at once, whatever its size."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from ckpt_tools.formats.floats import all_finite
from ckpt_tools.formats.mindspore_ckpt import checksum_holds
from ckpt_tools.formats.sources import open_source
from core.command import command_parser
from core.errors import GateError, run_command
from core.terminal import show, show_json

_SLICE_BYTES = 8 << 20


def describe(path: Path) -> dict[str, Any]:
    """Return format, checksum, metadata, tensors (name, dtype, shape, bytes) and sums; contents are not read.

    Raises:
        InputError: missing, damaged, or of no known format.
    """
    with open_source(path) as tensors:
        infos = tensors.infos()
        return {
            "file": str(path),
            "format": tensors.file_format,
            "crc": tensors.checksum,
            "metadata": tensors.metadata,
            "tensors": [
                {"name": info.name, "dtype": info.dtype, "shape": list(info.shape), "bytes": info.nbytes}
                for info in infos
            ],
            "count": len(infos),
            "parameters": sum(info.size for info in infos),
            "bytes": sum(info.nbytes for info in infos),
        }


def check_contents(path: Path) -> None:
    """Read a checkpoint through.

    Raises:
        GateError: it does not have the crc32 that it states, or holds NaN or infinity.
    """
    with open_source(path) as tensors:
        if tensors.checksum is not None and not checksum_holds(path):
            raise GateError(f"{path}: does not have the crc32 that it states; the file is damaged")
        for info in tensors.infos():
            if not all(all_finite(part, info.dtype) for part in tensors.read_slices(info.name, _SLICE_BYTES)):
                raise GateError(f"{path}: {info.name!r} holds NaN or infinity")


def main(argv: Sequence[str]) -> int:
    """Print the table or the JSON."""
    parser = command_parser(
        "ckpt_tools/show.py",
        "Show names, shapes, types, sizes and metadata of a checkpoint: .ckpt, safetensors, PyTorch.",
        "example: python ckpt_tools/show.py logs/latest/checkpoints/step_100.ckpt",
        json="the result",
    )
    parser.add_argument(
        "file", type=Path, help="the checkpoint: a file, an index, or a folder of Hugging Face's or Meta's"
    )
    parser.add_argument("--check", action="store_true", help="read it through: checksum if it has one, NaN, infinity")
    arguments = parser.parse_args(argv)
    shown = describe(arguments.file)
    if arguments.check:
        check_contents(arguments.file)
    if arguments.json:
        show_json(shown)
        return 0
    for tensor in shown["tensors"]:
        # A name from a damaged file must not steer the terminal.
        tensor["name"] = tensor["name"] if tensor["name"].isprintable() else ascii(tensor["name"])
    width = max([len(tensor["name"]) for tensor in shown["tensors"]] + [6])
    show(f"{'tensor':{width}}  {'type':10} {'bytes':>15}  shape")
    for tensor in shown["tensors"]:
        show(f"{tensor['name']:{width}}  {tensor['dtype']:10} {tensor['bytes']:>15,}  {tensor['shape']}")
    for key, text in shown["metadata"].items():
        show(f"metadata {key}: {text}")
    show(f"{shown['format']}: {shown['count']} tensors, {shown['parameters']:,} entries, {shown['bytes']:,} bytes")
    if arguments.check:
        show("checked: all finite" + ("" if shown["crc"] is None else ", crc32 as stated"))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
