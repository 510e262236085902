"""A completions server over the practice model, run as a process: OpenAI's interface as far as the kit speaks it.

It takes prompts as text, which it tokenises by itself, and as token ids; `echo` with `logprobs` tells the
log-probability of every token of the prompt but the first. What it samples is decided by the request's seed.
"""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from core.config import kit_path, load_contest, model_tokenizer
from inference.cpu.engine import CpuEngine
from inference.engine import GenerationSettings, Request
from inference.sampling import Sampling


class Model:
    def __init__(self) -> None:
        config = load_contest("practice_math")
        model = config.model
        self.tokenizer = model_tokenizer(model)
        self.engine = CpuEngine(model.model_dump(), kit_path(model.checkpoint), self.tokenizer, 4, 512)
        self.lock = threading.Lock()  # MindSpore's networks are no thread's own

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        prompt = body["prompt"]
        ids = self.tokenizer.encode(prompt) if isinstance(prompt, str) else prompt
        usage = {"prompt_tokens": len(ids)}
        with self.lock:
            if body.get("echo"):
                values = self._logprobs(ids)
                choice = {"text": "", "logprobs": {"token_logprobs": [None, *values, -1.0]}}
            else:
                completion = self._complete(ids, body)
                choice, usage["completion_tokens"] = {"text": completion.text}, completion.tokens
        return {"choices": [choice], "usage": usage}

    def _complete(self, ids: list[int], body: dict[str, Any]) -> Any:
        sampling = Sampling(body["temperature"], body.get("top_k", 0), body.get("top_p", 1.0), body.get("seed", 0))
        stop = tuple(body.get("stop", ()))
        settings = GenerationSettings(body["max_tokens"], body.get("min_tokens", 1), stop, sampling)
        self.engine._fit.ids = lambda *_: ids  # type: ignore[method-assign]
        return self.engine.generate([Request("", "")], settings)[0]

    def _logprobs(self, ids: list[int]) -> list[float]:
        from inference.cpu.cache import Extension, nothing

        networks = self.engine._networks
        logits = Extension(networks, nothing(networks), [ids]).every()[0].astype(np.float64)[:-1]
        top = logits.max(-1, keepdims=True)
        logs = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
        return [float(logs[place, token]) for place, token in enumerate(ids[1:])]


class Handler(BaseHTTPRequestHandler):
    model: Model

    def do_POST(self) -> None:
        data = json.dumps(
            Handler.model.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        ).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        pass


if __name__ == "__main__":
    Handler.model = Model()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()
