"""The checker: every kind of tampering and every missing part is found, from the zip alone."""

from __future__ import annotations

import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from run_folder import STEPS, make_run, rewrite

from ckpt_tools.formats.tensors import write_tensors
from core import __version__
from core.errors import GateError, InputError
from submission.check import check_zip, main
from submission.checks.parts import spacing_problems
from submission.package.build import build
from submission.report.content import Figure
from submission.report.figures import show
from submission.report.markdown import Line, show_figure, written

Files = dict[str, bytes]
ROOT = Path(__file__).resolve().parent.parent.parent


def _problems(good: Path, tmp_path: Path, change: Callable[[Files], Any], honest: bool = False) -> list[str]:
    verdict = check_zip(rewrite(good, tmp_path / "bad.zip", change, honest))
    assert not verdict.ok
    return list(verdict.problems)


def _said(problems: list[str], *parts: str) -> bool:
    return any(all(part in problem for part in parts) for problem in problems)


def _line_with(files: Files, path: str) -> tuple[Line, int]:
    """Return the first line of the report that shows a figure, and the figure's number in it."""
    data = json.loads(files["report.json"])
    for line in data["lines"]:
        places = [place for place, _ in line["figures"]]
        if path in places:
            figures = [Figure(place, kind, data["figures"][place]) for place, kind in line["figures"]]
            return Line(tuple(line["texts"]), tuple(figures)), places.index(path)
    raise AssertionError(path)


def _edit(files: Files, name: str, change: Callable[[Any], Any]) -> None:
    value = json.loads(files[name])
    change(value)
    files[name] = json.dumps(value).encode()


def test_a_good_zip_passes_without_its_run(good_zip: Path, tmp_path: Path) -> None:
    copy = tmp_path / "team.zip"
    copy.write_bytes(good_zip.read_bytes())
    verdict = check_zip(copy)
    assert verdict.problems == ()
    assert verdict.ok
    assert verdict.steps == STEPS
    assert verdict.opened == 5
    assert verdict.best == "step_100"
    assert list(tmp_path.iterdir()) == [copy]


def test_a_flipped_byte_in_a_checkpoint(good_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(good_zip) as archive:
        weights = archive.read("checkpoints/step_60.ckpt")
    body = bytearray(good_zip.read_bytes())
    body[body.index(weights) + len(weights) - 5] ^= 1
    bad = tmp_path / "bad.zip"
    bad.write_bytes(body)
    assert _said(list(check_zip(bad).problems), "checkpoints/step_60.ckpt", "CRC")


def test_a_flipped_byte_with_a_mended_crc(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        body = bytearray(files["checkpoints/step_60.ckpt"])
        body[-5] ^= 1
        files["checkpoints/step_60.ckpt"] = bytes(body)

    problems = _problems(good_zip, tmp_path, change)
    assert _said(problems, "checkpoints/step_60.ckpt", "sha256")


@pytest.mark.parametrize("path", ["squad/checkpoints/step_100/contest/f1", "accuracy/checkpoints/step_100/accuracy",
                                  "ratio/ratio", "score/checkpoints/step_100/score", "score/best",
                                  "squad/checkpoints/step_20/contest/em", "run/train/learning_rate",
                                  "weights/checkpoints/step_40/sha256"])  # fmt: skip
def test_an_edited_figure_in_the_report(good_zip: Path, tmp_path: Path, path: str) -> None:
    def change(files: Files) -> None:
        line, place = _line_with(files, path)
        begin = len(written(line.texts[: place + 1], [show_figure(item) for item in line.figures[:place]]))
        whole = written(line.texts, [show_figure(item) for item in line.figures])
        assert whole in files["report.md"].decode().split("\n")
        edited = whole[:begin] + ("8" if whole[begin] == "9" else "9") + whole[begin + 1 :]
        files["report.md"] = files["report.md"].decode().replace(whole, edited).encode()

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert len(problems) == 1
    assert _said(problems, "report.md", path)


@pytest.mark.parametrize("path", ["squad/checkpoints/step_100/contest/f1", "ratio/ratio", "score/best"])
@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_an_edited_figure_that_only_programs_read(good_zip: Path, tmp_path: Path, path: str, name: str) -> None:
    """Its value among those of the block of JSON is another one."""

    def change(files: Files) -> None:
        value = json.dumps(json.loads(files["report.json"])["figures"][path])
        text = files[name].decode()
        at = text.rindex(f'"{path}": {value}')
        files[name] = (text[:at] + f'"{path}": 5' + text[at + len(f'"{path}": {value}') :]).encode()

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, name, path, "is 5, the result is")


def test_an_edited_figure_of_the_page(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        page = files["report.html"]
        assert page.count(b">0.8505</a>") > 1
        files["report.html"] = page.replace(b">0.8505</a>", b">0.9505</a>", 1)

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert problems == ["report.html: score/checkpoints/step_100/score is 0.9505, the result is 0.8505"]


def test_a_paragraph_more_changes_no_figure(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        title, _, rest = files["report.md"].decode().partition("\n")
        files["report.md"] = f"{title}\n\nOne more word of ours.\n{rest}".encode()

    assert check_zip(rewrite(good_zip, tmp_path / "more.zip", change, honest=True)).problems == ()


def test_a_report_of_before_it_had_a_file_of_its_figures(good_zip: Path, tmp_path: Path) -> None:
    """Older reports are Markdown with marks around each figure, and nothing else."""

    def age(files: Files) -> None:
        figures = json.loads(files.pop("report.json"))["figures"]
        del files["report.html"]
        marks = [f"<!--={path}-->{show(value)}<!--/-->" for path, value in figures.items()]
        files["report.md"] = "\n".join(["# Report", *marks, "![loss](images/loss.png)"]).encode()

    older = rewrite(good_zip, tmp_path / "older.zip", age, honest=True)
    assert check_zip(older).problems == ()
    edited = b"<!--=score/best-->step_100<!--/-->"

    def lie(files: Files) -> None:
        files["report.md"] = files["report.md"].replace(edited, edited.replace(b"100", b"20"))

    problems = list(check_zip(rewrite(older, tmp_path / "lie.zip", lie, honest=True)).problems)
    assert problems == ["report.md: score/best is step_20, the result is step_100"]
    unmarked = rewrite(older, tmp_path / "none.zip", lambda files: files.update({"report.md": b"# R"}), honest=True)
    assert _said(list(check_zip(unmarked).problems), "the figure score/best is missing")


def test_a_figure_left_out_of_the_report(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        data = json.loads(files["report.json"])
        for line in [line for line in data["lines"] if any(path == "ratio/ratio" for path, _ in line["figures"])]:
            data["lines"].remove(line)
        del data["figures"]["ratio/ratio"]
        files["report.json"] = json.dumps(data).encode()
        files["report.html"] = re.sub(
            rb'<a class="figure" [^>]*"ratio/ratio"[^>]*>[^<]*</a>', b"", files["report.html"]
        )

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, "report.md: the figure ratio/ratio is missing")
    assert _said(problems, "report.html: the figure ratio/ratio is missing")


def test_a_missing_checkpoint(good_zip: Path, tmp_path: Path) -> None:
    problems = _problems(good_zip, tmp_path, lambda files: files.pop("checkpoints/step_60.ckpt"), honest=True)
    assert _said(problems, "checkpoints/step_60.ckpt: missing")
    assert _said(problems, "4 weight files, the contest asks for 5")


def test_a_checkpoint_gone_from_the_manifest_too(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        del files["checkpoints/step_60.ckpt"]
        _edit(files, "manifest.json", lambda value: value["checkpoints"].pop(2))

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, "4 checkpoints, the contest asks for 5")
    assert _said(problems, "results/score.json", "step_60")


def test_a_sixth_checkpoint(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        files["checkpoints/step_120.ckpt"] = files["checkpoints/step_100.ckpt"]

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, "6 weight files")
    assert _said(problems, "step_120.ckpt: not among the checkpoints")


def test_uneven_steps(tmp_path: Path, project: Path) -> None:
    run = make_run(tmp_path / "run", steps=(20, 40, 60, 75, 100))
    built = build(run, root=project)
    assert built.verdict is not None
    assert _said(list(built.verdict.problems), "20, 40, 60, 75, 100", "not evenly spaced")


@pytest.mark.parametrize(
    ("steps", "even"),
    [
        ([1, 2, 3, 4, 5], True),
        ([3452, 6904, 10356, 13808, 17260], True),
        ([344, 689, 1033, 1378, 1722], True),
        ([42075, 42500, 62900, 63325, 64192], False),
        ([60, 70, 80, 90, 100], False),
        ([20, 40, 60, 80, 110], False),
    ],
)
def test_spacing(steps: list[int], even: bool) -> None:
    assert (not list(spacing_problems(steps, 5))) is even


def test_the_version_of_the_kit(good_zip: Path, tmp_path: Path) -> None:
    assert check_zip(good_zip).kit == __version__
    problems = _problems(good_zip, tmp_path, lambda files: _edit(files, "manifest.json", lambda v: v.update(kit=["x"])))
    assert _said(problems, "no version of the kit")


def test_a_zip_of_a_kit_before_it_had_a_version(good_zip: Path, tmp_path: Path) -> None:
    older = rewrite(good_zip, tmp_path / "older.zip", lambda f: _edit(f, "manifest.json", lambda v: v.pop("kit")))
    verdict = check_zip(older)
    assert verdict.ok
    assert verdict.kit is None


def test_a_manifest_lie(good_zip: Path, tmp_path: Path) -> None:
    def lie(value: Any) -> None:
        value["files"][0]["sha256"] = "0" * 64
        value["files"][1]["bytes"] += 1
        del value["files"][2]
        value["checkpoints"][1]["merged"] = False
        value["checkpoints"][2]["base_sha256"] = "c" * 64
        value["checkpoints"][3]["sha256"] = "0" * 64

    with zipfile.ZipFile(good_zip) as archive:
        listed = [row["path"] for row in json.loads(archive.read("manifest.json"))["files"]]
    problems = _problems(good_zip, tmp_path, lambda files: _edit(files, "manifest.json", lie))
    assert _said(problems, listed[0], "manifest.json says " + "0" * 64)
    assert _said(problems, listed[1], "bytes, manifest.json says")
    assert _said(problems, listed[2], "not in manifest.json")
    assert _said(problems, "step_40 is not called merged")
    assert _said(problems, "different base weights")
    assert _said(problems, "step_80.ckpt: size or sha256")


def test_an_adapter_instead_of_merged_weights(good_zip: Path, tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.ckpt"
    name = "model.layers.0.attention.wq.mindpet_delta_lora_a"
    write_tensors(adapter, {name: np.zeros((2, 8), np.float32)})

    def change(files: Files) -> None:
        files["checkpoints/step_60.ckpt"] = adapter.read_bytes()

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, "step_60.ckpt: not merged", "lora_a")
    assert _said(problems, "16 parameters, the whole model has 328")
    assert _said(problems, "not weights of one model")
    assert _said(problems, "other tensors than")


def test_weights_that_are_no_weights(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        files["checkpoints/step_60.ckpt"] = b"\x00" * len(files["checkpoints/step_60.ckpt"])

    assert _said(_problems(good_zip, tmp_path, change, honest=True), "checkpoints/step_60.ckpt", "checkpoint")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.999])
def test_a_truncated_zip_is_no_zip(good_zip: Path, tmp_path: Path, share: float) -> None:
    body = good_zip.read_bytes()
    bad = tmp_path / "bad.zip"
    bad.write_bytes(body[: int(len(body) * share)])
    with pytest.raises(InputError, match="not a zip file, or a truncated one"):
        check_zip(bad)


@pytest.mark.parametrize(
    "name",
    ["report.md", "configs/run.yaml", "configs/finetune.yaml", "environment.json", "results/squad.json",
     "results/ratio.json", "screenshots/ratio.png", "images/loss.png", "manifest.json", "code/core/a.py",
     "logs/predictions/squad_step_20.jsonl"],
)  # fmt: skip
def test_a_missing_part(good_zip: Path, tmp_path: Path, name: str) -> None:
    problems = _problems(good_zip, tmp_path, lambda files: files.pop(name))
    assert _said(problems, name) or _said(problems, name.split("/")[0] + "/")


RESULT_LIES: list[tuple[str, Callable[[Any], Any], str]] = [
    ("ratio", lambda value: value.update(ratio=0.0001), "trainable / total"),
    ("ratio", lambda value: value.update(published_ratio=0.0001), "trainable / published_total"),
    ("ratio", lambda value: value.update(log_sha256="0" * 64), "training log that is not in the zip"),
    ("score", lambda value: value.update(ratio=0.0001), "none of those in results/ratio.json"),
    ("score", lambda value: value["checkpoints"]["step_100"].update(score=0.99), "computed again it is"),
    ("score", lambda value: value["checkpoints"]["step_100"].update(accuracy=0.99), "measured was"),
    ("score", lambda value: value.update(best="step_20"), "the highest score of the eligible has step_100"),
    ("score", lambda value: value.update(best=None), "the highest score of the eligible has step_100"),
    ("score", lambda value: value["checkpoints"]["step_100"].update(gate_passed=False), "gate_passed is False"),
    ("accuracy", lambda value: value["checkpoints"]["step_40"].update(accuracy=0.99), "of 300 is"),
    (
        "score",
        lambda value: value["inputs"].update(squad="0" * 64),
        "another results/squad.json than the one in the zip",
    ),
    ("score", lambda value: value["checkpoints"]["step_20"].update(gate_passed=None), "eligible without having passed"),
    ("accuracy", lambda value: value["checkpoints"]["step_40"].update(accuracy=99), "must be a fraction"),
    ("accuracy", lambda value: value["checkpoints"]["base"].update(predictions_sha256="0" * 64), "other predictions"),
    ("squad", lambda value: value["checkpoints"]["step_40"]["contest"].update(f1=3.5), "gate passed is True"),
    ("squad", lambda value: value["checkpoints"]["step_40"]["gate"].update(required_f1=1.0), "by the rules"),
    ("squad", lambda value: value.update(checkpoints=[]), "no 'checkpoints'"),
]


@pytest.mark.parametrize(("name", "change", "said"), RESULT_LIES)
def test_results_that_contradict_each_other(
    good_zip: Path, tmp_path: Path, name: str, change: Callable[[Any], Any], said: str
) -> None:
    problems = _problems(good_zip, tmp_path, lambda files: _edit(files, f"results/{name}.json", change), honest=True)
    assert _said(problems, f"results/{name}.json", said)


def test_a_screenshot_of_another_log(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        files["logs/train/msrun/worker_0.log"] += b"another line\n"

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, "screenshots/training.png: drawn from another logs/train/msrun/worker_0.log")


def test_a_screenshot_that_is_no_picture(good_zip: Path, tmp_path: Path) -> None:
    plain = io.BytesIO()
    Image.new("RGB", (4, 4)).save(plain, format="PNG")

    def change(files: Files) -> None:
        files["screenshots/ratio.png"] = files["screenshots/ratio.png"][:200]
        files["screenshots/squad.png"] = b"GIF89a"
        files["screenshots/accuracy.png"] = plain.getvalue()

    problems = _problems(good_zip, tmp_path, change, honest=True)
    assert _said(problems, "ratio.png: no whole PNG")
    assert _said(problems, "squad.png: no whole PNG")
    assert _said(problems, "accuracy.png: does not say which log")


@pytest.mark.parametrize("name", ["../evil.py", "/etc/passwd", "a/../../b", "c:/x", "a\\b"])
def test_paths_that_leave_the_zip(good_zip: Path, tmp_path: Path, name: str) -> None:
    def change(files: Files) -> None:
        files[name] = b"x"

    assert _said(_problems(good_zip, tmp_path, change, honest=True), "not a path inside the zip")


def test_links_doubles_and_bombs(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(link, "/etc/passwd")
        archive.writestr("x", "1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("x", "2")
    problems = list(check_zip(tmp_path / "a.zip").problems)
    assert _said(problems, "link: a symbolic link")
    assert _said(problems, "x: appears twice")


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.md", b"0" * (1 << 20))
    body = bytearray(bomb.read_bytes())
    entry = body.rindex(b"PK\x01\x02")
    body[entry + 24 : entry + 28] = (0xF0000000).to_bytes(4, "little")  # the size that the directory states
    bomb.write_bytes(body)
    verdict = check_zip(bomb)
    assert _said(list(verdict.problems), "zip bomb")
    assert verdict.files == 0


def test_everything_wrong_is_said_at_once(good_zip: Path, tmp_path: Path) -> None:
    def change(files: Files) -> None:
        del files["environment.json"]
        files["extra.txt"] = b""
        files["configs/run.yaml"] = b"a: [\n"
        files["results/score.json"] = b'{"best": NaN}'

    problems = _problems(good_zip, tmp_path, change)
    for part in ("environment.json: missing", "extra.txt: not in", "run.yaml", "score.json: NaN"):
        assert _said(problems, part)


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["checkpoints", "step_20", "base", "files", "path", "step", "contest", "gate", "best"]),
            inner,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(["manifest.json", "results/squad.json", "results/score.json", "results/ratio.json"]),
    value=JUNK,
)
def test_any_json_gets_a_verdict(good_zip: Path, tmp_path: Path, name: str, value: Any) -> None:
    def change(files: Files) -> None:
        files[name] = json.dumps(value).encode()

    assert _problems(good_zip, tmp_path, change)


def test_the_command_and_its_exit_codes(good_zip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(good_zip), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ok"] is True
    bad = rewrite(good_zip, tmp_path / "bad.zip", lambda files: files.pop("report.md"))
    with pytest.raises(GateError, match="not fit"):
        main([str(bad)])
    assert "wrong: report.md: missing" in capsys.readouterr().out
    with pytest.raises(InputError, match="no such file"):
        main([str(tmp_path / "none.zip")])
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(InputError, match="not a zip file"):
        main([str(tmp_path / "text.zip")])


def test_as_a_program(good_zip: Path, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "submission" / "check.py"), str(good_zip), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0
    assert json.loads(done.stdout)["steps"] == list(STEPS)
    done = subprocess.run([*command[:2], "none.zip"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("error: none.zip")
