"""What a server sends that no library expects: each is one sentence, soon and within memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from core.errors import InputError
from inference.engine import GenerationSettings, Request
from inference.http.engine import HttpEngine

_OK = b"HTTP/1.1 200 OK\r\n"
_PIECES = _OK + b"Transfer-Encoding: chunked\r\n\r\n"


@contextmanager
def _server(first: bytes, again: bytes) -> Iterator[str]:
    """Serve one answer to everybody: `first`, and `again` until the connection is closed."""

    def serve() -> None:
        while True:
            try:
                connected, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError), connected:
                connected.recv(1 << 16)
                connected.sendall(first)
                while again:
                    connected.sendall(again)
                connected.shutdown(socket.SHUT_WR)
                while connected.recv(1 << 16):  # closed with a request unread, the connection would be reset
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("first", "again", "said"),
    [
        (_PIECES, b"10000\r\n" + b" " * 65536 + b"\r\n", "sent more than 16 MiB"),
        (_PIECES + b"-5\r\nabc\r\n0\r\n\r\n", b"", "connection failed"),
        (_PIECES + b"f" * 40 + b"\r\nabc\r\n", b"", "connection failed"),
        (_PIECES, b"0" * 65536, "connection failed"),
        (_PIECES + b"2\r\n{}\r\n0\r\n", b"X: y\r\n", "did not answer within"),
        (_OK, b"X-A: " + b"a" * 1000 + b"\r\n", "connection failed"),
        (_OK + b"X: ", b"a" * 65536, "connection failed"),
        (_OK + b"Content-Length: -1\r\n\r\n{}", b"", "no completion"),
        (_OK + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n{}", b"", "no completion"),
        (b"HTTP/1.1 " + b"9" * 50 + b" x\r\n\r\n", b"", "connection failed"),
        (b"HTTP/1.1 503 x\r\nRetry-After: " + b"9" * 5000 + b"\r\nContent-Length: 0\r\n\r\n", b"", "asks to wait"),
        (_OK + b"\r\n" + b'{"choices":[' + b"[]," * 2_000_000 + b"[]]}", b"", "no completion"),
        (b"HTTP/1.1 302 x\r\nLocation: http://me:pw@h/\r\nContent-Length: 0\r\n\r\n", b"", "status 302"),
    ],
)
def test_an_odd_answer_is_one_sentence(first: bytes, again: bytes, said: str) -> None:
    with _server(first, again) as url:
        engine = HttpEngine(url, "m", concurrency=1, timeout=1.5, retries=0)
        with pytest.raises(InputError, match=said) as raised:
            engine.generate([Request("prompt", "question 1")], GenerationSettings(max_new_tokens=5))
    assert "pw@" not in str(raised.value)
