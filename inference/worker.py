"""One worker of `inference.pool`: answers its share of a job's questions. Started by msrun, not by hand."""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import json
from collections.abc import Sequence

from core.config import kit_path, load_run
from core.errors import run_command
from core.files import read_json
from core.processes import die_with_parent
from core.prompts import Prompt
from core.tokenizers import load_tokenizer
from inference.build import single_engine
from inference.engine import Completion
from inference.pool import share
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
    config, job = load_run(folder / "config.yaml"), read_json(folder / "job.json")
    model = config.model
    tokenizer = load_tokenizer(
        model.tokenizer.kind,
        kit_path(model.tokenizer.file),
        model.bos_token_id,
        model.eos_token_id,
        model.pad_token_id,
    )
    prompts, names = job["prompts"], job["names"]
    mine = share([len(prompt) for prompt in prompts], rank, count)
    if not mine:
        return 0
    engine = single_engine(config, Path(job["checkpoint"]), tokenizer)
    if job["prompt"] is not None:
        engine.use(Prompt.model_validate(job["prompt"]))
    with (folder / f"answers_{rank}.jsonl").open("w", encoding="utf-8", errors="replace") as out:

        def on_done(index: int, answer: Completion) -> None:
            out.write(json.dumps({"index": mine[index], **vars(answer)}, ensure_ascii=False) + "\n")
            out.flush()

        engine.generate(
            [prompts[index] for index in mine],
            job["max_new_tokens"],
            job["min_new_tokens"],
            job["stop"],
            on_done,
            Sampling(**job["sampling"]),
            [names[index] for index in mine],
        )
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
