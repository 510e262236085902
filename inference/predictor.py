"""From a run's checkpoint, or a server, to a predictions file: the engine, the prompt and the limits of the run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from core.config import kit_path
from core.errors import InputError
from core.evaluation import Target, targets
from core.files import read_json, sha256_file, sha256_text
from core.prompts import Prompt, first_difference
from core.records import Record
from core.run_folder import RunFolder
from core.schema import DecodingConfig, RunConfig
from core.tokenizers import Tokenizer, load_tokenizer
from inference.asking import Ask, answer_gap
from inference.build import LocalEngine, engine_name, http_engine, local_engine
from inference.engine import Engine
from inference.predict import MakeEngine, predict, predict_options
from inference.sampling import Sampling

Kind = Literal["squad", "accuracy"]


def predict_all(
    words: Sequence[str],
    config: RunConfig,
    run: RunFolder,
    records: Sequence[Record],
    kind: Kind,
    standard: bool,
    ask: Ask | None = None,
) -> Iterator[tuple[Target, Path]]:
    """Yield (checkpoint, predictions file) of what a user named after --ckpt, answered one after another.

    With `standard`, the run's own questions are asked and its own checkpoints' answers go to
    predictions/KIND_NAME.jsonl; all others have names that tell checkpoint and questions, and touch none of these.

    Raises:
        InputError: as `core.evaluation.targets` and `Predictor.predict`.
    """
    if config.eval.engine == "http":
        raise InputError("eval.engine is http: the server has its checkpoint; give --server and --model, not --ckpt")
    found = targets(words, run, config)
    predictor = Predictor(config, run)
    for target in found:
        name = target.name
        if not (standard and target.of_run):
            name = f"{name}-{_mark(records, ask, sha256_file(target.path))}"
        yield target, predictor.predict(target, records, kind, run.predictions / f"{kind}_{name}.jsonl", ask)


def predict_served(
    config: RunConfig, run: RunFolder, records: Sequence[Record], kind: Kind, ask: Ask | None = None
) -> tuple[Target, Path]:
    """Return what a server (`eval.http`) answered: its model's name and the predictions file in the run folder.

    Raises:
        InputError: as `Predictor.predict_served`.
    """
    server = config.eval.http
    name = re.sub(r"[^\w.-]+", "_", server.model) or "served"
    path = run.predictions / f"{kind}_{name}-{_mark(records, ask, server.url)}.jsonl"
    return Target(name, path, of_run=False), Predictor(config, run).predict_served(records, kind, path, ask)


def _mark(records: Sequence[Record], ask: Ask | None, model: str) -> str:
    """Return eight characters that stand for questions, how they are asked, and the model."""
    asked = [f"{record.id} {record.question}" for record in records]
    return sha256_text("\n".join([*asked, str(sorted((ask or Ask()).settings().items())), model]))[:8]


class Predictor:
    """Answers questions with one checkpoint of a run after another; the network is compiled once.

    Args:
        config: the run's configuration.
        run: the run folder.
    """

    def __init__(self, config: RunConfig, run: RunFolder) -> None:
        self.config, self.run = config, run
        self._engine: LocalEngine | None = None

    def predict(
        self, target: Target, records: Sequence[Record], kind: Kind, path: Path, ask: Ask | None = None
    ) -> Path:
        """Answer what is not yet answered in the predictions file `path`; return it.

        Raises:
            InputError: the checkpoint does not fit the model, or the prompt is not the one that was trained with.
        """
        model = {"checkpoint": target.path.name, "checkpoint_sha256": sha256_file(target.path)}
        prompt = self._prompt(kind)
        return self._predict(records, kind, path, ask or Ask(), model, lambda: self._ready(target.path, prompt))

    def predict_served(self, records: Sequence[Record], kind: Kind, path: Path, ask: Ask | None = None) -> Path:
        """Let the server of the configuration answer what is not yet answered; return `path`.

        Raises:
            InputError: no address or model name, the server fails or cannot do what is asked.
        """
        server = self.config.eval.http
        engine = http_engine(self.config, self._prompt(kind), lambda: self._tokenizer)
        model = {"url": engine.url, "model": server.model, "prompts": server.prompts}
        return self._predict(records, kind, path, ask or Ask(), model, engine)

    def _predict(
        self,
        records: Sequence[Record],
        kind: Kind,
        path: Path,
        ask: Ask,
        model: Mapping[str, Any],
        engine: MakeEngine,
    ) -> Path:
        prompt, decoding = self._prompt(kind), self._decoding(kind)
        self._check_prompt(prompt, "squad" if kind == "squad" else self.config.task)
        settings = {
            **model,
            "prompt": prompt.name,
            "prompt_sha256": prompt.sha256,
            "engine": engine_name(self.config),
            "max_length": self.config.model.max_length,
            **ask.settings(),
        }
        gap = answer_gap(self._tokenizer) if ask.shots else ""

        def render(record: Record) -> str:
            return ask.render(prompt, record, gap)

        if ask.mode == "loglikelihood":
            return predict_options(records, render, engine, path, settings, ask.options)
        end = prompt.answer_end.rstrip("\n")
        return predict(
            records,
            render,
            engine,
            path,
            settings,
            decoding.max_new_tokens,
            decoding.min_new_tokens,
            [*([end] if end.strip() else []), *decoding.stop],
            Sampling(decoding.temperature, decoding.top_k, decoding.top_p, decoding.seed),
        )

    def _prompt(self, kind: Kind) -> Prompt:
        return self.config.squad_prompt if kind == "squad" else self.config.prompt

    def _decoding(self, kind: Kind) -> DecodingConfig:
        return self.config.eval.squad if kind == "squad" else self.config.eval.accuracy

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        model = self.config.model
        file = kit_path(model.tokenizer.file)
        return load_tokenizer(model.tokenizer.kind, file, model.bos_token_id, model.eos_token_id, model.pad_token_id)

    def _ready(self, checkpoint: Path, prompt: Prompt) -> Engine:
        if self._engine is None:
            self._engine = local_engine(self.config, checkpoint, self._tokenizer)
        else:
            self._engine.load(checkpoint)
        self._engine.use(prompt)
        return self._engine

    def _check_prompt(self, prompt: Prompt, task: str) -> None:
        """Stop where the run was trained with another prompt than it would now be asked with."""
        audit = self.run.data / "audit.json"
        if not audit.is_file():
            return
        trained = read_json(audit)["prompts"].get(task)
        if trained and trained["sha256"] != prompt.sha256:
            raise InputError(
                f"{self.run.path / 'run.yaml'}: the {task} prompt is not the one that the training data were made "
                f"with ({first_difference(trained['template'], prompt.template)})"
            )
