"""One worker of `inference.ascend.pool`: answers its share of the questions. Started by msrun, not by hand."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])

import json
from collections.abc import Callable, Mapping, Sequence

from core.config import load_run, run_tokenizer
from core.errors import run_command
from core.files import fresh, read_json
from core.processes import die_with_parent
from core.text.prompts import Prompt
from core.text.rendered import Rendered
from inference.ascend.pool import share
from inference.engine import Engine, GenerationSettings, Request
from inference.engines import local_engine
from inference.sampling import Sampling


def main(argv: Sequence[str]) -> int:
    """Answer this rank's share and append each answer to answers_RANK.jsonl."""
    if os.environ.get("MS_ROLE") == "MS_SCHED":
        return 0  # msrun starts its scheduler with the same script; workers that do not talk need none
    die_with_parent()()
    rank, count = int(os.environ["RANK_ID"]), int(os.environ["MS_WORKER_NUM"])
    # MindSpore would look for the scheduler and for the other workers.
    for name in [name for name in os.environ if name.startswith("MS_") or name in ("RANK_ID", "RANK_SIZE")]:
        del os.environ[name]
    folder = Path(argv[0])
    config, call = load_run(folder / "config.yaml"), read_json(folder / "call.json")
    mine = share([str(_request(row).prompt) for row in call["requests"]], rank, count)
    if not mine:
        return 0
    # For this one process the machine has one worker: the engine is made as on a machine with a single NPU.
    alone = config.model_copy(update={"machine": config.machine.model_copy(update={"workers": 1})})
    engine = local_engine(alone, Path(call["checkpoint"]), run_tokenizer(config), folder)
    if call["prompt"] is not None:
        engine.use(Prompt.model_validate(call["prompt"]))
    with io.TextIOWrapper(fresh(folder / f"answers_{rank}.jsonl"), encoding="utf-8", errors="replace") as out:

        def write(index: int, **fields: Any) -> None:
            out.write(json.dumps({"index": mine[index], **fields}, ensure_ascii=False) + "\n")
            out.flush()

        _answer(engine, call, mine, write)
    return 0


def _request(row: Mapping[str, Any]) -> Request:
    return Request(row["name"], Rendered.from_json(row["parts"]), row["continuation"])


def _answer(engine: Engine, call: Mapping[str, Any], mine: Sequence[int], write: Callable[..., None]) -> None:
    """Answer the questions `mine` of a call; `write` takes the place in `mine` and the fields of each answer."""
    requests = [_request(call["requests"][index]) for index in mine]
    if call["settings"] is None:
        engine.loglikelihood(requests, lambda index, value: write(index, loglikelihood=value))
        return
    settings = GenerationSettings(
        **{
            **call["settings"],
            "stop": tuple(call["settings"]["stop"]),
            "sampling": Sampling(**call["settings"]["sampling"]),
        }
    )
    engine.generate(requests, settings, lambda index, answer: write(index, **vars(answer)))


if __name__ == "__main__":
    sys.exit(run_command(main))
