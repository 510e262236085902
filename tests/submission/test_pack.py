"""Packing: complete, reproducible, atomic, and only what the merge manifests vouch for."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections import namedtuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from run_folder import SHAPES, STEPS, make_run, write_weights

from core.errors import InputError
from core.places import ROOT
from submission.package import layout
from submission.package.build import build
from submission.package.code import code_files

# Each of them draws the pictures of a run and packs it, some several times.
pytestmark = pytest.mark.slow


def _names(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_zip_holds_what_the_contest_asks_for(good_zip: Path) -> None:
    names = _names(good_zip)
    wanted = {
        "report.md", "report.json", "report.html", "manifest.json", "environment.json",
        "configs/run.yaml", "configs/finetune.yaml",
        "images/loss.png", "images/scores.png", "logs/train/msrun/worker_0.log", "logs/train/loss.jsonl",
        "logs/predictions/squad_base.jsonl", "logs/data/audit.json", "logs/events.jsonl", "code/core/a.py",
        "code/submission/report/style.css", "code/README.md", "code/LICENSE",
        "code/NOTICE", "code/pyproject.toml", "code/constraints.txt",
        *(f"results/{name}.json" for name in ("squad", "accuracy", "ratio", "score")),
        *(f"screenshots/{name}.png" for name in ("ratio", "training", "squad", "accuracy")),
        *(f"checkpoints/step_{step}{suffix}" for step in STEPS for suffix in (".ckpt", ".json")),
    }  # fmt: skip
    assert wanted <= set(names)
    assert names[-1] == "manifest.json"
    assert names[:-1] == sorted(names[:-1])
    assert not [name for name in names if "secret" in name or ".venv" in name or "elsewhere" in name]


def test_weights_are_stored_and_text_is_compressed(good_zip: Path) -> None:
    with zipfile.ZipFile(good_zip) as archive:
        kinds = {entry.filename: entry.compress_type for entry in archive.infolist()}
    assert kinds["checkpoints/step_20.ckpt"] == zipfile.ZIP_STORED
    assert kinds["report.md"] == zipfile.ZIP_DEFLATED


def test_the_same_run_gives_the_same_bytes(run: Path, project: Path) -> None:
    first = build(run, root=project).path.read_bytes()
    for path in run.rglob("*"):
        if path.is_file() and path.suffix != ".zip":
            os.utime(path, (1, 1))
    again = build(run, root=project, force=True)
    assert again.packed
    assert again.path.read_bytes() == first


def test_what_is_done_is_not_done_again(run: Path, project: Path) -> None:
    assert build(run, root=project).packed
    kept = build(run, root=project)
    assert not kept.packed
    assert kept.verdict is None
    with (run / "train" / "msrun" / "worker_1.log").open("a") as log:
        log.write("one more line\n")
    assert build(run, root=project).packed
    kept.path.write_bytes(b"damaged")
    mended = build(run, root=project)
    assert mended.packed
    assert mended.verdict is not None
    assert mended.verdict.ok


def test_manifest_mode_names_the_weights(run: Path, project: Path) -> None:
    built = build(run, mode="manifest", root=project, weights_url="https://obs.example.com/team/weights/")
    assert built.verdict is not None
    assert built.verdict.problems == ()
    assert "[https://obs.example.com/team/weights/](https://obs.example.com/team/weights/)" in built.report.read_text()
    names = _names(built.path)
    assert not [name for name in names if name.endswith(".ckpt")]
    with zipfile.ZipFile(built.path) as archive:
        rows = json.loads(archive.read("manifest.json"))["checkpoints"]
    assert [row["step"] for row in rows] == list(STEPS)
    assert rows[0]["bytes"] == (run / "checkpoints" / "step_20.ckpt").stat().st_size
    assert all(row["merged"] is True and row["base_sha256"] == "b" * 64 for row in rows)


def test_safetensors_and_a_chinese_team(tmp_path: Path, project: Path) -> None:
    run = make_run(tmp_path / "run", suffix=".safetensors", team="枪心如火，枪如我心", language="zh")
    built = build(run, root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    assert built.path.name == "枪心如火，枪如我心.zip"
    assert "微调算法介绍" in built.report.read_text(encoding="utf-8")


def test_weights_that_differ_from_their_manifest_are_refused(run: Path, project: Path) -> None:
    with (run / "checkpoints" / "step_60.ckpt").open("r+b") as weights:
        weights.seek(-1, os.SEEK_END)
        weights.write(b"\x01")
    with pytest.raises(InputError, match=r"step_60\.ckpt: sha256 .* merge manifest"):
        build(run, root=project)
    assert not list((run / "submission").glob("*.zip*"))
    assert not list((run / "submission").glob(".*partial"))


def test_an_adapter_is_refused(run: Path, project: Path) -> None:
    name = "model.layers.0.attention.wq.mindpet_delta_lora_a"
    write_weights(run, 60, names={**SHAPES, name: (2, 8)})
    with pytest.raises(InputError, match=r"step_60\.ckpt: not merged"):
        build(run, root=project)


def test_too_little_disk_is_said_before_writing(run: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    with pytest.raises(InputError, match="MiB are free"):
        build(run, root=project)
    assert not list((run / "submission").glob("*.zip*"))


def test_an_older_zip_stays_until_the_new_one_is_whole(run: Path, project: Path) -> None:
    path = build(run, root=project).path
    before = path.read_bytes()
    (run / "checkpoints" / "step_20.json").write_text(
        '{"sha256": "' + "0" * 64 + '", "base_sha256": "' + "b" * 64 + '"}'
    )
    with pytest.raises(InputError):
        build(run, root=project)
    assert path.read_bytes() == before


@pytest.mark.parametrize("team", ["", "  ", "a/b", "a\\b", "..", ".hidden", "a\nb", "a:b", "CON", "x" * 121, "队" * 41])
def test_team_names_that_are_no_file_names(team: str) -> None:
    with pytest.raises(InputError, match="team"):
        layout.team_file_name(team)


def test_team_names_are_kept() -> None:
    assert layout.team_file_name(" 梦之队 7 ") == "梦之队 7.zip"
    assert layout.team_file_name("e\u0301quipe") == "équipe.zip"


@given(st.text())
def test_any_team_name_is_a_plain_file_name_or_refused(team: str) -> None:
    try:
        name = layout.team_file_name(team)
    except InputError:
        return
    assert Path(name).name == name
    assert name.endswith(".zip")
    assert len(name.encode()) <= 124


def test_code_by_git_is_tracked_files_and_new_ones_of_the_rooms(project: Path, tmp_path: Path) -> None:
    root = tmp_path / "kit"
    shutil.copytree(project, root)
    git = ["git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    (root / ".gitignore").write_text("ignored.py\n")
    subprocess.run([*git, "add", "README.md", "core/a.py", "elsewhere/b.py", "logs/run/secret.py"], check=True)
    (root / "core" / "new.py").write_text("")
    (root / "core" / "ignored.py").write_text("")
    (root / "untracked.py").write_text("")
    (root / "core" / "link.py").symlink_to("/etc/hostname")
    files = code_files(root)
    assert {"README.md", "core/a.py", "core/new.py", "elsewhere/b.py", "configs/x.yaml"} <= set(files)
    assert not {"core/ignored.py", "untracked.py", "logs/run/secret.py", "core/link.py", "core/.venv/lib.py"} & set(
        files
    )


def test_code_without_git_is_the_rooms(project: Path) -> None:
    assert code_files(project) == sorted(
        ["README.md", "LICENSE", "NOTICE", "pyproject.toml", "constraints.txt", "core/__init__.py", "core/a.py",
         "configs/x.yaml", "submission/__init__.py", "submission/report/style.css"]
    )  # fmt: skip


@pytest.mark.parametrize("with_git", [True, False])
def test_the_kits_own_code_is_packed_whole(tmp_path: Path, with_git: bool) -> None:
    """Every module and template of every room, whether git lists them or not."""
    ran = {
        file.relative_to(ROOT).as_posix()
        for room in ROOT.glob("*/__init__.py")
        for file in room.parent.rglob("*")
        if file.suffix in (".py", ".sh", ".yaml", ".css", ".typ")
    }
    assert {"pipeline/job.py", "backend/worker.py", "submission/report/style.css"} <= ran
    root = ROOT
    if not with_git:
        root = tmp_path / "kit"
        for name in ran:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    assert ran - set(code_files(root)) == set()
