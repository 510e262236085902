"""The zip names nothing of the team's machines: no absolute path, user, host or key, and still agrees with itself."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from run_folder import make_run

from core import files
from core.machine import NOTES, machines_of, note_machine, this_machine
from core.run_folder import RunFolder
from core.secrets import BLANK
from submission.check import check_zip
from submission.package.build import Built, build
from submission.package.placeholders import MEANINGS, Placeholders

HOME = "/home/li-wei"
KEY = "k-1234-very-secret"
# The machine that trained; the one that packs is the one that the tests run on.
ROOT_HOME = "/root"
MACHINE = {
    "run": ["/data/li/kit logs/run"],
    "kit": ["/home/li-wei/kit", "/home/li-wei/工具"],
    "home": [HOME],
    "python": ["/home/li-wei/envs/ms"],
    "temporary": ["/tmp"],
    "user": ["li-wei", "root"],
    "host": ["npu-node-07", "npu-node-07.cluster.example"],
}
LINES = (
    f"log file:{MACHINE['run'][0]}/train/msrun/worker_0.log opened, hostname: npu-node-07, ip: 192.168.3.14",
    f"mindformers{MACHINE['kit'][0]}/output/log[x.py:3] host_name: other-host, host_ip: 10.1.2.3",
    "li-wei@npu-node-07:/data/li/llama3.ckpt loaded; user_name=somebody",
    f"{json.dumps(MACHINE['kit'][1] + '/a')} and {MACHINE['kit'][1]}/a and {ROOT_HOME}/.cache/x and /opt/ms/lib/y.so",
    f"API_KEY={KEY} http://li:pw@npu-node-07.cluster.example:80/v1?token=abc",
    "'/mnt/d/数据/train.json', \"/nfs/share/b.json\"; /usr/bin/python 3/4 a/b ./datum/x <run>/a N/A root user",
)
TOLD = ("li-wei", "npu-node", "other-host", "somebody", "/data/li/", "/home/", "/root", "/opt/", "/mnt/", "/nfs/")
TOLD = (*TOLD, "192.168", "10.1.2", KEY, "li:pw", "abc ", "工具", "\\u5de5\\u5177")


def _plant(run: Path) -> None:
    """Let every text file of a run tell of the machine; hashes in results stay those of the files."""
    with (run / "train" / "msrun" / "worker_0.log").open("ab") as log:
        log.write(("\n".join(LINES) + "\n").encode() + b"\xff\xfe no text\n")
    for name, value in (("events.jsonl", {"event": "x", "command": list(LINES)}), (NOTES, MACHINE)):
        files.append_jsonl(run / name, value)
    files.write_json(run / "environment.json", {"command": [*LINES], "machine": "li-wei on npu-node-07"})
    settings = yaml.safe_load((run / "run.yaml").read_text(encoding="utf-8"))
    settings["model"]["checkpoint"] = f"{HOME}/kit/base.ckpt"
    settings["data"]["train"] = "/data/li/math with blanks in it, long enough that YAML breaks the line/tr ain.json"
    settings["machine"]["master_addr"] = "npu-node-07"
    settings["prompt"]["template"] = "USER: {question}\nhost: user\nASSISTANT:"
    (run / "run.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    trainer = {"output_dir": f"{MACHINE['run'][0]}/train/mind formers and a name that is so long that it is broken"}
    (run / "train" / "finetune.yaml").write_text(yaml.safe_dump(trainer), encoding="utf-8")
    for file in (run / "predictions").glob("*.jsonl"):
        row = {"id": "z", "prompt_sha256": "0", "text": f"root of 4, in {HOME}/kit/x", "tokens": 1, "seconds": 0.1}
        files.append_jsonl(file, row)
    hashes = {}
    for path in run.rglob("*.jsonl"):
        hashes[path.relative_to(run).as_posix()] = files.sha256_file(path)
    for name in ("squad", "accuracy"):
        path = run / "results" / f"{name}.json"
        value = files.read_json(path)
        for row in value["checkpoints"].values():
            row["predictions_sha256"] = hashes[row["predictions"]]
        files.write_json(path, value)
    ratio = files.read_json(run / "results" / "ratio.json")
    ratio["log_sha256"] = files.sha256_file(run / "train" / "msrun" / "worker_0.log")
    files.write_json(run / "results" / "ratio.json", ratio)
    score = files.read_json(run / "results" / "score.json")
    score["inputs"] = {
        name: files.sha256_file(run / "results" / f"{name}.json") for name in ("ratio", "squad", "accuracy")
    }
    files.write_json(run / "results" / "score.json", score)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """A zip of a run that tells of its machine in every file."""
    folder = tmp_path_factory.mktemp("built")
    run = make_run(folder / "run")
    _plant(run)
    files.write_text(folder / "project" / "core" / "__init__.py", f"PATHS = '/root', '/home', '{HOME}x'\n")
    files.write_text(folder / "project" / "configs" / "mine.yaml", "train: /data/li/a b.json\nuser: 'USER: hi'\n")
    files.write_text(folder / "project" / "finetune" / "__init__.py", f"LOGS = '{HOME}/kit/logs'\n")
    return build(run, root=folder / "project")


def _texts(zip_path: Path) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(zip_path) as archive:
        for name in archive.namelist():
            if not name.endswith((".ckpt", ".png")):
                yield name, archive.read(name).decode("utf-8", "replace")


def test_the_zip_is_checked_and_tells_nothing(built: Built) -> None:
    assert built.verdict is not None
    assert built.verdict.problems == ()
    for name, text in _texts(built.path):
        if not name.startswith("code/core"):
            assert [told for told in TOLD if told in text] == [], name
        here = this_machine(built.path.parents[1])
        for path in (*here["run"], *here["kit"]):
            assert path not in text, name


def test_what_was_replaced_is_listed_and_explained(built: Built) -> None:
    with zipfile.ZipFile(built.path) as archive:
        listed = {row["placeholder"]: row for row in json.loads(archive.read("manifest.json"))["replaced"]}
    assert set(listed) == {"<run>", "<kit>", "<home>", "<path>", "<user>", "<host>", BLANK}
    assert all(row["times"] > 0 and row["stands_for"] == MEANINGS[name] for name, row in listed.items())


def test_what_says_nothing_stays(built: Built) -> None:
    texts = dict(_texts(built.path))
    log = texts["logs/train/msrun/worker_0.log"]
    assert "/usr/bin/python 3/4 a/b ./datum/x <run>/a N/A root user" in log
    assert "log file:<run>/train/msrun/worker_0.log opened, hostname: <host>, ip: <host>" in log
    assert "mindformers<kit>/output/log[x.py:3]" in log
    assert "<user>@<host>:<path>/llama3.ckpt loaded; user_name=<user>" in log
    settings = yaml.safe_load(texts["configs/run.yaml"])
    assert settings["prompt"]["template"] == "USER: {question}\nhost: user\nASSISTANT:"
    assert settings["model"]["checkpoint"] == "<kit>/base.ckpt"
    assert settings["machine"]["master_addr"] == "<host>"
    assert json.loads(texts["logs/predictions/squad_base.jsonl"].splitlines()[-1])["text"] == "root of 4, in <kit>/x"
    assert texts["code/core/__init__.py"] == f"PATHS = '/root', '/home', '{HOME}x'\n"
    assert texts["code/finetune/__init__.py"] == "LOGS = '<kit>/logs'\n"
    assert texts["code/configs/mine.yaml"].endswith("user: 'USER: hi'\n")
    # Bytes that are no text are handed in as they were.
    with zipfile.ZipFile(built.path) as archive:
        assert archive.read("logs/train/msrun/worker_0.log").endswith(b"\xff\xfe no text\n")


def test_pictures_are_of_the_lines_that_are_handed_in(built: Built) -> None:
    with zipfile.ZipFile(built.path) as archive:
        rows = {row["path"]: row["sha256"] for row in json.loads(archive.read("manifest.json"))["files"]}
        pictures = [name for name in archive.namelist() if name.startswith("screenshots/")]
        assert pictures
        for name in pictures:
            with archive.open(name) as stream, Image.open(stream) as image:
                for origin in json.loads(image.info["sources"]):
                    assert rows[f"logs/{origin['file']}"] == origin["sha256"] if "train/" in origin["file"] else True


def test_the_copy_is_gone_and_the_run_is_as_it_was(built: Built) -> None:
    run = built.path.parents[1]
    assert not (run / "submission" / ".handed_in").exists()
    assert LINES[0] in (run / "train" / "msrun" / "worker_0.log").read_text(encoding="utf-8", errors="replace")
    assert check_zip(built.path).ok


@pytest.mark.slow
def test_the_same_run_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    first = built.path.read_bytes()
    again = build(built.path.parents[1], force=True, root=built.path.parents[2] / "project")
    assert again.path.read_bytes() == first
    kept = build(built.path.parents[1], root=built.path.parents[2] / "project")
    assert not kept.packed


def test_a_machine_notes_its_names_once(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with RunFolder(run).locked():
        pass
    note_machine(run)
    (row,) = machines_of(run)
    assert str(run.resolve()) in row["run"]
    assert os.uname().nodename in row["host"]
    monkeypatch.setenv("HOME", "/home/somebody")
    note_machine(run)
    assert len(machines_of(run)) == 2
    (run / NOTES).write_text("[1]\n{\n")
    assert machines_of(run) == []


_PARTS = st.text("abcx-_.数 ", min_size=1, max_size=8).map(str.strip).filter(lambda part: part.strip(". ") != "")


@given(
    st.lists(_PARTS, min_size=2, max_size=4), st.lists(_PARTS, max_size=3), st.text(max_size=20), st.text(max_size=9)
)
def test_no_known_folder_is_left_however_it_is_written(
    parts: list[str], below: list[str], before: str, after: str
) -> None:
    folder = "/" + "/".join(parts)
    names = Placeholders([{"run": [folder]}])
    for text in (folder, json.dumps(folder), json.dumps(folder, ensure_ascii=False), f"file://{folder}"):
        written = before + text + "".join(f"/{part}" for part in below) + " " + after
        safe = names.text(written)
        assert folder + "/" not in safe + "/" or before.endswith(folder)
        assert names.text(safe) == safe
    assert names.counts["<run>"] >= 4


@pytest.mark.parametrize("text", ["", "step: 3/4", "1/2 + 3/4 = 5/4", "see http://example.org/data/x", "a /b c", "//x"])
def test_texts_without_paths_stay(text: str) -> None:
    assert Placeholders([MACHINE]).text(text) == text


def test_the_kits_own_configuration_is_handed_in_as_it_is() -> None:
    from core.places import ROOT

    names = Placeholders([MACHINE, this_machine(Path("/x/run"))])
    for path in ROOT.glob("configs/**/*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert names.text(text, "settings") == text, path
    for path in (ROOT / "core").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert names.text(text, "code") == text, path
    assert re.search("USER", "".join(path.read_text() for path in ROOT.glob("configs/prompts/*.yaml")))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("loaded file:///home/zhang/x.ckpt", "loaded file://<path>/x.ckpt"),
        ("li@npu-77:~$ ls", "<user>@<host>:~$ ls"),
        ("scp li@npu-77:/data/li/x .", "scp <user>@<host>:<path>/x ."),
        ("open ~zhang/x", "open <home>/x"),
        ("C:\\Users\\zhang\\x", "<home>\\x"),
        ("a@b.c wrote: x; f@1: 0.5; ~a b", "a@b.c wrote: x; f@1: 0.5; ~a b"),
    ],
)
def test_other_ways_of_naming_users_and_hosts(text: str, wanted: str) -> None:
    assert Placeholders([]).text(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("NPU-07 said, Lifei answered", "<host> said, <user> answered"),
        ("fe80::1ff:fe23:4567:890a%eth0 and fd00::1", "<host> and <host>"),
        ("link/ether 02:42:ac:11:00:02", "link/ether <host>"),
        ("169.254.3.4, 100.64.3.4", "<host>, <host>"),
        ("loaded /data1/li/x.ckpt and /nas02/li/y", "loaded <path>/x.ckpt and <path>/y"),
    ],
)
def test_machines_are_found_in_any_case_and_on_any_disk(text: str, wanted: str) -> None:
    assert Placeholders([{"user": ["lifei"], "host": ["npu-07"]}]).text(text) == wanted


@pytest.mark.parametrize(
    "text", ["time 10:20:30", "12:30:45:10:20:30", "100.64 %", "fd: 3:4", "feed:a:b", "1/2/3", "2.9.0.1"]
)
def test_numbers_are_no_addresses(text: str) -> None:
    assert Placeholders([]).text(text) == text
