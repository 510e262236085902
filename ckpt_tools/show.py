"""Show what a checkpoint file holds: names, shapes, types, sizes, metadata; at once, whatever its size."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
from ckpt_tools.tensors import open_tensors
from core.errors import run_command


def describe(path: Path) -> dict[str, Any]:
    """Return format, metadata, tensors (name, dtype, shape, bytes) and sums of a checkpoint; contents are not read.

    Raises:
        InputError: missing, damaged, or of no known format.
    """
    with open_tensors(path) as tensors:
        infos = tensors.infos()
        return {
            "file": str(path),
            "format": tensors.file_format,
            "metadata": tensors.metadata,
            "tensors": [
                {"name": info.name, "dtype": info.dtype, "shape": list(info.shape), "bytes": info.nbytes}
                for info in infos
            ],
            "count": len(infos),
            "parameters": sum(info.size for info in infos),
            "bytes": sum(info.nbytes for info in infos),
        }


def main(argv: Sequence[str]) -> int:
    """Print the table or the JSON."""
    parser = argparse.ArgumentParser(
        prog="ckpt_tools/show.py",
        description="Show names, shapes, types, sizes and metadata of a checkpoint (.ckpt or .safetensors).",
        epilog="example: python ckpt_tools/show.py logs/latest/checkpoints/step_100.ckpt",
    )
    parser.add_argument("file", type=Path, help="the checkpoint")
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    arguments = parser.parse_args(argv)
    shown = describe(arguments.file)
    if arguments.json:
        print(json.dumps(shown, ensure_ascii=False))
        return 0
    width = max([len(tensor["name"]) for tensor in shown["tensors"]] + [6])
    print(f"{'tensor':{width}}  {'type':10} {'bytes':>15}  shape")
    for tensor in shown["tensors"]:
        print(f"{tensor['name']:{width}}  {tensor['dtype']:10} {tensor['bytes']:>15,}  {tensor['shape']}")
    for key, text in shown["metadata"].items():
        print(f"metadata {key}: {text}")
    print(f"{shown['format']}: {shown['count']} tensors, {shown['parameters']:,} entries, {shown['bytes']:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
