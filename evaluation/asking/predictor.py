"""From a run's checkpoint, or a server, to a predictions file: the engine, the prompt and the limits of the run."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from ckpt_tools.formats.index import whole
from core.audit import trained_prompt
from core.config import run_tokenizer
from core.errors import InputError
from core.files import read_json, sha256_text
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.schema_evaluation import DecodingConfig
from core.text.prompts import Prompt, answer_end, first_difference
from core.text.records import Record
from core.text.tokenizers import Tokenizer
from evaluation.answers.prediction_log import FORMER, settings_path
from evaluation.asking.predict import MakeEngine, predict, predict_options
from evaluation.asking.requests import RequestSettings, target_delimiter
from evaluation.command_line.checkpoints import Checkpoint, find_checkpoints
from inference.engine import Engine, GenerationSettings
from inference.engines import LocalEngine, engine_kind, local_engine, local_kind, served_kind
from inference.sampling import Sampling

Kind = Literal["squad", "accuracy"]


def predict_all(
    words: Sequence[str],
    config: RunConfig,
    run: RunFolder,
    records: Sequence[Record],
    kind: Kind,
    standard: bool,
    how: RequestSettings | None = None,
) -> Iterator[tuple[Checkpoint, Path]]:
    """Yield (checkpoint, predictions file) of what a user named after --ckpt, answered one after another.

    With `standard`, the run's own questions are asked and its own checkpoints' answers go to
    predictions/KIND_NAME.jsonl; all others have names that tell checkpoint and questions, and touch none of these.

    Raises:
        InputError: as `evaluation.command_line.checkpoints.find_checkpoints` and `Predictor.predict`.
    """
    local_kind(config)
    found = find_checkpoints(words, run, config)
    predictor = Predictor(config, run)
    decoding = predictor.decoding(kind)
    for checkpoint in found:
        name = checkpoint.name
        if not (standard and checkpoint.of_run):
            name = f"{name}-{_mark(records, how, _fingerprint(checkpoint.path), decoding)}"
        yield checkpoint, predictor.predict(checkpoint, records, kind, run.predictions / f"{kind}_{name}.jsonl", how)


def predict_served(
    config: RunConfig, run: RunFolder, records: Sequence[Record], kind: Kind, how: RequestSettings | None = None
) -> tuple[Checkpoint, Path]:
    """Return what a server (`eval.http`) answered: its model's name and the predictions file in the run folder.

    Raises:
        InputError: as `Predictor.predict_served`.
    """
    server, predictor = config.eval.http, Predictor(config, run)
    name = re.sub(r"[^\w.-]+", "_", server.model) or "served"
    mark = _mark(records, how, server.url, predictor.decoding(kind))
    path = run.predictions / f"{kind}_{name}-{mark}.jsonl"
    return Checkpoint(name, path, of_run=False), predictor.predict_served(records, kind, path, how)


def _mark(records: Sequence[Record], how: RequestSettings | None, model: str, decoding: DecodingConfig) -> str:
    """Return the mode and eight characters that stand for questions, how they are asked and decoded, and the model."""
    asked = [f"{record.id} {record.question}" for record in records]
    how = how or RequestSettings()
    # Under their former names, so that the files of answers that were given before keep their names.
    said = {FORMER.get(name, name): value for name, value in how.settings().items()}
    mark = sha256_text("\n".join([*asked, str(sorted(said.items())) + decoding.model_dump_json(), model]))[:8]
    return mark if how.mode == "generate" else f"{how.mode}-{mark}"


def _delimited(how: RequestSettings, delimiter: str) -> Callable[[Record], tuple[Sequence[str], Sequence[str]]]:
    """Return `RequestSettings.options` with the delimiter before each continuation."""

    def options(record: Record) -> tuple[Sequence[str], Sequence[str]]:
        continuations, answers = how.options(record)
        return [delimiter + continuation for continuation in continuations], answers

    return options


def _generation(decoding: DecodingConfig, prompt: Prompt) -> GenerationSettings:
    """Return how answers are generated: as configured, and never beyond the `answer_end` of the prompt."""
    end = answer_end(prompt).rstrip("\n")
    return GenerationSettings(
        decoding.max_new_tokens,
        decoding.min_new_tokens,
        (*((end,) if end.strip() else ()), *decoding.stop),
        Sampling(decoding.temperature, decoding.top_k, decoding.top_p, decoding.seed),
        decoding.copy_marks,
    )


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
        self,
        checkpoint: Checkpoint,
        records: Sequence[Record],
        kind: Kind,
        path: Path,
        how: RequestSettings | None = None,
    ) -> Path:
        """Answer what is not yet answered in the predictions file `path`; return it.

        Raises:
            InputError: the checkpoint does not fit the model, or the prompt is not the one that was trained with.
        """
        model = {"checkpoint": whole(checkpoint.path).name, "checkpoint_sha256": _fingerprint(checkpoint.path)}
        prompt = self.prompt(kind)
        return self._predict(
            records, kind, path, how or RequestSettings(), model, lambda: self._ready(checkpoint.path, prompt)
        )

    def predict_served(
        self, records: Sequence[Record], kind: Kind, path: Path, how: RequestSettings | None = None
    ) -> Path:
        """Let the server of the configuration answer what is not yet answered; return `path`.

        Raises:
            InputError: no address or model name, the server fails or cannot do what is asked.
        """
        served, how = served_kind(self.config), how or RequestSettings()
        known = read_json(settings_path(path)) if settings_path(path).is_file() else {}
        config: RunConfig | None = served.settled(self.config, known, how.mode == "loglikelihood")
        while config is not None:
            asked, asking = config, Predictor(config, self.run)
            engine = served.build(config, self.prompt(kind), lambda: self.tokenizer)
            try:
                return asking._predict(records, kind, path, how, served.model(config), engine)
            except InputError as error:
                nothing_yet = path.is_file() and not path.stat().st_size
                config = served.otherwise(self.config, asked, error) if nothing_yet else None
                if config is None:
                    raise
        raise AssertionError("unreachable")

    def _predict(
        self,
        records: Sequence[Record],
        kind: Kind,
        path: Path,
        how: RequestSettings,
        model: Mapping[str, Any],
        engine: MakeEngine,
    ) -> Path:
        prompt, decoding = self.prompt(kind), self.decoding(kind)
        self._check_prompt(prompt, "squad" if kind == "squad" else self.config.task)
        settings = {
            **model,
            "prompt": prompt.name,
            "prompt_sha256": prompt.sha256,
            "engine": engine_kind(self.config).label,
            "max_length": self.config.model.max_length,
            **how.settings(),
        }
        render = self.renderer(kind, how)
        if how.mode == "loglikelihood":
            delimiter = self._delimiter()
            if delimiter:
                settings["target_delimiter"] = delimiter
            return predict_options(records, render, engine, path, settings, _delimited(how, delimiter))
        return predict(records, render, engine, path, settings, _generation(decoding, prompt))

    def _delimiter(self) -> str:
        """Return what a server that tokenises text must be sent between prompt and answer, to see what training saw."""
        return target_delimiter(self.tokenizer) if engine_kind(self.config).sends_text(self.config) else ""

    def renderer(self, kind: Kind, how: RequestSettings) -> Callable[[Record], str]:
        """Return what turns a question into the text that precedes its answer."""
        delimiter = target_delimiter(self.tokenizer) if how.few_shot else ""
        return lambda record: how.render(self.prompt(kind), record, delimiter)

    def prompt(self, kind: Kind) -> Prompt:
        """Return the prompt of an evaluation."""
        return self.config.squad_prompt if kind == "squad" else self.config.prompt

    def decoding(self, kind: Kind) -> DecodingConfig:
        """Return the decoding of an evaluation."""
        return self.config.eval.squad if kind == "squad" else self.config.eval.accuracy

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's tokenizer."""
        return run_tokenizer(self.config)

    def _ready(self, checkpoint: Path, prompt: Prompt) -> Engine:
        if self._engine is None:
            self._engine = local_engine(self.config, checkpoint, self.tokenizer, self.run.predictions / ".workers")
        else:
            self._engine.load(checkpoint)
        self._engine.use(prompt)
        return self._engine

    def _check_prompt(self, prompt: Prompt, task: str) -> None:
        """Stop where the run was trained with another prompt than it would now be asked with."""
        audit = self.run.audit
        if not audit.is_file():
            return
        trained = trained_prompt(audit, task)
        if trained and trained["sha256"] != prompt.sha256:
            raise InputError(
                f"{self.run.path / 'run.yaml'}: the {task} prompt is not the one that the training data were made "
                f"with ({first_difference(trained['template'], prompt.chat_template or prompt.template)})"
            )


def _fingerprint(checkpoint: Path) -> str:
    """Return `ckpt_tools.formats.sharded.fingerprint`, which imports numpy, of a checkpoint."""
    from ckpt_tools.formats.sharded import fingerprint

    return fingerprint(checkpoint)
