"""Several workers under msrun, one an NPU, each with the whole model and a share of the questions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backend.host import PORT_OF_SEVERAL_HOSTS, reserved_port, room
from backend.launch import exit_codes, last_error, new_rows, running
from core.config import dump
from core.errors import KitError
from core.files import make_folder, remove_folder, write_json, write_text
from core.models import total_parameters
from core.progress import say
from core.schema import RunConfig
from core.text.prompts import Prompt
from core.text.rendered import parts_of
from core.text.tokenizers import Tokenizer
from inference.engine import Completion, GenerationSettings, OnDone, OnScored, Request
from inference.prompt_fit import PromptFit

_WORKER = Path(__file__).with_name("worker.py")
_POLL_SECONDS = 0.2
# What MindSpore takes besides the model, and what a weight does, on the CPU.
_WORKER_BYTES, _BYTES_OF_A_WEIGHT = 800_000_000, 4


def command(config: RunConfig, folder: Path, port: int | None = None) -> list[str]:
    """Return the msrun command that starts a machine's workers on the call in `folder`.

    The scheduler's port is the machine's where it is None, and what MindSpore takes by itself where none is set.

    The workers do not talk to each other: msrun starts them, gives each its RANK_ID and DEVICE_ID and ends them.
    """
    machine = config.machine
    return [
        "msrun",
        f"--worker_num={machine.workers}",
        f"--local_worker_num={machine.workers}",
        f"--master_port={port or machine.master_port or PORT_OF_SEVERAL_HOSTS}",
        f"--log_dir={folder / 'msrun'}",
        "--join=True",
        str(_WORKER),
        str(folder),
    ]


def _memory_needed(config: RunConfig) -> int:
    """Return about how many bytes of the host's memory the workers take; 0 on NPUs, whose own memory decides."""
    if config.machine.device != "CPU":
        return 0
    return config.machine.workers * (_WORKER_BYTES + 2 * _BYTES_OF_A_WEIGHT * total_parameters(config.model))


def share(prompts: Sequence[str], rank: int, count: int) -> list[int]:
    """Return the questions of one worker: every count-th prompt by length, so that all work as long.

    What is asked several times of the same prompt stays with one worker.
    """
    mine = set(sorted(dict.fromkeys(prompts), key=len)[rank::count])
    return [index for index, prompt in enumerate(prompts) if prompt in mine]


def _row(request: Request) -> dict[str, Any]:
    """Return a request as plain data; of its prompt, which of its text is the template's own is told too."""
    parts = [list(part) for part in parts_of(request.prompt)]
    return {"name": request.name, "parts": parts, "continuation": request.continuation}


class WorkerPool:
    """An `Engine` that lets `machine.workers` processes answer, each of them with an engine of its own.

    Args:
        config: says which engine, and how many workers.
        checkpoint: the weights.
        tokenizer: of the model.
        folder: for what is asked, the answers and the workers' logs; emptied for every call.

    Raises:
        KitError: while generating: a worker failed. What was finished before has been handed to `on_done`.
    """

    def __init__(self, config: RunConfig, checkpoint: Path, tokenizer: Tokenizer, folder: Path) -> None:
        self._config, self._checkpoint, self._folder = config, checkpoint, folder
        self._fit = PromptFit(tokenizer, config.model.max_length, config.model.vocab_size)

    def load(self, checkpoint: Path) -> None:
        """Take another checkpoint of the same model for the next call."""
        self._checkpoint = checkpoint

    def use(self, prompt: Prompt) -> None:
        """Tokenise prompts as this template's from now on, with its special tokens and BOS."""
        self._fit.prompt = prompt

    def generate(
        self, requests: Sequence[Request], settings: GenerationSettings, on_done: OnDone | None = None
    ) -> list[Completion]:
        """Continue each prompt; see `Engine.generate`."""
        found: dict[int, Completion] = {}
        for row in self._answers(requests, settings):
            found[row["index"]] = Completion(row["text"], row["tokens"], row["seconds"])
            if on_done is not None:
                on_done(row["index"], found[row["index"]])
        return [found[index] for index in range(len(requests))]

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        """Return the log-likelihood of each continuation; see `Engine.loglikelihood`."""
        found: dict[int, float] = {}
        for row in self._answers(requests, None):
            found[row["index"]] = row["loglikelihood"]
            if on_done is not None:
                on_done(row["index"], row["loglikelihood"])
        return [found[index] for index in range(len(requests))]

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """See `Engine.overlong`."""
        return self._fit.overlong(prompts, new_tokens)

    def _answers(self, requests: Sequence[Request], settings: GenerationSettings | None) -> Iterator[Any]:
        """Start the workers and yield the rows they write; without settings these are log-likelihoods."""
        if not requests:
            return
        remove_folder(self._folder)
        write_text(self._folder / "config.yaml", dump(self._config))
        prompt = self._fit.prompt
        call = {
            "checkpoint": str(self._checkpoint.resolve()),
            "prompt": None if prompt is None else prompt.model_dump(mode="json"),
            "requests": [_row(request) for request in requests],
            "settings": None if settings is None else asdict(settings),
        }
        write_json(self._folder / "call.json", call)
        read = [0] * self._config.machine.workers
        logs = self._folder / "msrun"
        make_folder(logs)
        with (
            reserved_port(self._config.machine) as port,
            room(_memory_needed(self._config), "workers") as started,
            running(command(self._config, self._folder, port), logs) as process,
        ):
            say(f"{len(read)} workers are running; their logs are in {logs}")
            ended = False
            while not ended:
                died = bool(exit_codes(logs))
                ended = died or process.poll() is not None
                for rank in range(len(read)):
                    read[rank], rows = new_rows(self._folder / f"answers_{rank}.jsonl", read[rank])
                    if rows:
                        started()
                    yield from rows
                if not ended:
                    time.sleep(_POLL_SECONDS)
        if died or process.returncode:
            raise KitError(
                f"a worker stopped: {last_error(logs)}; the workers' logs are in {logs}. "
                "Answers so far are saved: run the same command again to resume"
            )
