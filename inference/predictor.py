"""From a run's checkpoint to a predictions file: the engine, the prompt and the limits that the run states."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from core.config import kit_path
from core.errors import InputError
from core.evaluation import Target, targets
from core.files import read_json, sha256_file, sha256_text
from core.prompts import Prompt, first_difference, render
from core.records import Record
from core.run_folder import RunFolder
from core.schema import RunConfig
from core.tokenizers import load_tokenizer
from finetune.recipe import llama_config
from inference.engine import Engine
from inference.predict import predict

Kind = Literal["squad", "accuracy"]


def predict_all(
    words: Sequence[str], config: RunConfig, run: RunFolder, records: Sequence[Record], kind: Kind, standard: bool
) -> Iterator[tuple[Target, Path]]:
    """Yield (checkpoint, predictions file) of what a user named after --ckpt, answered one after another.

    With `standard`, the run's own questions are asked and its own checkpoints' answers go to
    predictions/KIND_NAME.jsonl; all others have names that tell checkpoint and questions, and touch none of these.

    Raises:
        InputError: as `core.evaluation.targets` and `Predictor.predict`.
    """
    found = targets(words, run, config)
    predictor = Predictor(config, run)
    for target in found:
        name = target.name
        if not (standard and target.of_run):
            asked = sha256_text("\n".join(record.id for record in records) + sha256_file(target.path))
            name = f"{target.name}-{asked[:8]}"
        yield target, predictor.predict(target, records, kind, run.predictions / f"{kind}_{name}.jsonl")


class Predictor:
    """Answers questions with one checkpoint of a run after another; the network is compiled once.

    Args:
        config: the run's configuration.
        run: the run folder.
    """

    def __init__(self, config: RunConfig, run: RunFolder) -> None:
        self.config, self.run = config, run
        self._engine: Any = None

    def predict(self, target: Target, records: Sequence[Record], kind: Kind, path: Path) -> Path:
        """Answer what is not yet answered in the predictions file `path`; return it.

        Raises:
            InputError: the checkpoint does not fit the model, or the prompt is not the one that was trained with.
        """
        prompt = self.config.squad_prompt if kind == "squad" else self.config.prompt
        decoding = self.config.eval.squad if kind == "squad" else self.config.eval.accuracy
        self._check_prompt(prompt, "squad" if kind == "squad" else self.config.task)
        settings = {
            "checkpoint": target.path.name,
            "checkpoint_sha256": sha256_file(target.path),
            "prompt": prompt.name,
            "prompt_sha256": prompt.sha256,
            "engine": "mindspore_cpu" if self.config.machine.device == "CPU" else "mindformers_ascend",
            "decoding": "greedy",
            "max_length": self.config.model.max_length,
        }

        def engine() -> Engine:
            return self._ready(target.path, prompt)

        stop = [prompt.answer_end.rstrip("\n")] if prompt.answer_end.strip() else []
        return predict(
            records,
            lambda record: render(prompt, record),
            engine,
            path,
            settings,
            decoding.max_new_tokens,
            decoding.min_new_tokens,
            stop,
        )

    def _ready(self, checkpoint: Path, prompt: Prompt) -> Engine:
        if self._engine is None:
            self._engine = self._make(checkpoint)
        else:
            self._engine.load(checkpoint)
        self._engine.bos = prompt.bos
        engine: Engine = self._engine
        return engine

    def _make(self, checkpoint: Path) -> Any:
        model = self.config.model
        tokenizer = load_tokenizer(
            model.tokenizer.kind,
            kit_path(model.tokenizer.file),
            model.bos_token_id,
            model.eos_token_id,
            model.pad_token_id,
        )
        batch_size = self.config.eval.batch_size
        if self.config.machine.device == "Ascend":
            from inference.mindformers_ascend import AscendEngine

            settings = llama_config(model, model.max_length, self.config.machine)
            del settings["type"]
            return AscendEngine(settings, checkpoint, tokenizer, batch_size, model.max_length)
        from inference.mindspore_cpu import MindSporeEngine

        return MindSporeEngine(model.model_dump(), checkpoint, tokenizer, batch_size, model.max_length)

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
