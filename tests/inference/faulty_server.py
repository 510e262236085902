"""A completions server for tests, run as a process: answers, and misbehaves as the prompt tells it to.

A prompt `FAULT:COUNT:rest` meets the fault on its first COUNT requests. The completion of `rest` is `<rest>`.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    seen: dict[str, int] = {}
    running = 0
    most = 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        self._send(200, {"most": Handler.most, "seen": Handler.seen})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["prompt"]
        with Handler.lock:
            Handler.running += 1
            Handler.most = max(Handler.most, Handler.running)
            Handler.seen[prompt] = Handler.seen.get(prompt, 0) + 1
            number = Handler.seen[prompt]
        try:
            fault, count, rest = prompt.split(":", 2) if prompt.count(":") >= 2 else ("", "0", prompt)
            self._answer(fault if number <= int(count) else "", rest, body)
        finally:
            with Handler.lock:
                Handler.running -= 1

    def _answer(self, fault: str, rest: str, body: dict[str, Any]) -> None:
        whole = json.dumps({"choices": [{"text": f"<{rest}>"}], "usage": {"completion_tokens": 3}}).encode()
        if fault in ("500", "400"):
            self._send(int(fault), {"error": "no such thing"})
        elif fault == "garbage":
            self._raw(200, b"<html>gateway</html>", 20)
        elif fault == "list":
            self._send(200, [1, 2])
        elif fault == "cut":
            self._raw(200, whole[:20], len(whole))
            self.connection.shutdown(socket.SHUT_RDWR)
        elif fault == "hang":
            time.sleep(3)
        elif fault == "drip":
            self._raw(200, b"", len(whole))
            for at in range(len(whole)):
                self.wfile.write(whole[at : at + 1])
                time.sleep(0.2)
        elif fault == "headers":
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 100:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        elif fault == "wait":
            time.sleep(0.3)
            self._raw(200, whole, len(whole))
        elif body.get("echo"):
            text = body["prompt"] + "!"
            marks = {"text_offset": list(range(len(text))), "token_logprobs": [None] + [-0.5] * (len(text) - 1)}
            self._send(200, {"choices": [{"text": text, "logprobs": marks}]})
        else:
            self._raw(200, whole, len(whole))

    def _send(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self._raw(status, data, len(data))

    def _raw(self, status: int, data: bytes, length: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    sys.stdout.close()
    server.serve_forever()
