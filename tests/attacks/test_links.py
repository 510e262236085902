"""Links in a run folder: what leads out of it is neither written through, deleted in, locked, nor packed."""

from __future__ import annotations

import ast
import os
import shutil
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attacks.bounded import kit_modules
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from run_folder import make_run

from core import files, inside
from core.errors import InputError
from core.places import ROOT
from core.run_folder import RunFolder
from data_convert.corpus.record_store import RecordStore
from data_convert.mindrecord.writer import MindRecordWriter
from evaluation.answers.prediction_log import PredictionLog
from submission.package.build import build
from submission.run import main as submit

SECRET = "the team's private matter"
# What a run makes (logs/README.md), and what lies there for a while.
MADE = (
    "run.yaml",
    "environment.json",
    "events.jsonl",
    "sources.json",
    ".lock",
    "data/train.jsonl",
    "data/test.jsonl",
    "data/skipped.jsonl",
    "data/audit.json",
    "data/.records",
    "data/mindrecord/train.mindrecord",
    "data/mindrecord/train.mindrecord.db",
    "data/mindrecord/.train.mindrecord.partial",
    "data/validation/validation.mindrecord",
    "train/finetune.yaml",
    "train/loss.jsonl",
    "train/validation.jsonl",
    "train/between/step_20/adapter.safetensors",
    "train/msrun/launch.log",
    "train/msrun/worker_0.log",
    "train/adapters/step_20/adapter.json",
    "train/adapters/step_20/adapter.safetensors",
    "train/workers/rank_0/adapter.safetensors",
    "train/mindformers/rank_0/info.log",
    "checkpoints/step_20.ckpt",
    "checkpoints/step_20.json",
    "checkpoints/.step_20.partial/journal.jsonl",
    "eval/squad.log",
    "predictions/squad_base.jsonl",
    "predictions/squad_base.settings.json",
    "predictions/.workers/answers_0.jsonl",
    "results/ratio.json",
    "results/squad.json",
    "submission/report.md",
    "submission/images/loss.png",
    "submission/practice.zip",
    "submission/practice.state.json",
)


def _replace(path: Path) -> None:
    with files.replacing(path) as partial:
        partial.write_text("overwritten")


def _log(path: Path) -> None:
    with PredictionLog(path, {}, {}):
        pass


def _store(path: Path) -> None:
    with RecordStore(path):
        pass


def _mindrecord(path: Path) -> None:
    MindRecordWriter(path, ("ids",)).abandon()


def _close(opened: object) -> None:
    opened.close()  # type: ignore[attr-defined]


# Everything that writes or deletes. The first kind opens what is there, so that a link in its place counts too; the
# second replaces or removes what is there itself.
OPENING: dict[str, Callable[[Path], object]] = {
    "append_jsonl": lambda path: files.append_jsonl(path, {"a": 1}),
    "append_line": lambda path: files.append_line(path, "a"),
    "open_to_append": lambda path: _close(inside.open_to_append(path)),
    "open_inside": lambda path: _close(inside.open_inside(path)),
    "open_lock": lambda path: _close(inside.open_lock(path)),
    "make_folder": files.make_folder,
    "prediction log": _log,
}
REPLACING: dict[str, Callable[[Path], object]] = {
    "write_text": lambda path: files.write_text(path, "overwritten"),
    "write_json": lambda path: files.write_json(path, {}),
    "write_jsonl": lambda path: files.write_jsonl(path, [1]),
    "replacing": _replace,
    "fresh": lambda path: _close(files.fresh(path)),
    "remove_file": files.remove_file,
    "remove_folder": files.remove_folder,
    "move from": lambda path: files.move(path, path.with_name("moved")),
    "record store": _store,
    "mindrecord": _mindrecord,
}


def _outside(folder: Path) -> dict[str, bytes]:
    """Make what must stay as it is, a folder that looks like any of a run's, and return what is in it."""
    for name in ("file", "step_20/adapter.json", "base.jsonl", "run.yaml", ".lock"):
        files.write_text(folder / name, f"{SECRET}\n")
    return _content(folder)


def _content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


_ATTACKS = {
    "made": st.sampled_from(MADE),
    "writer": st.sampled_from(sorted({**OPENING, **REPLACING})),
    "depth": st.integers(0, 4),
    "kind": st.sampled_from(("absolute", "relative", "chain", "dangling")),
    "through_latest": st.booleans(),
}


@given(**_ATTACKS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_link_leads_a_writer_out_of_the_run(**attack: Any) -> None:
    _attack(**attack)


@pytest.mark.slow
@given(**_ATTACKS)
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_no_link_anywhere_leads_a_writer_out_of_the_run(**attack: Any) -> None:
    _attack(**attack)


def _attack(made: str, writer: str, depth: int, kind: str, through_latest: bool) -> None:
    """Put a link in the place of a path, or of a folder above it, and let a writer at it."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(os.path.realpath(name))
        before = _outside(place / "elsewhere")
        run = place / "logs" / "run"
        files.write_text(run / "run.yaml", "contest: x\n")
        parts = Path(made).parts
        # The link stands for the path itself, or for any folder above it.
        link = run.joinpath(*parts[: len(parts) - min(depth, len(parts) - 1)])
        is_last = link == run / made
        target = (
            place / "elsewhere" / ("file" if is_last else "") if kind != "dangling" else place / "elsewhere" / "new"
        )
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        if kind == "chain":
            (run / "chain").symlink_to(target)
            target = run / "chain"
        link.symlink_to(os.path.relpath(target, link.parent) if kind == "relative" else target)
        if through_latest:
            (place / "logs" / "latest").symlink_to("run")
        if made == "run.yaml":
            return  # a link in the place of run.yaml is refused by what reads the run (below)
        path = (place / "logs" / "latest" if through_latest else run) / made
        if writer in OPENING or not is_last:
            with pytest.raises((InputError, FileExistsError)):
                (OPENING | REPLACING)[writer](path)
        else:
            # What replaces or removes does so with the link, and leaves what it leads to alone.
            REPLACING[writer](path)
        assert _content(place / "elsewhere") == before
        assert not (place / "elsewhere" / "new").exists()


@pytest.mark.parametrize("writer", sorted({**OPENING, **REPLACING}))
def test_links_within_a_run_and_to_a_run_stay_fine(tmp_path: Path, writer: str) -> None:
    run = tmp_path / "big disk" / "run"
    files.write_text(run / "run.yaml", "contest: x\n")
    files.write_text(run / "data" / "here.jsonl", "{}\n")
    (run / "predictions").symlink_to("data")
    (tmp_path / "latest").symlink_to(run)
    path = tmp_path / "latest" / "predictions" / ("made" if writer == "make_folder" else "here.jsonl")
    if writer == "prediction log":
        path = path.with_name("mine.jsonl")
    (OPENING | REPLACING)[writer](path)
    assert (run / "predictions").is_symlink()


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_a_lock_is_a_file_or_refused_and_is_not_waited_for(run: Path, make: Callable[[Path], None]) -> None:
    make(run / ".lock")
    with pytest.raises(InputError, match=r"\.lock"), RunFolder(run).locked():
        pass


def test_a_lock_is_not_emptied(run: Path) -> None:
    (run / ".lock").write_text("kept")
    with RunFolder(run).locked():
        pass
    assert (run / ".lock").read_text() == "kept"


def _planted(run: Path) -> Iterator[Path]:
    """Yield all files and folders of a run, and places where a log or predictions could be."""
    yield from sorted(run.rglob("*"))
    for name in ("predictions/accuracy_evil.jsonl", "train/extra.log", "x.log", "results/other.json", "eval/a.log"):
        yield run / name


@pytest.mark.slow
def test_nothing_from_outside_is_packed_wherever_the_link_stands(tmp_path: Path) -> None:
    """Every path of a run in turn is a link to a secret file, or a folder with such files."""
    good = make_run(tmp_path / "good")
    root = tmp_path / "project"
    files.write_text(root / "core" / "__init__.py", "")
    before = _outside(tmp_path / "elsewhere")
    for path in list(_planted(good)):
        run = tmp_path / "run"
        shutil.copytree(good, run)
        link = run / path.relative_to(good)
        is_folder = link.is_dir()
        shutil.rmtree(link) if is_folder else link.unlink(missing_ok=True)
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(tmp_path / "elsewhere" / ("" if is_folder else "file"))
        with pytest.raises(InputError, match=f"{link.name}: is a link out of the run folder"):
            build(run, root=root)
        made = [file for file in run.rglob("*") if file.is_file() and not file.is_symlink()]
        assert not any(SECRET.encode() in file.read_bytes() for file in made), link
        assert _content(tmp_path / "elsewhere") == before
        shutil.rmtree(run)


def test_a_foreign_lock_and_folder_survive_the_commands(run: Path, tmp_path: Path) -> None:
    before = _outside(tmp_path / "elsewhere")
    (run / ".lock").symlink_to(tmp_path / "elsewhere" / "file")
    with pytest.raises(InputError, match=r"\.lock: is a link"):
        submit(["--run", str(run), "--force"])
    (run / ".lock").unlink()
    for name, step in (("data", "convert"), ("train", "train"), ("checkpoints", "merge"), ("results", "score")):
        (run / name).rename(run / "kept")
        (run / name).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(InputError, match=f"{name}: is a link out of"), RunFolder(run).step(step, force=True):
            raise AssertionError("begun")
        (run / name).unlink()
        (run / "kept").rename(run / name)
    assert _content(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("name", ["train/extra.log", "predictions/evil.jsonl", "results/other.json", "run.yaml"])
def test_a_hard_link_to_a_file_elsewhere_is_neither_packed_nor_written_to(run: Path, tmp_path: Path, name: str) -> None:
    before = _outside(tmp_path / "elsewhere")
    (run / name).unlink(missing_ok=True)
    (run / name).hardlink_to(tmp_path / "elsewhere" / "file")
    with pytest.raises(InputError, match=r"has another name outside \(a hard link\)"):
        build(run, root=tmp_path)
    if name.startswith("train/"):
        with pytest.raises(InputError, match="a hard link"), RunFolder(run).step("train", force=True):
            raise AssertionError("begun")
    assert _content(tmp_path / "elsewhere") == before


def test_hard_links_within_a_run_and_of_weights_stay_fine(run: Path, tmp_path: Path) -> None:
    (run / "train" / "copy.log").hardlink_to(run / "train" / "msrun" / "worker_0.log")
    for weights in run.glob("checkpoints/*.ckpt"):
        (tmp_path / weights.name).hardlink_to(weights)
    inside.check_links(run, sorted(entry.name for entry in run.iterdir()), proven=(".ckpt", ".safetensors"))


@pytest.mark.parametrize("opener", [inside.open_inside, inside.open_to_append])
def test_a_folder_that_becomes_a_link_while_a_file_is_opened(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: Callable[[Path], Any]
) -> None:
    before = _outside(tmp_path / "elsewhere")
    (run / "eval").mkdir(exist_ok=True)
    (run / "eval" / "file").write_text("the run's own")
    resolve = os.path.realpath

    def swapped(path: Any, **more: Any) -> Any:
        if os.fspath(path).endswith("eval/file") and not (run / "eval").is_symlink() and swaps.pop():
            (run / "eval").rename(run / "was")
            (run / "eval").symlink_to(tmp_path / "elsewhere")
        return resolve(path, **more)

    # Before the first look at where the file lies, and between that and its being opened.
    for moment, said in enumerate(("is a link out of the run", "was put elsewhere while it was opened")):
        swaps = [True, *[False] * moment]
        monkeypatch.setattr(os.path, "realpath", swapped)
        with pytest.raises(InputError, match=said):
            opener(run / "eval" / "file")
        monkeypatch.undo()
        (run / "eval").unlink()
        (run / "was").rename(run / "eval")
    assert _content(tmp_path / "elsewhere") == before


@pytest.mark.slow
def test_a_pipe_among_the_logs_does_not_hold_the_packer_up(run: Path, tmp_path: Path) -> None:
    os.mkfifo(run / "train" / "pipe.log")
    os.mkfifo(run / "predictions" / "pipe.jsonl")
    done: list[Path] = []
    root = tmp_path / "project"
    files.write_text(root / "core" / "__init__.py", "")
    thread = threading.Thread(target=lambda: done.append(build(run, root=root).path), daemon=True)
    thread.start()
    thread.join(60)
    assert done
    assert not any("pipe" in name for name in zipfile.ZipFile(done[0]).namelist())


# --- Nobody else writes or deletes ---

WRITERS = {"core/files.py", "core/inside.py"}
ALLOWED = {
    "backend/training/state_files.py": {"os.open"},  # a folder, to let what is in it reach the disk
    "ckpt_tools/formats/checked_file.py": {"os.open"},  # past the page cache, after `inside`
    "ckpt_tools/formats/regular.py": {"os.open"},  # to read
    "ckpt_tools/formats/writing.py": {"os.open"},  # to read
    "ckpt_tools/merge.py": {"os.open"},  # a folder, to lock it
    "ckpt_tools/merging/partial.py": {"os.open"},  # its journal, which write_text has just made
    "data_convert/mindrecord/index.py": {"sqlite3.connect"},  # after `inside` and remove_file
    "data_convert/corpus/record_store.py": {"tempfile.mkstemp"},  # after `inside`; made anew under a name of its own
    # Folders of their own below the temporary one, which nobody else can write to.
    "ckpt_tools/conversion/gguf_file/header.py": {"tempfile.TemporaryDirectory"},
    "ckpt_tools/join.py": {"tempfile.TemporaryDirectory"},
    "data_convert/corpus/cleaning.py": {"tempfile.TemporaryDirectory"},
    "data_convert/corpus/corpora.py": {"tempfile.TemporaryDirectory"},
    "eval_accuracy/ner/taggers/crf.py": {"tempfile.TemporaryDirectory"},
    "submission/package/pack.py": {".open"},  # an entry of the zip that `replacing` writes
    "backend/environment.py": {"tempfile.mkdtemp"},
    "backend/network.py": {"tempfile.mkdtemp", "shutil.rmtree"},
    "submission/package/archive.py": {"tempfile.TemporaryDirectory", ".open"},
    "core/streams.py": {"os.open"},  # /dev/null
    "backend/training/step_monitor.py": {"save_checkpoint"},  # MindSpore writes the file; after make_folder
}
_FUNCTIONS = {
    *(f"os.{name}" for name in ("open", "remove", "unlink", "mkdir", "makedirs", "rmdir", "removedirs", "rename")),
    *(f"os.{name}" for name in ("replace", "renames", "link", "symlink", "truncate", "mkfifo", "mknod", "chmod")),
    *(f"shutil.{name}" for name in ("rmtree", "copy", "copy2", "copyfile", "copytree", "move", "unpack_archive")),
    *(f"tempfile.{name}" for name in ("mkstemp", "mkdtemp", "TemporaryDirectory", "NamedTemporaryFile")),
    *("sqlite3.connect", "tempfile.TemporaryFile"),
}
_METHODS = {"write_text", "write_bytes", "unlink", "mkdir", "rmdir", "rename", "touch", "symlink_to", "hardlink_to"}
_METHODS |= {"tofile", "savez", "savefig", "extractall"}
_LOOKED_AT = _METHODS | {"replace", "open", "save_checkpoint", "save_file", "save"}


def _writes(text: str) -> Iterator[tuple[int, str]]:
    """Yield (line, name) of each call that may write or delete a file, but those on a path that `replacing` yielded."""
    tree = ast.parse(text)
    partial = {"partial", "whole"} if "replacing" in text else set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        owner, _, method = name.rpartition(".")
        if name not in _FUNCTIONS and method not in _LOOKED_AT:
            continue
        words = [ast.unparse(word) for word in (*node.args, *(keyword.value for keyword in node.keywords))]
        if owner in partial or set(words) & {"partial", "str(partial)", "whole", "copy"}:
            continue
        if name in _FUNCTIONS or (method in _METHODS and owner and owner not in ("os", "work", "self")):
            yield node.lineno, name
        elif method == "replace" and len(node.args) == 1 and not node.keywords and owner:
            yield node.lineno, name  # Path.replace; a text's takes two
        elif method == "open" or name == "open":
            modes = [word for word in words if word.strip("'\"") and set(word.strip("'\"")) <= set("rwabxt+")]
            if any(set("wax+") & set(mode) for mode in modes):
                yield node.lineno, ".open"
        elif method in ("save_checkpoint", "save_file", "save") and owner in ("ms", "np", "numpy"):
            yield node.lineno, method


def test_nobody_else_writes_or_deletes() -> None:
    found = []
    for file in kit_modules():
        name = file.relative_to(ROOT).as_posix()
        if name in WRITERS:
            continue
        for line, call in _writes(file.read_text(encoding="utf-8")):
            if call not in ALLOWED.get(name, set()):
                found.append(f"{name}:{line}: {call}")
    assert not found, "writing and deleting go through core/files.py: " + "; ".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "path.write_text('a')",
        "open(path, 'w')",
        "path.open(mode='ab')",
        "os.replace(a, b)",
        "folder.joinpath('x').unlink()",
        "shutil.rmtree(folder, ignore_errors=True)",
        "path.replace(other)",
        "np.save(path, values)",
        "sqlite3.connect(path)",
    ],
)
def test_the_scan_sees_every_way_of_writing(line: str) -> None:
    assert list(_writes(line))
