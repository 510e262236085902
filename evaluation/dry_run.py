"""What an evaluation would ask, and of which engine, without asking: for a look before hours of an NPU are spent."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from core.config import kit_path
from core.text.records import Record
from evaluation.checkpoints import targets
from evaluation.job import Job
from evaluation.predictor import Predictor
from evaluation.requests import Ask
from inference.ascend.engine import weighing_settings
from inference.ascend.pool import command
from inference.engines import ascend_settings, engine_name
from inference.prompt_fit import PromptRoom


def planned(job: Job, records: Sequence[Record], ask: Ask) -> str:
    """Return as YAML: the engine and what it is set up with, the questions, the prompts' lengths, the first prompt.

    Args:
        job: the command, with a run and its configuration.
        records: the questions, as they are put.
        ask: how they are put.

    Raises:
        InputError: a record that cannot be rendered, a checkpoint that is not there.
    """
    run, config = job.run, job.config
    assert run is not None
    assert config is not None
    predictor = Predictor(config, run)
    engine = engine_name(config)
    said: dict[str, Any] = {"engine": engine}
    if engine == "http":
        said["server"] = config.eval.http.model_dump(mode="json")
    else:
        said["checkpoints"] = {target.name: str(target.path) for target in targets(job.options.ckpt, run, config)}
    if engine == "mindformers_ascend":
        if config.machine.workers > 1:
            said["command"] = " ".join(command(config, Path("JOB")))
        settings = ascend_settings(config)
        said["llama_config"] = weighing_settings(settings) if ask.mode == "loglikelihood" else settings
    said["prompt"] = predictor.prompt(job.kind).name
    said["decoding"] = predictor.decoding(job.kind).model_dump(mode="json")
    said.update(ask.settings())
    render = predictor.renderer(job.kind, ask)
    prompts = [render(record) for record in records]
    said["questions"] = len(prompts)
    said["characters"] = _spread([len(prompt) for prompt in prompts])
    if kit_path(config.model.tokenizer.file).is_file():
        room = PromptRoom(predictor.tokenizer, config.model.max_length, config.model.vocab_size)
        room.prompt = predictor.prompt(job.kind)
        said["tokens"] = _spread([room.count(prompt) for prompt in prompts])
        said["cut_to_fit"] = sum(room.overlong(prompts, predictor.decoding(job.kind).max_new_tokens))
    said["first_prompt"] = prompts[0]
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=120).rstrip()


def _spread(numbers: Sequence[int]) -> dict[str, float]:
    return {"shortest": min(numbers), "median": median(numbers), "longest": max(numbers)}
