"""A completions server for tests, run as a process: answers, and misbehaves as the prompt tells it to.

A prompt `FAULT:COUNT:rest` meets the fault on its first COUNT requests. The completion of `rest` is `<rest>`. A token
is a character; with `echo` the log-probability of every character but the first is -0.5. `--answers FILE` gives the
completions of whole prompts instead, `--refuse-echo` a server that cannot weigh options. `--chat only` has no
completions, `--chat always` answers with a chat's message whatever is asked, `--chat newer` has the limit under
another name alone; a prompt with `think` is thought about.
"""

from __future__ import annotations

import argparse
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
    answers: dict[str, str] | None = None
    refuse_echo = False
    chat = ""
    bodies: list[dict[str, Any]] = []
    keys: list[str | None] = []

    def do_GET(self) -> None:
        self._send(200, {"most": Handler.most, "seen": Handler.seen, "bodies": Handler.bodies, "keys": Handler.keys})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        prompt = body["messages"][-1]["content"] if "messages" in body else body["prompt"]
        if isinstance(prompt, list):
            prompt = "".join(map(chr, prompt))
        with Handler.lock:
            Handler.bodies.append(body)
            Handler.keys.append(self.headers.get("Authorization"))
            Handler.running += 1
            Handler.most = max(Handler.most, Handler.running)
            Handler.seen[prompt] = Handler.seen.get(prompt, 0) + 1
            number = Handler.seen[prompt]
        try:
            fault, count, rest = prompt.split(":", 2) if prompt.count(":") >= 2 else ("", "0", prompt)
            if not count.isdigit():
                fault, count, rest = "", "0", prompt
            self._answer(fault if number <= int(count) else "", rest, prompt, body)
        finally:
            with Handler.lock:
                Handler.running -= 1

    def _chat(self, rest: str, prompt: str, body: dict[str, Any]) -> None:
        if not (Handler.chat == "always" or self.path.partition("?")[0].endswith("/chat/completions")):
            self._send(404, {"detail": "Not Found"})
            return
        if Handler.chat == "newer" and "max_tokens" in body:
            told = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            self._send(400, {"error": {"message": told}})
            return
        text = f"<{rest}>" if Handler.answers is None else Handler.answers.get(prompt, "")
        message: dict[str, Any] = {"role": "assistant", "content": text}
        if "think" in prompt:
            message = {"role": "assistant", "content": None if "hard" in prompt else text, "reasoning_content": "Hm."}
        logs = {"content": [{"token": "A", "logprob": -0.1, "top_logprobs": [
            {"token": text, "logprob": value} for text, value in (("A", -2.0), (" B", -0.5), ("B", -1.5), ("So", -3.0))
        ]}]}  # fmt: skip
        usage = {"completion_tokens": 3, "prompt_tokens": len(prompt) + 4}
        self._send(200, {"choices": [{"message": message, "logprobs": logs}], "usage": usage})

    def _answer(self, fault: str, rest: str, prompt: str, body: dict[str, Any]) -> None:
        if Handler.chat:
            self._chat(rest, prompt, body)
            return
        text = f"<{rest}>" if Handler.answers is None else Handler.answers.get(prompt, "")
        usage = {"completion_tokens": 3, "prompt_tokens": len(prompt)}
        whole = json.dumps({"choices": [{"text": text}], "usage": usage}).encode()
        if fault in ("500", "400", "401"):
            self._send(int(fault), {"error": "no such thing"})
        elif fault == "429":
            self._raw(429, b"{}", 2, {"Retry-After": "1"})
        elif fault == "patience":
            self._raw(503, b"{}", 2, {"Retry-After": "3600"})
        elif body.get("echo") and Handler.refuse_echo:
            self._send(400, {"error": "echo is not supported"})
        elif body.get("echo") and fault == "nologprobs":
            self._send(200, {"choices": [{"text": prompt, "logprobs": None}], "usage": usage})
        elif body.get("echo") and fault == "noecho":
            self._send(200, {"choices": [{"text": "!", "logprobs": {"token_logprobs": [-0.5]}}], "usage": usage})
        elif fault == "garbage":
            self._raw(200, b"<html>gateway</html>", 20)
        elif fault == "gibberish":
            self.wfile.write(b"GIBBERISH\r\n\r\n")
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
            marks = {"token_logprobs": [None] + [-0.5] * len(prompt)}
            self._send(200, {"choices": [{"text": prompt + "!", "logprobs": marks}], "usage": usage})
        else:
            self._raw(200, whole, len(whole))

    def _send(self, status: int, value: Any) -> None:
        data = json.dumps(value).encode()
        self._raw(status, data, len(data))

    def _raw(self, status: int, data: bytes, length: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--answers", type=argparse.FileType(encoding="utf-8"))
    parser.add_argument("--refuse-echo", action="store_true")
    parser.add_argument("--chat", choices=("only", "always", "newer"), default="")
    options = parser.parse_args()
    Handler.answers = json.load(options.answers) if options.answers else None
    Handler.refuse_echo, Handler.chat = options.refuse_echo, options.chat
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    sys.stdout.close()
    server.serve_forever()
