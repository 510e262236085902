"""Merging onto disks that are full, small, read-only or taken, and over names that are not what they seem."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ckpt_tools import merge as merging
from ckpt_tools.merge import merge
from core.errors import InputError
from core.files import sha256_file

ROOT = Path(merging.__file__).resolve().parent.parent
Make = Callable[..., Path]


class Free:
    """What `shutil.disk_usage` returns, as far as it is looked at."""

    def __init__(self, free: int) -> None:
        self.free = free


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that mounts a tmpfs with these options at one place, again and again."""
    place = tmp_path / "disk"
    place.mkdir()

    def make(options: str) -> Path:
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True)
        if done.returncode:
            pytest.skip("no right to mount a tmpfs here")
        return place

    yield make
    subprocess.run(["umount", str(place)], capture_output=True, check=False)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_a_disk_too_small_is_found_before_the_first_byte(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_base()
    adapters = [make_adapter(base, 1), make_adapter(base, 2)]
    size = merge(base, adapters[:1], tmp_path / "probe")[0]["size"]
    for free, fits in ((2 * size - 1, False), (2 * size, True)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, free=free: Free(free))
        if fits:
            assert len(merge(base, adapters, tmp_path / "out")) == 2
        else:
            with pytest.raises(InputError, match="2 merged checkpoints need"):
                merge(base, adapters, tmp_path / "out")
            assert not names(tmp_path / "out")


def test_a_disk_that_fills_up(
    tmp_path: Path, make_base: Make, make_adapter: Make, mount: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_base()
    adapters = [make_adapter(base, 1), make_adapter(base, 2)]
    wanted = [manifest["sha256"] for manifest in merge(base, adapters, tmp_path / "calm")]
    disk = mount(f"size={base.stat().st_size * 3 // 2}")
    with monkeypatch.context() as lie:
        lie.setattr(shutil, "disk_usage", lambda _: Free(1 << 40))  # somebody else fills the disk meanwhile
        with pytest.raises(InputError, match=r"No space left on device.*step_\*\.partial keeps what is done"):
            merge(base, adapters, disk / "out")
    assert names(disk / "out") == {".step_1.partial", ".step_2.partial"}
    subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
    assert [manifest["sha256"] for manifest in merge(base, adapters, disk / "out")] == wanted
    assert names(disk / "out") == {f"step_{step}.{kind}" for step in (1, 2) for kind in ("ckpt", "json")}


def test_a_limit_of_the_system_is_one_sentence(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    out = tmp_path / "out"
    words = ["--base", base, "--adapter", make_adapter(base, 1), "--out", out]
    done = subprocess.run(
        [sys.executable, ROOT / "ckpt_tools/merge.py", *words],
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line[:6] for line in done.stderr.splitlines()] == ["error:"]
    assert "File too large" in done.stderr
    assert names(out) == {".step_1.partial"}


def test_a_read_only_disk(make_base: Make, make_adapter: Make, mount: Callable[[str], Path]) -> None:
    base = make_base()
    disk = mount("ro,size=10m")
    for out in (disk, disk / "out"):
        with pytest.raises(InputError, match=r"cannot be written \(Read-only file system\)"):
            merge(base, [make_adapter(base, 1)], out)


def test_a_folder_without_the_right_to_write(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is forbidden to root")
    base = make_base()
    (tmp_path / "out").mkdir(mode=0o555)
    with pytest.raises(InputError, match=r"cannot be written \(Permission denied\)"):
        merge(base, [make_adapter(base, 1)], tmp_path / "out")


@pytest.mark.parametrize("name", ["step_3.ckpt", "step_3.json", ".step_3.partial"])
def test_a_symbolic_link_in_the_place_of_a_result(
    tmp_path: Path, make_base: Make, make_adapter: Make, name: str
) -> None:
    base, out = make_base(), tmp_path / "out"
    out.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_text("precious")
    (out / name).symlink_to(tmp_path / "elsewhere" / ("" if name.startswith(".") else "file"))
    with pytest.raises(InputError, match=f"{name}: is a symbolic link"):
        merge(base, [make_adapter(base, 3)], out)
    assert (tmp_path / "elsewhere" / "file").read_text() == "precious"
    assert names(out) == {name}


def test_a_symbolic_link_inside_what_was_left(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 3)
    _interrupt(monkeypatch, base, adapter, out)
    (tmp_path / "precious").write_text("precious")
    left = out / ".step_3.partial" / "step_3.ckpt"
    left.unlink()
    left.symlink_to(tmp_path / "precious")
    with pytest.raises(InputError, match="cannot be written"):
        merge(base, [adapter], out)
    assert (tmp_path / "precious").read_text() == "precious"


def _interrupt(monkeypatch: pytest.MonkeyPatch, base: Path, adapter: Path, out: Path) -> None:
    """Leave a merge behind that was stopped when all was written and nothing had its name."""
    from ckpt_tools.merging.partial import Partial

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Partial, "publish", stop)
        with pytest.raises(KeyboardInterrupt):
            merge(base, [adapter], out)


def test_files_and_folders_in_the_way(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base = make_base()
    adapter = make_adapter(base, 3)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        merge(base, [adapter], tmp_path / "file")
    (tmp_path / "a" / "step_3.ckpt").mkdir(parents=True)
    with pytest.raises(InputError, match="is a folder"):
        merge(base, [adapter], tmp_path / "a")
    (tmp_path / "b" / "step_3" / "notes.safetensors").mkdir(parents=True)
    with pytest.raises(InputError, match="notes.safetensors: would be lost"):
        merge(base, [adapter], tmp_path / "b", "safetensors", shard_size=1000)
    # The folder of adapters itself: a sharded result would take the adapter's place.
    with pytest.raises(InputError, match="would be lost"):
        merge(base, [adapter], adapter.parent, "safetensors", shard_size=1000)
    assert (adapter / "adapter.json").is_file()


@pytest.mark.parametrize("kind", ["pipe", "folder", "file"])
@pytest.mark.parametrize("name", ["step_3.ckpt", "step_3.json", ".step_3.partial"])
def test_what_is_in_the_way_is_found_before_the_first_byte(
    tmp_path: Path, make_base: Make, make_adapter: Make, name: str, kind: str
) -> None:
    base, out = make_base(), tmp_path / "out"
    out.mkdir()
    {"pipe": os.mkfifo, "folder": Path.mkdir, "file": Path.touch}[kind](out / name)
    adapter = make_adapter(base, 3)
    if (kind == "folder") == name.endswith(".partial") and kind != "pipe":
        merge(base, [adapter], out)  # what an earlier merge could have left
        return
    with pytest.raises(InputError, match=f"{name}: is .*; remove it or choose another folder"):
        merge(base, [adapter], out)
    assert names(out) == {name}


def test_a_pipe_inside_what_was_left(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 3)
    for name in ("step_3.ckpt", "journal.jsonl"):
        _interrupt(monkeypatch, base, adapter, out)
        (out / ".step_3.partial" / name).unlink()
        os.mkfifo(out / ".step_3.partial" / name)
        if name == "step_3.ckpt":
            with pytest.raises(InputError, match="cannot be written"):
                merge(base, [adapter], out)
            shutil.rmtree(out)
    (manifest,) = merge(base, [adapter], out)  # without the journal it begins anew
    assert sha256_file(out / "step_3.ckpt") == manifest["sha256"]


def test_two_merges_into_one_folder(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base, out = make_base(), tmp_path / "out"
    adapter = make_adapter(base, 3)
    out.mkdir()
    descriptor = os.open(out, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(InputError, match="another merge is writing there"):
        merge(base, [adapter], out)
    os.close(descriptor)
    assert len(merge(base, [adapter], out)) == 1


def test_a_file_system_without_locks(
    tmp_path: Path, make_base: Make, make_adapter: Make, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    base = make_base()
    monkeypatch.setattr(fcntl, "flock", no_locks)
    assert len(merge(base, [make_adapter(base, 3)], tmp_path / "out")) == 1
    assert "does not support locks" in capsys.readouterr().err


def test_a_base_that_is_written_to_meanwhile(tmp_path: Path, make_base: Make, make_adapter: Make) -> None:
    base, out = make_base(), tmp_path / "out"

    def touch(done: int, total: int) -> None:
        os.utime(base, ns=(done, done))

    with pytest.raises(InputError, match="was changed while it was merged"):
        merge(base, [make_adapter(base, 3)], out, progress=touch)
    assert not names(out)


def test_a_small_disk_takes_what_fits(
    tmp_path: Path, make_base: Make, make_adapter: Make, mount: Callable[[str], Path]
) -> None:
    base = make_base()
    disk = mount("size=10m")
    (manifest,) = merge(base, [make_adapter(base, 3)], disk)
    assert manifest["sha256"] == sha256_file(disk / "step_3.ckpt")
    assert json.loads((disk / "step_3.json").read_text()) == manifest
