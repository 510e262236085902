"""JSON, YAML and zips that others made come in through one door each: nobody else parses them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.places import ROOT

# What parses a text of any of these, by the module it is of; and who may call it.
PARSERS = {
    "json": {"load", "loads", "JSONDecoder"},
    "orjson": {"loads"},
    "yaml": {"load", "load_all", "safe_load", "safe_load_all", "full_load", "full_load_all", "unsafe_load", "parse",
             "compose", "scan", "SafeLoader", "FullLoader", "Loader", "CSafeLoader", "CLoader"},
    "zipfile": {"ZipFile", "Path", "is_zipfile", "PyZipFile"},
    "pickle": {"load", "loads", "Unpickler"},
    "tarfile": {"open", "TarFile"},
    "shutil": {"unpack_archive"},
    "marshal": {"load", "loads"},
    "shelve": {"open"},
}  # fmt: skip
DOORS = {
    "core/untrusted.py": {"json", "yaml"},
    "core/zip_file.py": {"zipfile"},
    # A corpus is streamed value by value, and what is wrong with one record is noted beside it.
    "data_convert/readers/json_text.py": {"json", "orjson"},
    # What the kit wrote a moment ago into a temporary file that only this process has.
    "data_convert/corpus/record_store.py": {"orjson"},
    # It writes a zip.
    "submission/package/pack.py": {"zipfile"},
    # So does this: the document that it made in memory, so that the same report gives the same bytes.
    "submission/report/word.py": {"zipfile"},
}


def uses(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    """Yield (line, module, name) of each parser that a module's code names, under whatever name it imports it."""
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules |= {alias.asname or alias.name: alias.name for alias in node.names if alias.name in PARSERS}
        elif isinstance(node, ast.ImportFrom) and node.module in PARSERS:
            found = [alias.name for alias in node.names if alias.name in (*PARSERS[node.module], "*")]
            yield from ((node.lineno, node.module, name) for name in found)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = modules.get(node.value.id, "")
            if node.attr in PARSERS.get(module, ()):
                yield node.lineno, module, node.attr


def rooms() -> list[Path]:
    outside = {"tests", "benchmarks", "logs", "assets"}
    files = [file for file in ROOT.glob("*/**/*.py") if not file.relative_to(ROOT).parts[0].startswith(".")]
    return sorted(file for file in files if file.relative_to(ROOT).parts[0] not in outside)


def test_one_function_parses_what_others_made_and_nobody_else_does() -> None:
    wrong = [
        f"{file.relative_to(ROOT)}:{line}: {module}.{name}; call core.untrusted or core.zip_file instead"
        for file in rooms()
        for line, module, name in uses(ast.parse(file.read_text(encoding="utf-8")))
        if module not in DOORS.get(file.relative_to(ROOT).as_posix(), ())
    ]
    assert wrong == []


def test_the_doors_are_there_and_used() -> None:
    for name, modules in DOORS.items():
        assert modules == {module for _, module, _ in uses(ast.parse((ROOT / name).read_text(encoding="utf-8")))}


@pytest.mark.parametrize(
    "code",
    [
        "import json\njson.loads('1')",
        "import json as j\nj.load(f)",
        "from json import loads",
        "from yaml import *",
        "import yaml\nyaml.load(t, yaml.CSafeLoader)",
        "import zipfile\nwith zipfile.ZipFile(p) as z: pass",
        "def f():\n    import pickle\n    return pickle.loads",
        "import orjson\nmap(orjson.loads, lines)",
    ],
)
def test_it_would_be_seen(code: str) -> None:
    assert list(uses(ast.parse(code)))


def test_writing_is_no_reading() -> None:
    code = "import json, yaml, zipfile\njson.dumps(1)\nyaml.safe_dump(1)\nzipfile.ZipInfo('a')\nyaml.YAMLError"
    assert list(uses(ast.parse(code))) == []
