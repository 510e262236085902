"""Keys: refused where they would be stored, checked before they are sent, and blanked in all that is written."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import files
from core.config import load_contest
from core.errors import InputError, run_command
from core.places import ROOT
from core.secrets import BLANK, blanked, without_secrets
from core.terminal import show, show_json
from core.text.records import Record, write_records
from evaluation.answers.prediction_log import Prediction, PredictionLog
from inference.engine import GenerationSettings, Request
from inference.http.engine import HttpEngine

KEY = 'aZ3"q\\+/=k-_9xy'


@pytest.mark.parametrize(
    "url",
    [
        "http://me:{key}@host:8000/v1",
        "http://{key}@host",
        "https://me:a:b@host",
        "https://me%3A{key}@host",
        "http://host/v1?api_key={key}",
        "http://host/v1?a=1&token={key}",
        "http://host/v1?api-version={key}",
        "http://host/v1?api-version=2024-02-01&key={key}",
        "http://host/v1;key=1?{key}",
        "http://host/#{key}",
        "http://host/v1/sk-abcdefghijklmnop1234",
        "//me:{key}@host",
        "me:{key}@host",
    ],
)
@pytest.mark.parametrize("way", ["override", "file"])
def test_an_address_with_a_secret_is_refused_with_what_to_do(tmp_path: Path, url: str, way: str) -> None:
    url = url.format(key="hunter2secret")
    text = (ROOT / "configs/contests/practice_math.yaml").read_text(encoding="utf-8")
    changed = text.replace("eval:\n", f"eval:\n  http: {{url: {json.dumps(url)}}}\n")
    (tmp_path / "mine.yaml").write_text(changed, encoding="utf-8")
    where = ("practice_math", [f"eval.http.url={url}"]) if way == "override" else (str(tmp_path / "mine.yaml"), [])
    with pytest.raises(InputError) as caught:
        load_contest(*where)
    assert "eval.http.api_key_env=KIT_API_KEY" in str(caught.value)
    assert "hunter2secret" not in str(caught.value)
    assert "sk-abc" not in str(caught.value)


@pytest.mark.parametrize(
    "key", ["sk-abcdefghijklmnop1234", "aB3dE6gH9jK2mN5pQ8sT", "my key", "a.b", "hf_abcdefghijklmnopqrst"]
)
def test_a_key_in_the_place_of_its_variable_is_refused(key: str) -> None:
    with pytest.raises(InputError) as caught:
        load_contest("practice_math", [f"eval.http.api_key_env={key}"])
    assert key not in str(caught.value)
    assert "api_key_env=KIT_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1:8000", "https://host/v1", "http://[::1]:8000/v1", "", "http://模型/v1"),
        "https://host/deployments/m/chat/completions?api-version=2024-02-01",
    ],
)
def test_a_plain_address_is_taken(url: str) -> None:
    assert load_contest("practice_math", [f"eval.http.url={json.dumps(url)}"]).eval.http.url == url


@pytest.mark.parametrize(
    "key", ["abc123\n", "abc\r\nX: y", " abc123", "abc 123", "abc\x00", "ключ1234", "abc123\u2028"]
)
def test_what_cannot_be_a_key_is_refused_before_it_is_sent(key: str) -> None:
    with pytest.raises(InputError) as caught:
        HttpEngine("http://127.0.0.1:9", "m", key=key)
    assert key.strip() not in str(caught.value)
    assert "environment variable" in str(caught.value)


# --- A server that repeats the key wherever it can ---


class Telltale(BaseHTTPRequestHandler):
    status = 200

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        header = str(self.headers["Authorization"])
        body = json.dumps({"error": "x" * 180 + f" {header} and {json.dumps(header)} are wrong"})
        if self.status == 200:
            body = json.dumps({"choices": [{"text": f"{header} {header[7:]}"}], "usage": {"completion_tokens": 2}})
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words: object) -> None:
        pass


@contextmanager
def telling(status: int) -> Iterator[str]:
    handler = type("Handler", (Telltale,), {"status": status})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@pytest.mark.parametrize("status", [400, 401, 404, 500])
@pytest.mark.parametrize("key", [KEY, "k3y!", "plainword", "sk-" + "a1" * 40])
def test_an_error_text_with_the_key_in_it_is_blanked(capsys: pytest.CaptureFixture[str], status: int, key: str) -> None:
    with telling(status) as url:

        def ask(words: object) -> int:
            HttpEngine(url, "m", retries=0, key=key).generate([Request("q", "x")], GenerationSettings(4))
            return 0

        assert run_command(ask, ["--debug"]) == 2
    said = capsys.readouterr().err
    # Nor is a part of it shown that a cut left over.
    assert not any(piece in said for piece in (key, json.dumps(key)[1:-1], key[:10])) or len(key) < 10
    assert key not in said


@pytest.mark.slow
def test_a_key_stands_in_no_file_of_an_evaluation(tmp_path: Path) -> None:
    data = tmp_path / "q.jsonl"
    write_records(data, [Record(f"q{number}", "math", f"{number} + 1 = ?", "x") for number in range(3)])
    said = ""
    for status in (200, 400):
        with telling(status) as url:
            done = subprocess.run(
                [sys.executable, "eval_accuracy/run.py", "--server", url, "--model", "m", "--contest", "practice_math",
                 *("--data", str(data), "--set", "eval.http.api_key_env=MY_ACCESS", "eval.http.retries=0"),
                 *("eval.http.prompts=text", "--output", str(tmp_path / "result.json"))],
                cwd=ROOT,
                env={**os.environ, "KIT_LOGS": str(tmp_path / "logs"), "MY_ACCESS": KEY},
                capture_output=True,
                text=True,
                timeout=120,
            )  # fmt: skip
            said += done.stdout + done.stderr
    written = [path.read_text(encoding="utf-8") for path in tmp_path.rglob("*") if path.is_file()]
    assert any(BLANK in text for text in written)
    assert BLANK in said or "400" not in said
    for spelling in (KEY, json.dumps(KEY)[1:-1], json.dumps(json.dumps(KEY))[1:-1]):
        assert not any(spelling in text for text in [*written, said])


# --- What is blanked ---


def test_every_outlet_blanks(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ANY_SERVICE_API_KEY", KEY)
    monkeypatch.setenv("MY_PASSWORD", "correct-horse")
    text = f"key {KEY}, correct-horse, http://me:pw@host/x?token=abc123, Authorization: Bearer abc.def1"
    files.write_text(tmp_path / "a.txt", text)
    files.write_json(tmp_path / "a.json", {"text": text, KEY: [text]})
    files.append_jsonl(tmp_path / "a.jsonl", {"text": text})
    files.append_line(tmp_path / "a.log", text)
    with PredictionLog(tmp_path / "p.jsonl", {"text": text}, {"q": "0"}) as log:
        log.append(Prediction("q", "0", text, 1, 0.1))
    show(text)
    show_json({"text": text})
    written = [path.read_text(encoding="utf-8") for path in tmp_path.iterdir()] + list(capsys.readouterr())
    assert len(written) == 8
    for found in written:
        assert KEY not in found
        assert json.dumps(KEY)[1:-1] not in found
        assert not any(part in found for part in ("correct-horse", "me:pw", "abc123", "abc.def1"))
    assert files.read_json(tmp_path / "a.json")["text"].startswith(f"key {BLANK}, {BLANK}, http://{BLANK}@host")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("HF_TOKEN=abcd1234 python run.py", "HF_TOKEN=*** python run.py"),
        ("ftp://u:p@h and https://x@y/z", "ftp://***@h and https://***@y/z"),
        ("GET /v1?api_key=abc&n=3", "GET /v1?api_key=***&n=3"),
        ("sk-proj-abcdefghij0123456789", "***"),
        ('{"Authorization": "Basic dXNlcjpwYXNz0"}', '{"Authorization": "Basic ***"}'),
        ("Location: //li:pw@host/x", "Location: //***@host/x"),
        ("http://h/#access_token=abc12345", "http://h/#access_token=***"),
        ("GET /?accessToken=abc&x=1", "GET /?accessToken=***&x=1"),
        ("x-api-key: abcdef123456", "x-api-key: ***"),
        ('{"password": "hunter2222", "n": 1}', '{"password": "***", "n": 1}'),
    ],
)
def test_shapes_of_secrets(text: str, wanted: str) -> None:
    assert blanked(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "the bearer shall pay; authorization was given",
        "x = 3, key=value, token count: 12",
        "http://host:8000/v1/completions",
        "a@b.c wrote to me@host",
        "√4.00 = 2; 答案是 5",
        "tokens=5 top_k=3 monkey=8",
        "--set eval.http.api_key_env=KIT_API_KEY",
        "ask-me-about-something-long-enough",
        "the password: a word nobody knows; api_key: null",
        "// see line 5: me@host",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert blanked(text) == text


@given(st.text("0123456789+-*/=√. 答案abcxyz", max_size=60))
def test_answers_stay(text: str) -> None:
    assert blanked(text) == text


@given(
    st.sampled_from(
        ["http://me:pw@h/x?token=abc", "A_KEY=abcd", "Bearer abc1", "sk-abcdefghij0123456789", "?sig=1&b=2"]
    ),
    st.sampled_from(["{}", "`{}`, `x`", "'{}'", '"{}"', "({}), y", "<{}>", "[{}](z)", "{};{}", "| {} |"]),
)
def test_what_is_blanked_once_stays_as_it_is(secret: str, frame: str) -> None:
    once = blanked(frame.format(secret, secret))
    assert BLANK in once
    assert blanked(once) == once
    inside = frame.format(blanked(secret), blanked(secret))
    assert blanked(inside) == inside


def test_short_keys_blank_words_and_not_parts_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.secrets._given", {"abcd"})
    assert blanked("abcd and abcde, xabcd") == f"{BLANK} and abcde, xabcd"


def test_workers_are_started_without_secrets() -> None:
    environment = {"PATH": "/bin", "OPENAI_API_KEY": KEY, "HF_TOKEN": "hf_123456789", "KEY_FILE": "x", "N_TOKENS": "5"}
    assert without_secrets(environment) == {"PATH": "/bin", "KEY_FILE": "x", "N_TOKENS": "5"}


def test_a_secret_spelled_otherwise_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_SECRET", KEY)
    for spelling in (KEY, ascii(KEY), json.dumps(KEY), quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode()):
        assert blanked(f"<{spelling}>").strip("<>'\"") == BLANK


ODD_KEY = "Zq9+/xW=mK3&vT7_longkey"


@pytest.mark.parametrize(
    "spelt",
    [
        json.dumps(ODD_KEY).replace("/", "\\/"),
        ODD_KEY.replace("+", "\\u002B").replace("&", "\\u0026").replace("=", "\\u003D"),
        json.dumps(json.dumps(ODD_KEY.replace("=", "\\u003d"))),
        ODD_KEY.replace("&", "&amp;"),
        ODD_KEY.replace("&", "&amp;").replace("/", "&#x2F;").replace("=", "&#x3D;").replace("+", "&#43;"),
        quote(ODD_KEY),
        quote(ODD_KEY, safe="").replace("%2B", "%2b"),
        quote(quote(ODD_KEY, safe=""), safe=""),
        "".join(f"\\u{ord(char):04x}" for char in ODD_KEY),
        f"{ODD_KEY[:12]}\n  {ODD_KEY[12:]}",
        f"{ODD_KEY[:5]}\\r\\n{ODD_KEY[5:]}",
        base64.b64encode(f"me:{ODD_KEY}".encode()).decode(),
        base64.b64encode(f"Bearer {ODD_KEY}".encode()).decode(),
        base64.urlsafe_b64encode(f"user:{ODD_KEY} ".encode()).decode(),
        ODD_KEY.encode().hex(),
    ],
)
def test_a_secret_is_found_however_it_is_escaped(monkeypatch: pytest.MonkeyPatch, spelt: str) -> None:
    monkeypatch.setenv("SOME_SECRET", ODD_KEY)
    left = blanked(f"the key {spelt} is wrong")
    assert BLANK in left
    assert len(left) < len("the key *** is wrong") + 20  # what stands before it in base64 may be left
    assert "longkey" not in left


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("DB_PASS", "hunter2secretvalue", "hunter2secretvalue"),
        ("MYSQL_PWD", "mysqlsecretvalue", "mysqlsecretvalue"),
        ("OPENAI_API_KEY_2", "plainsecretvalue", "plainsecretvalue"),
        ("GITHUB_PAT", "somepatvalue", "somepatvalue"),
        ("https_proxy", "http://li:proxysecret@proxy:3128", "proxysecret"),
        ("DATABASE", "postgres://li:db%2Bsecret@db/x", "db+secret"),
        ("TLS_PRIVATE_KEY", "-----BEGIN-----\nMIIEvQIBADANBgkqh\n-----END-----", "MIIEvQIBADANBgkqh"),
    ],
)
def test_what_a_variable_keeps_secret_is_blanked(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str
) -> None:
    monkeypatch.setenv(name, value)
    assert text not in blanked(f"it was {text} there")


@pytest.mark.parametrize(
    "piece",
    [
        "\\",
        "%25",
        "&#0",
        "Z",
        "Z \n",
        "//a:",
        "a.",
        "?a.",
        "api_key=",
        "authorization=",
        "eyJ-",
        "sk-",
        "KEY=",
        "bearer ",
    ],
)
def test_a_long_text_is_looked_through_once(monkeypatch: pytest.MonkeyPatch, piece: str) -> None:
    monkeypatch.setenv("SOME_SECRET", ODD_KEY)
    text = "//@=\\%&\n" + piece * (300_000 // len(piece))
    began = time.process_time()
    blanked(text)
    assert time.process_time() - began < 3
