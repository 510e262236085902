"""What a hostile server sends is one sentence; addresses and keys that HTTP cannot hold are refused before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.errors import InputError
from inference.http.address import parse_address
from inference.http.answers import completion
from inference.http.connection import Connection


class _Server(HTTPServer):
    sent = b""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.sent)))
        self.end_headers()
        try:
            self.wfile.write(self.server.sent)
        except OSError:  # the client has read enough
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as made:
        thread = threading.Thread(target=made.serve_forever, daemon=True)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def _ask(server: _Server, sent: bytes) -> str:
    server.sent = sent
    address = f"http://127.0.0.1:{server.server_address[1]}/v1/completions"
    return (
        Connection(address, completion, timeout=20.0, retries=0, pause=0.0, key=None)
        .ask({"prompt": "x"}, "question q")
        .text
    )


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"[" + b"[]," * 5_000_000 + b"[]]", "no completion"),
        (b'{"choices": [{"text": "' + b"x" * (17 << 20) + b'"}]}', "more than 16 MiB"),
        (b"[" * 50_000, "no completion"),
        (b'{"choices": ' + b"1" * 5000 + b"}", "no completion"),
        (b'{"choices": [{"text": ["x"]}]}', "no completion"),
        (b'{"choices": {"0": 1}}', "no completion"),
        (b"\xff\xfe", "no completion"),
        (b"", "no completion"),
    ],
)
def test_a_hostile_answer_is_one_sentence(server: _Server, sent: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        _ask(server, sent)
    assert len(str(caught.value)) < 600


def test_half_a_pair_is_a_mark_in_its_place(server: _Server) -> None:
    assert _ask(server, b'{"choices": [{"text": "a\\ud800"}], "usage": {"completion_tokens": 1e999}}') == "a\ufffd"


@pytest.mark.parametrize(
    "url",
    [
        "http://h:abc",
        "http://h:999999",
        "http://h:-1",
        "http://[h",
        "http://h/中:1",
        "http://h/a b",
        "http://h\n:1",
        "h",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="server address"):
        parse_address(url)


@pytest.mark.parametrize("key", ["a\nb", "键", "pqx yzw", "\x7f", "é"])
def test_a_key_that_no_header_holds_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(InputError, match="the API key in") as caught:
        Connection("http://h/v1/completions", completion, 1.0, 0, 0.0, key)
    assert key not in str(caught.value)
