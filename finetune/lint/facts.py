"""What checks are asked about: a training's YAML, what is known beside it, and what follows from both."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from backend.versions import Version, numbers, serving
from core.errors import InputError
from core.schedule import steps_per_epoch, total_steps
from core.schema import ModelConfig
from finetune.lint.settings import Settings

GB = 1 << 30


@dataclass(frozen=True)
class Rows:
    """What is known of MindRecord rows; what is not known is None.

    Attributes:
        count: rows; width: places of a row; columns: of the file.
        highest: highest id; with_bos, with_eos, unlearned, cut: shares (0 to 1) of the rows that begin with BOS, whose
            learned part ends with EOS, of which nothing is learned, that are full and have no EOS.
        longest_answer: learned tokens of the row that has most.
        ids: some ids that tell of fixed ids in a converter, those of them that stand in rows.
    """

    count: int | None = None
    width: int | None = None
    columns: tuple[str, ...] = ()
    highest: int | None = None
    with_bos: float | None = None
    with_eos: float | None = None
    unlearned: float | None = None
    cut: float | None = None
    longest_answer: int | None = None
    ids: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Log:
    """What a log of MindFormers says; what it does not say is None.

    Attributes:
        parameters: trained parameters; exact: whether the log has the exact number, and not millions.
        strategy_only: whether the training ended as only_save_strategy lets it.
        total_count: questions of a retention evaluation.
        nan_loss, out_of_memory: whether these occur.
        empty, answered: empty predictions of a retention evaluation, and all of them.
    """

    parameters: int | None = None
    exact: bool = True
    strategy_only: bool = False
    total_count: int | None = None
    nan_loss: bool = False
    out_of_memory: bool = False
    empty: int = 0
    answered: int = 0


@dataclass(frozen=True)
class Facts:
    """A training, as far as it is known.

    Attributes:
        training, evaluation: YAMLs of MindFormers; evaluation None: not given.
        bundle: MindFormers, such as "1.1.0".
        by_kit: whether the kit composed it and its worker trains.
        repeated: "file: key (line N)" of keys that stand twice.
        rows, evaluation_rows: of the MindRecords.
        cards: NPUs, or processes on the CPU; card_memory: bytes of one.
        log: what a log says.
        trained_prompt, asked_prompt: the text before an answer in training and in inference, a question's place named.
        vicuna: whether the rows were made by `llama_preprocess.py --dataset_type qa`, which wraps every conversation.
        lora_scaling: what a merge was told to scale B·A by.
        tokenizer_ids: text -> its id in the model's own tokenizer; None: in several pieces.
    """

    training: Settings
    evaluation: Settings | None = None
    bundle: str = "1.9.0"
    by_kit: bool = False
    repeated: tuple[str, ...] = ()
    rows: Rows | None = None
    evaluation_rows: Rows | None = None
    cards: int | None = None
    card_memory: int | None = None
    log: Log | None = None
    trained_prompt: str | None = None
    asked_prompt: str | None = None
    vicuna: bool = False
    lora_scaling: float | None = None
    tokenizer_ids: Mapping[str, int | None] = field(default_factory=dict)

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Facts:
        """Return facts of plain data with the names of the attributes; `None` stands for what is not known."""
        kinds: dict[str, Any] = {"rows": Rows, "evaluation_rows": Rows, "log": Log}
        values = {key: value for key, value in description.items() if value is not None}
        for name in ("training", "evaluation"):
            if name in values:
                values[name] = Settings(values[name], name)
        for name, kind in kinds.items():
            if name in values:
                known = {one.name for one in fields(kind)}
                values[name] = kind(**{key: value for key, value in values[name].items() if key in known})
        return cls(**values)

    @cached_property
    def version(self) -> Version:
        """The kit's entry of this MindFormers."""
        return serving(self.bundle)

    def before(self, number: str) -> bool:
        """Tell whether this MindFormers is older than another one."""
        return numbers(self.bundle) < numbers(number)

    @property
    def yamls(self) -> list[Settings]:
        """The YAMLs that are given."""
        return [self.training] if self.evaluation is None else [self.training, self.evaluation]

    def spread(self, name: str) -> int:
        """Return data_parallel, model_parallel or pipeline_stage of the training; 1 where it is not said."""
        return max(1, self.training.whole(f"parallel_config.{name}", 1) or 1)

    @property
    def workers(self) -> int:
        """Workers that the training is spread over."""
        return self.spread("data_parallel") * self.spread("model_parallel") * self.spread("pipeline_stage")

    @property
    def is_llama(self) -> bool:
        """Whether the network is a Llama, whose layers and settings have the names that checks know."""
        return self.training.text(self.training.model("type")) in ("", "LlamaConfig", "InternLMConfig")

    @property
    def is_parallel(self) -> bool:
        """Whether the training is one of several workers."""
        return self.training.on("use_parallel")

    @property
    def batch(self) -> int | None:
        """Rows of a step on one data-parallel worker."""
        found = self.training.whole("runner_config.batch_size")
        return found if found and found > 0 else None

    @property
    def seq_length(self) -> int | None:
        """Tokens of a row in training."""
        found = self.training.whole(self.training.model("seq_length"))
        return found if found and found > 0 else None

    @property
    def sink(self) -> int | None:
        """Steps of a sink; None without sinking, -1 where it is an epoch."""
        if self.training.get("runner_config.sink_mode", True) is not True:
            return None
        found = self.training.whole("runner_config.sink_size", 1)
        return found if found and (found > 0 or found == -1) else 1

    @cached_property
    def epoch_steps(self) -> int | None:
        """Optimizer steps of an epoch; None where rows or batch are not known or give none."""
        if self.rows is None or self.rows.count is None or self.batch is None:
            return None
        try:
            return steps_per_epoch(self.rows.count, self.batch, self.spread("data_parallel") if self.is_parallel else 1)
        except InputError:
            return None

    @cached_property
    def steps(self) -> int | None:
        """Optimizer steps of the training; None where it is not known."""
        epochs = self.training.whole("runner_config.epochs")
        if self.epoch_steps is None or not epochs or epochs < 1:
            return None
        try:
            return total_steps(epochs, self.epoch_steps, self.sink)
        except InputError:
            return None

    @cached_property
    def shape(self) -> ModelConfig | None:
        """The model's sizes; None where the YAML does not say them all."""
        return _shape(self.training)

    @property
    def adapter_dtype(self) -> str:
        """Type of the trained tensors of a LoRA; empty where it is not known."""
        named = self.training.adapter.get("param_init_type")
        if isinstance(named, str):
            return named
        return self.version.dialect.adapter_dtype or self.training.text(self.training.model("param_init_type"))


def _shape(yaml: Settings) -> ModelConfig | None:
    sizes = {name: yaml.whole(yaml.model(name)) for name in ("hidden_size", "num_layers", "num_heads", "vocab_size")}
    inner = yaml.whole(yaml.model("intermediate_size")) or _intermediate(yaml, sizes["hidden_size"] or 0)
    has_bias = yaml.on(yaml.model("has_bias"))
    try:
        return ModelConfig.model_validate(
            {
                **sizes,
                "name": "of the YAML",
                "title": "of the YAML",
                "checkpoint": "",
                "tokenizer": {"kind": "hf", "file": ""},
                "intermediate_size": inner,
                "n_kv_heads": yaml.whole(yaml.model("n_kv_heads")),
                "qkv_has_bias": has_bias or yaml.on(yaml.model("qkv_has_bias")),
                "attn_proj_has_bias": has_bias or yaml.on(yaml.model("attn_proj_has_bias")),
                "tie_word_embeddings": yaml.on(yaml.model("tie_word_embeddings")),
                "param_dtype": yaml.text(yaml.model("param_init_type")) or "float16",
                "compute_dtype": yaml.text(yaml.model("compute_dtype")) or "float16",
                **{
                    name: yaml.whole(yaml.model(name), 0) or 0
                    for name in ("bos_token_id", "eos_token_id", "pad_token_id")
                },
            }
        )
    except ValueError:
        return None


def _intermediate(yaml: Settings, hidden: int) -> int:
    """Return the width of the feed-forward layer as MindFormers works it out from `multiple_of`."""
    factor = yaml.number(yaml.model("ffn_dim_multiplier")) or 1.0
    multiple = yaml.whole(yaml.model("multiple_of")) or 256
    return multiple * math.ceil(int(factor * int(8 * hidden / 3)) / multiple) if multiple > 0 and hidden > 0 else 0
