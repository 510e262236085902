"""From a run's checkpoint, or a server, to a predictions file: the engine, the prompt and the limits of the run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ckpt_tools.formats.index import whole
from core.config import model_tokenizer
from core.errors import InputError
from core.files import read_json, sha256_text
from core.run_folder import RunFolder
from core.schema import DecodingConfig, RunConfig
from core.text.prompts import Prompt, first_difference
from core.text.records import Record
from core.text.tokenizers import Tokenizer
from evaluation.checkpoints import Target, targets
from evaluation.predict import MakeEngine, predict, predict_options
from evaluation.requests import Ask, answer_gap
from inference.engine import Engine
from inference.engines import LocalEngine, engine_name, http_engine, local_engine
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
        InputError: as `evaluation.checkpoints.targets` and `Predictor.predict`.
    """
    if config.eval.engine == "http":
        raise InputError("eval.engine is http: the server has its checkpoint; give --server and --model, not --ckpt")
    found = targets(words, run, config)
    predictor = Predictor(config, run)
    decoding = predictor.decoding(kind)
    for target in found:
        name = target.name
        if not (standard and target.of_run):
            name = f"{name}-{_mark(records, ask, _fingerprint(target.path), decoding)}"
        yield target, predictor.predict(target, records, kind, run.predictions / f"{kind}_{name}.jsonl", ask)


def predict_served(
    config: RunConfig, run: RunFolder, records: Sequence[Record], kind: Kind, ask: Ask | None = None
) -> tuple[Target, Path]:
    """Return what a server (`eval.http`) answered: its model's name and the predictions file in the run folder.

    Raises:
        InputError: as `Predictor.predict_served`.
    """
    server, predictor = config.eval.http, Predictor(config, run)
    name = re.sub(r"[^\w.-]+", "_", server.model) or "served"
    mark = _mark(records, ask, server.url, predictor.decoding(kind))
    path = run.predictions / f"{kind}_{name}-{mark}.jsonl"
    return Target(name, path, of_run=False), predictor.predict_served(records, kind, path, ask)


def _mark(records: Sequence[Record], ask: Ask | None, model: str, decoding: DecodingConfig) -> str:
    """Return the mode and eight characters that stand for questions, how they are asked and decoded, and the model."""
    asked = [f"{record.id} {record.question}" for record in records]
    ask = ask or Ask()
    how = str(sorted(ask.settings().items())) + decoding.model_dump_json()
    mark = sha256_text("\n".join([*asked, how, model]))[:8]
    return mark if ask.mode == "generate" else f"{ask.mode}-{mark}"


def _spaced(ask: Ask, gap: str) -> Callable[[Record], tuple[Sequence[str], Sequence[str]]]:
    """Return `Ask.options` with a gap before each continuation."""

    def options(record: Record) -> tuple[Sequence[str], Sequence[str]]:
        continuations, answers = ask.options(record)
        return [gap + continuation for continuation in continuations], answers

    return options


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
        model = {"checkpoint": whole(target.path).name, "checkpoint_sha256": _fingerprint(target.path)}
        prompt = self.prompt(kind)
        return self._predict(records, kind, path, ask or Ask(), model, lambda: self._ready(target.path, prompt))

    def predict_served(self, records: Sequence[Record], kind: Kind, path: Path, ask: Ask | None = None) -> Path:
        """Let the server of the configuration answer what is not yet answered; return `path`.

        Raises:
            InputError: no address or model name, the server fails or cannot do what is asked.
        """
        server = self.config.eval.http
        engine = http_engine(self.config, self.prompt(kind), lambda: self.tokenizer)
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
        prompt, decoding = self.prompt(kind), self.decoding(kind)
        self._check_prompt(prompt, "squad" if kind == "squad" else self.config.task)
        settings = {
            **model,
            "prompt": prompt.name,
            "prompt_sha256": prompt.sha256,
            "engine": engine_name(self.config),
            "max_length": self.config.model.max_length,
            **ask.settings(),
        }
        render = self.renderer(kind, ask)
        if ask.mode == "loglikelihood":
            gap = self._gap()
            if gap:
                settings["gap"] = gap
            return predict_options(records, render, engine, path, settings, _spaced(ask, gap))
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

    def _gap(self) -> str:
        """Return what a server that tokenises text must be sent between prompt and answer, to see what training saw."""
        is_text = engine_name(self.config) == "http" and self.config.eval.http.prompts == "text"
        return answer_gap(self.tokenizer) if is_text else ""

    def renderer(self, kind: Kind, ask: Ask) -> Callable[[Record], str]:
        """Return what turns a question into the text that precedes its answer."""
        gap = answer_gap(self.tokenizer) if ask.shots else ""
        return lambda record: ask.render(self.prompt(kind), record, gap)

    def prompt(self, kind: Kind) -> Prompt:
        """Return the prompt of an evaluation."""
        return self.config.squad_prompt if kind == "squad" else self.config.prompt

    def decoding(self, kind: Kind) -> DecodingConfig:
        """Return the decoding of an evaluation."""
        return self.config.eval.squad if kind == "squad" else self.config.eval.accuracy

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return model_tokenizer(self.config.model)

    def _ready(self, checkpoint: Path, prompt: Prompt) -> Engine:
        if self._engine is None:
            self._engine = local_engine(self.config, checkpoint, self.tokenizer, self.run.predictions / ".workers")
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


def _fingerprint(checkpoint: Path) -> str:
    """Return `ckpt_tools.formats.sharded.fingerprint`, which imports numpy, of a checkpoint."""
    from ckpt_tools.formats.sharded import fingerprint

    return fingerprint(checkpoint)
