"""Hostile names, ids, answers, titles and messages: no command writes a character that steers a terminal."""

from __future__ import annotations

import ast
import importlib
import io
import json
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attacks.bounded import kit_modules
from hypothesis import given
from hypothesis import strategies as st
from run_folder import edit_json, make_run, rewrite

from ckpt_tools.formats.tensors import write_tensors
from core import files
from core.config import load_contest
from core.errors import InputError, KitError, run_command
from core.places import ROOT
from core.progress import Progress, say
from core.terminal import show, show_json, visible, visible_json
from inference.engine import GenerationSettings, Request
from inference.http.engine import HttpEngine
from submission.package.build import build

# What repaints, renames, hides or forges: escape sequences (7 and 8 bits), backspace, a bell and a title, directions,
# zero width, line and paragraph separators, tags, a letter that is not drawn, and a line like the kit's own.
EVIL = "\x1b[2J\x1b]0;t\x07\x9b1A\x08\r\u202e\u2066\u200b\u2028\u2029\u0085\ufeff\U000e0041\u3164\x7f\nok: all is well"
FORGED = "ok: all is well"
COMMANDS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix()
    for path in ROOT.glob("*/*.py")
    if not path.parent.name.startswith((".", "tests", "benchmarks"))
    and path.read_text(encoding="utf-8").startswith('"""Command: ')
    and "\ndef main(" in path.read_text(encoding="utf-8")  # a former name has none of its own
)


def _unseen(text: str) -> set[str]:
    """Return the characters of a command's output that are not seen, but for its own line breaks."""
    bad = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    return {repr(char) for char in text if char != "\n" and (unicodedata.category(char) in bad or char == "\u3164")}


def run(capsys: pytest.CaptureFixture[str], command: str, *words: object) -> str:
    """Run a command in this process; return all it wrote, after looking at it."""
    capsys.readouterr()
    main = importlib.import_module(command.replace("/", ".")).main
    with suppress(SystemExit):  # argparse
        run_command(main, [str(word) for word in words])
    said = capsys.readouterr()
    for text in said:
        assert _unseen(text) == set(), text
        assert not any(line.startswith(FORGED) for line in text.split("\n")), text
    return said.out + said.err


def test_all_commands_are_tried() -> None:
    assert len(COMMANDS) > 20


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [[EVIL], [f"--{EVIL}"], ["--run", EVIL], ["--out", EVIL, EVIL], [f"a={EVIL}"]])
def test_what_was_typed_is_repeated_visibly(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, words: list[str]
) -> None:
    """A shell puts a folder's file names in for `*`: they are foreign too."""
    monkeypatch.chdir(tmp_path)
    run(capsys, command, *words)


# --- Zips ---


def _deep(value: Any) -> Any:
    """Return a JSON value with every text and name in it made hostile."""
    if isinstance(value, dict):
        return {key if key in _KEPT else key + EVIL: _deep(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_deep(item) for item in value]
    return value + EVIL if isinstance(value, str) else value


_KEPT = {"schema", "files", "path", "sha256", "bytes", "checkpoints", "step", "weights", "team", "contest", "kit"}
_KEPT |= {"ratio", "total", "trainable", "score", "best", "data", "accuracy", "contest", "official", "run"}


def _names(zip_files: dict[str, bytes]) -> None:
    for name in list(zip_files):
        zip_files[name + EVIL] = zip_files[name]


def _values(zip_files: dict[str, bytes]) -> None:
    for name, body in zip_files.items():
        if name.endswith(".json"):
            zip_files[name] = json.dumps(_deep(json.loads(body))).encode()


def _labels(zip_files: dict[str, bytes]) -> None:
    for name in ("results/accuracy.json", "results/squad.json", "results/score.json"):
        value = json.loads(zip_files[name])
        value["checkpoints"] = {label + EVIL: row for label, row in value["checkpoints"].items()}
        value["best"] = EVIL
        zip_files[name] = json.dumps(value).encode()


def _report(zip_files: dict[str, bytes]) -> None:
    zip_files["report.md"] += f"<!--={EVIL}/a-->{EVIL}<!--/--> ![x](images/{EVIL.split()[0]})".encode()


def _settings(zip_files: dict[str, bytes]) -> None:
    zip_files["configs/run.yaml"] = json.dumps(
        {"contest": EVIL, EVIL: [EVIL], "rules": {"ratio_factor": EVIL}}
    ).encode()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip that passes the check."""
    folder = tmp_path_factory.mktemp("good")
    files.write_text(folder / "project" / "core" / "__init__.py", "")
    return build(make_run(folder / "run"), root=folder / "project").path


@pytest.mark.parametrize("change", [_names, _values, _labels, _report, _settings])
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_hostile_zip(
    capsys: pytest.CaptureFixture[str], good: Path, tmp_path: Path, change: Callable[[Any], None], form: list[str]
) -> None:
    said = run(capsys, "submission/check", rewrite(good, tmp_path / f"a{EVIL[:9]}.zip", change), *form)
    assert "\\x1b" in said or "\\u001b" in said
    if form:
        json.loads(said[: said.rindex("}") + 1])


# --- Runs ---


@pytest.mark.slow
def test_a_hostile_run_is_packed_shown_and_reported_visibly(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = make_run(tmp_path / f"run{EVIL}")
    for name in ("squad", "accuracy"):
        edit_json(folder / "results" / f"{name}.json", lambda value: value["data"].update(file=EVIL, selection=EVIL))
    edit_json(folder / "environment.json", lambda value: value.update(command=[EVIL], machine=f"<script>{EVIL}"))
    (folder / "train" / f"{EVIL.replace('/', '')}.log").write_text(EVIL)
    run(capsys, "submission/run", "--run", folder, "--checkpoints", "manifest")
    report = (folder / "submission" / "report.md").read_text(encoding="utf-8")
    assert _unseen(report) == set()
    assert FORGED not in report.split("\n")
    run(capsys, "eval_accuracy/table", "--run", folder)
    run(capsys, "eval_accuracy/table", "--run", folder, "--format", "csv")
    run(capsys, "eval_suite/compare", "base", EVIL, "--run", folder)
    run(capsys, "eval_accuracy/score", "--run", folder)
    run(capsys, "evaluation/ask", "--run", folder, "--ckpt", f"step_{EVIL}", "--data", EVIL, "--dry-run")
    run(capsys, "data_convert/show", folder)
    run(capsys, "finetune/run", "--run", folder, "--dry-run")


def test_logs_and_events_can_be_looked_at(tmp_path: Path) -> None:
    files.append_line(tmp_path / "a.log", f"step: {EVIL}")
    files.append_jsonl(tmp_path / "a.jsonl", {"name": EVIL})
    files.write_json(tmp_path / "a.json", {EVIL: EVIL})
    for path in tmp_path.iterdir():
        assert _unseen(path.read_text(encoding="utf-8")) == set()
    assert json.loads((tmp_path / "a.jsonl").read_text(encoding="utf-8")) == {"name": EVIL}
    assert files.read_json(tmp_path / "a.json") == {EVIL: EVIL}
    assert len((tmp_path / "a.log").read_text(encoding="utf-8").splitlines()) == 1


# --- Corpora, questions, predictions ---


def _lines(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Questions whose every text is hostile."""
    kinds = [{"problem": f"{EVIL} 计算 {n} + 4", "solution": f"{n} + 4 = {n + 4}", "type": EVIL} for n in range(40)]
    return _lines(tmp_path / f"corpus{EVIL[:5]}.jsonl", kinds)


def test_a_hostile_corpus(capsys: pytest.CaptureFixture[str], corpus: Path, tmp_path: Path) -> None:
    bad = _lines(tmp_path / f"bad{EVIL[:5]}.jsonl", [{"problem": EVIL, EVIL: EVIL}, {EVIL: 1}])
    out = tmp_path / f"out{EVIL[:5]}.jsonl"
    run(capsys, "data_convert/clean", corpus, "--against", corpus, "--out", out, "--processes", 1)
    run(capsys, "data_convert/clean", corpus, "--quota", f"{EVIL}=3", "--json", "--processes", 1)
    run(capsys, "data_convert/clean", bad)
    run(capsys, "finetune/run", "--contest", "practice_math", "--dry-run", f"data.train={bad}")
    run(capsys, "pipeline/validate", "practice_math", f"data.train={bad}")
    run(capsys, "pipeline/validate", "practice_math", f"train.{EVIL}=1", f"prompt={EVIL}", "--json")


@pytest.mark.slow
def test_hostile_predictions(capsys: pytest.CaptureFixture[str], corpus: Path, tmp_path: Path) -> None:
    ids = {str(number): f"{EVIL}{number}" for number in range(40)}
    predictions = tmp_path / f"{EVIL[:5]}.json"
    predictions.write_text(json.dumps({**ids, EVIL: EVIL}), encoding="utf-8")
    words = ["--predictions", predictions, "--data", corpus, "--contest", "math_llama3"]
    said = run(capsys, "eval_accuracy/run", *words, "--output", tmp_path / f"o{EVIL[:5]}.json")
    assert "unknown ids 1" in said
    run(capsys, "eval_accuracy/run", *words, "--json")
    run(capsys, "eval_accuracy/table", "--result", tmp_path / f"o{EVIL[:5]}.json")
    run(capsys, "eval_suite/compare", predictions, predictions, "--data", corpus, "--contest", "math_llama3")
    qas = [{"id": EVIL, "question": EVIL, "answers": [{"text": "c", "answer_start": 0}]}]
    squad = tmp_path / "squad.json"
    squad.write_text(json.dumps({"data": [{"title": EVIL, "paragraphs": [{"context": "c", "qas": qas}]}]}))
    run(capsys, "eval_squad/run", "--predictions", predictions, "--data", squad)
    run(capsys, "eval_suite/compare", predictions, predictions, "--data", squad, "--squad")


def test_hostile_weights(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / f"{EVIL[:5]}.safetensors"
    write_tensors(path, {f"model.{EVIL}": np.zeros((2, 2), np.float32)}, {EVIL: EVIL})
    for command in ("ckpt_tools/show", "ckpt_tools/count"):
        run(capsys, command, path)
        run(capsys, command, path, "--json")
    adapter = tmp_path / "adapter"
    files.write_json(adapter / "adapter.json", {"method": EVIL, EVIL: EVIL})
    run(capsys, "ckpt_tools/merge", "--base", path, "--adapter", adapter, "--out", tmp_path / "out")
    run(capsys, "ckpt_tools/convert", path, "--out", tmp_path / "b.safetensors", "--model", "llama3_8b")


def test_hostile_plug_ins(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files.write_text(tmp_path / "configs" / "contests" / f"x{EVIL[:4]}.yaml", json.dumps({"title": EVIL, EVIL: 1}))
    files.write_text(tmp_path / "configs" / "models" / "x.yaml", json.dumps({"title": EVIL}))
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    for form in ([], ["--json"], ["contests"], ["models"]):
        run(capsys, "pipeline/ls", *form)
    run(capsys, "pipeline/validate", f"x{EVIL[:4]}")


# --- Servers ---


@contextmanager
def _server(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_what_a_server_says_is_shown_visibly(capsys: pytest.CaptureFixture[str], status: int) -> None:
    with _server(status, EVIL.encode()) as url:

        def ask(words: Any) -> int:
            HttpEngine(url, "m", retries=0).generate([Request(f"id{EVIL}", "x")], GenerationSettings(4))
            return 0

        assert run_command(ask, []) == 2
    said = capsys.readouterr()
    assert _unseen(said.err) == set()
    assert FORGED not in said.err.split("\n")


# --- The functions themselves ---


@given(st.text())
def test_visible_text_has_nothing_unseen_and_loses_nothing_seen(text: str) -> None:
    shown = visible(text)
    assert _unseen(shown) == set()
    assert "\n" not in shown
    assert visible(shown) == shown
    if not _unseen(text) and text.isprintable():
        assert shown.replace("\\", "") == text.replace("\\", "") or any(visible(char) != char for char in text)


@given(
    st.recursive(
        st.text() | st.integers(), lambda inner: st.dictionaries(st.text(), inner) | st.lists(inner), max_leaves=8
    )
)
def test_visible_json_says_the_same(value: Any) -> None:
    text = visible_json(json.dumps(value, ensure_ascii=False))
    assert _unseen(text) == set()
    assert json.loads(text) == json.loads(json.dumps(value))


@pytest.mark.parametrize("text", ["中文 和 English", "naïve café", "π ≈ 3.14", "√2", "　全角", "🙂", "a b"])
def test_what_can_be_seen_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize("mark", ["\u0301", "\u20dd", "\u0489", "\u0e48", "\u0f71", "\u064b", "\ufe20"])
def test_a_pile_of_marks_that_covers_other_lines_is_escaped(mark: str) -> None:
    code = f"\\u{ord(mark):04x}"
    assert visible(f"a{mark * 4}b") == f"a{mark * 4}b"
    assert visible(f"a{mark * 1000}b") == f"a{mark * 4}{code * 996}b"
    assert json.loads(visible_json(json.dumps(f"a{mark * 9}", ensure_ascii=False))) == f"a{mark * 9}"


def test_letters_that_no_font_draws_are_escaped() -> None:
    for letter in ("\U0001d159", "\U00016fe4", "\u2800", "\u3164", "\u2065"):
        assert visible(f"a{letter}b").isascii()


def test_a_terminal_without_chinese_gets_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    show("中 \udcff", file=stream)
    assert stream.buffer.getvalue() == b"\\u4e2d \\udcff\n"  # type: ignore[attr-defined]


def test_news_errors_bars_and_tracebacks(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    say(EVIL)
    show_json({EVIL: EVIL})
    for is_terminal in (False, True):
        monkeypatch.setattr("sys.stderr.isatty", lambda is_terminal=is_terminal: is_terminal, raising=False)
        with Progress(EVIL, 3, "it") as progress:
            progress.advance(1, EVIL)
    for error in (
        InputError(EVIL),
        KitError(EVIL),
        ValueError(EVIL),
        FileNotFoundError(2, EVIL, EVIL),
        OSError(13, EVIL),
    ):

        def fail(words: Any, error: Exception = error) -> int:
            raise error

        run_command(fail, ["--debug"])
    said = capsys.readouterr()
    # tqdm itself goes back to the beginning of its line.
    assert _unseen(said.out + said.err.replace("\r", "").replace("\x1b[A", "")) == set()
    assert FORGED not in said.err.split("\n")


# --- Nobody else prints ---

# Before the kit's packages are installed, and in a worker's log, which holds no other text than a number there.
ALLOWED = {
    *("core/terminal.py", "finetune/dependencies.py", "backend/training/step_monitor.py"),
    "eval_accuracy/equivalence/serve.py",  # true or false, to the process that started it
}


PRINTING = ("print", "write", "ArgumentParser", "warn", "logging.error")


def test_nobody_else_prints() -> None:
    found = []
    for file in kit_modules():
        name = file.relative_to(ROOT).as_posix()
        text = file.read_text(encoding="utf-8")
        if name in ALLOWED or not any(word in text for word in PRINTING):
            continue
        for node in ast.walk(ast.parse(text)):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("print", "sys.stdout.write", "sys.stderr.write", "os.write", "argparse.ArgumentParser"):
                found.append(f"{name}:{node.lineno}: {called}")  # type: ignore[attr-defined]
            if called in ("traceback.print_exc", "warnings.warn", "logging.warning", "logging.error"):
                found.append(f"{name}:{node.lineno}: {called}")  # type: ignore[attr-defined]
    found = [each for each in found if not each.startswith("ckpt_tools/merging/partial.py")]  # its journal
    assert not found, "printing goes through core/terminal.py: " + "; ".join(found)


def test_a_setting_whose_name_is_no_utf8_is_refused_in_words_that_can_be_printed() -> None:
    with pytest.raises(InputError) as raised:
        load_contest("practice_math", ['eval"\udcbattp.url=http:\udca1xh'])
    str(raised.value).encode("utf-8")
