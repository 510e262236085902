"""What an evaluation would ask, and of which engine, without asking: for a look before hours of an NPU are spent."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

import yaml

from core.config import kit_path
from core.text.records import Record
from evaluation.asking.predictor import Predictor
from evaluation.asking.requests import RequestSettings
from evaluation.command_line.checkpoints import find_checkpoints
from evaluation.command_line.evaluation import Evaluation
from inference.engines import LocalEngineKind, engine_kind
from inference.prompt_fit import PromptFit


def planned(evaluation: Evaluation, records: Sequence[Record], how: RequestSettings) -> str:
    """Return as YAML: the engine and what it is set up with, the questions, the prompts' lengths, the first prompt.

    Args:
        evaluation: the command, with a run and its configuration.
        records: the questions, as they are put.
        how: how they are put.

    Raises:
        InputError: a record that cannot be rendered, a checkpoint that is not there.
    """
    run, config = evaluation.run, evaluation.config
    assert run is not None
    assert config is not None
    predictor = Predictor(config, run)
    kind = engine_kind(config)
    said: dict[str, Any] = {"engine": kind.label}
    if isinstance(kind, LocalEngineKind):
        found = find_checkpoints(evaluation.arguments.ckpt, run, config)
        said["checkpoints"] = {checkpoint.name: str(checkpoint.path) for checkpoint in found}
    said.update(kind.plan(config, scoring=how.mode == "loglikelihood"))
    said["prompt"] = predictor.prompt(evaluation.kind).name
    said["decoding"] = predictor.decoding(evaluation.kind).model_dump(mode="json")
    said.update(how.settings())
    render = predictor.renderer(evaluation.kind, how)
    prompts = [render(record) for record in records]
    said["questions"] = len(prompts)
    said["characters"] = _spread([len(prompt) for prompt in prompts])
    if kit_path(config.model.tokenizer.file).is_file():
        fit = PromptFit(predictor.tokenizer, config.model.max_length, config.model.vocab_size)
        fit.prompt = predictor.prompt(evaluation.kind)
        said["tokens"] = _spread([fit.count(prompt) for prompt in prompts])
        said["cut_to_fit"] = sum(fit.overlong(prompts, predictor.decoding(evaluation.kind).max_new_tokens))
    said["first_prompt"] = str(prompts[0])
    return yaml.safe_dump(said, allow_unicode=True, sort_keys=False, width=120).rstrip()


def _spread(numbers: Sequence[int]) -> dict[str, float]:
    return {"shortest": min(numbers), "median": median(numbers), "longest": max(numbers)}
