"""Hostile inputs laid out as files: for each reader, name -> path."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

from attacks import made
from attacks.zips import hostile_zips

# What each reader may take: processor seconds an input, and megabytes at the most (the interpreter and what the reader
# imports among them).
LIMITS: dict[str, tuple[float, int]] = {
    "check": (10.0, 300),
    "tensors": (5.0, 300),
    "adapter": (5.0, 150),
    "tokenizer": (12.0, 600),
    "settings": (5.0, 300),
    "foreign_yaml": (3.0, 200),
    "documents": (8.0, 400),
    "corpora": (10.0, 600),
    "texts": (15.0, 500),
}


def files(folder: Path, made_files: Iterable[tuple[str, bytes | Callable[[], bytes]]]) -> dict[str, Path]:
    """Write files, each in a folder of its own where its name is no file's; return name -> path."""
    found = {}
    for number, (name, body) in enumerate(made_files):
        path = (
            folder / f"{number:04}{Path(name).suffix if name.count('.') == 1 and ' ' not in Path(name).suffix else ''}"
        )
        path.write_bytes(body() if callable(body) else body)
        found[name] = path
    return found


def adapters(folder: Path) -> dict[str, Path]:
    """Write adapter folders whose targets are hostile, or no text, and whose tensors have names to match."""
    found = {}
    targets = made.expressions() | {"list": [".*wq"], "number": 5, "none": None, "object": {}}
    for name, text in targets.items():
        for leaf in ("wq", "a" * 3000, "a" * 30 + "!"):
            at = folder / f"{name}-{leaf[:5]}{len(leaf)}"
            at.mkdir()
            (at / "adapter.json").write_bytes(made.adapter_json(text))
            (at / "adapter.safetensors").write_bytes(made.adapter_tensors(leaf))
            found[at.name] = at
    return found


def laid_out(reader: str, folder: Path, whole_zip: Callable[[], bytes], every: int = 1) -> dict[str, Path]:
    """Write every so many inputs of a reader; `whole_zip` returns a zip that passes, for the checker's."""
    folder.mkdir(exist_ok=True)
    if reader == "adapter":
        return dict(list(adapters(folder).items())[::every])
    inputs: dict[str, Callable[[], Iterable[tuple[str, bytes | Callable[[], bytes]]]]] = {
        "check": lambda: hostile_zips(whole_zip()),
        "tensors": lambda: (made.torch_files() | made.tensor_files()).items(),
        "tokenizer": lambda: made.tokenizer_files().items(),
        "settings": lambda: (made.yaml_documents() | made.key_values()).items(),
        "foreign_yaml": lambda: made.yaml_documents().items(),
        "documents": lambda: made.json_documents().items(),
        "corpora": lambda: made.json_documents().items(),
        # All who compare texts look at a few ten thousand characters; what passes over the rest is linear.
        "texts": lambda: made.texts(1_000_000 if every == 1 else 200_000).items(),
    }
    return files(folder, islice(inputs[reader](), 0, None, every))
