"""The typed configuration of a run: what each YAML section may say, and what it means."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SerializeAsAny, field_serializer, field_validator, model_validator

from core.methods import MethodConfig as MethodConfig  # of each method's own settings, core/methods/ has the classes
from core.registry import FAMILIES, FORMATS, JUDGES
from core.schema_answers import AnswersConfig
from core.schema_evaluation import EvalConfig, RulesConfig
from core.schema_train import TrainConfig
from core.section import Section, or_value_error
from core.steps import order_faults, step_named, usual_steps
from core.tasks import contest_task, task_of
from core.text.prompts import Prompt
from core.text.rounds import LearnedTurns
from core.text.tokenizers import TokenizerKind

DType = Literal["float32", "float16", "bfloat16"]


class TokenizerConfig(Section):
    """The tokenizer's kind and file.

    Attributes:
        kind: "sentencepiece" (tokenizer.model of Llama 2, InternLM), "tiktoken" (of Llama 3) or "hf" (tokenizer.json).
        file: a path relative to the kit's root, or absolute.
    """

    kind: TokenizerKind
    file: str


class ModelConfig(Section):
    """A base model that MindFormers has.

    Attributes:
        name: as in configs/models/.
        title: what a report calls it.
        family: which tensors it has, a module of core/models/; not written where it is a Llama.
        checkpoint: base weights (.ckpt or .safetensors), a path relative to the kit's root, or absolute.
        hidden_size: width of the hidden states.
        num_layers: number of decoder layers.
        num_heads: attention heads of a layer; hidden_size is a multiple of it.
        n_kv_heads: heads of keys and values (grouped-query attention); None: as many as num_heads.
        vocab_size: rows of the embedding.
        intermediate_size: width of the feed-forward layer.
        qkv_has_bias: biases on wq, wk, wv (InternLM-7B).
        attn_proj_has_bias: a bias on wo (InternLM-7B).
        tie_word_embeddings: the output layer uses the embedding's weights.
        rms_norm_eps: added to the mean square in RMSNorm.
        theta: base of the rotary position embedding's frequencies.
        bos_token_id: the tokenizer's id of a text's beginning.
        eos_token_id: the tokenizer's id of its end.
        pad_token_id: the tokenizer's id of padding.
        param_dtype: type of the base weights in training.
        compute_dtype: type of the matrix products.
        rotary_dtype: type of the rotary position embedding.
        published_total: the parameter count that teams divide by in published ratios; None: the exact count.
        max_length: longest sequence, prompt and answer together, in evaluation.
    """

    name: str
    title: str
    family: str = Field(default="llama", exclude_if=lambda name: name == "llama")
    checkpoint: str
    tokenizer: TokenizerConfig
    hidden_size: int = Field(gt=0)
    num_layers: int = Field(gt=0, le=10_000)
    num_heads: int = Field(gt=0)
    n_kv_heads: int | None = None
    vocab_size: int = Field(gt=0)
    intermediate_size: int = Field(gt=0)
    qkv_has_bias: bool = False
    attn_proj_has_bias: bool = False
    tie_word_embeddings: bool = False
    rms_norm_eps: float = 1e-5
    theta: float = 10000.0
    bos_token_id: int
    eos_token_id: int
    pad_token_id: int
    param_dtype: DType = "float32"
    compute_dtype: DType = "float32"
    rotary_dtype: DType = "float32"
    published_total: int | None = None
    max_length: int = 2048

    @field_validator("family")
    @classmethod
    def _family_is_known(cls, value: str) -> str:
        return or_value_error(FAMILIES.checked, value)

    @model_validator(mode="after")
    def _heads_fit(self) -> ModelConfig:
        if self.hidden_size % self.num_heads:
            raise ValueError(f"hidden_size {self.hidden_size} is not a multiple of num_heads {self.num_heads}")
        if self.num_heads % (self.n_kv_heads or self.num_heads):
            raise ValueError(f"num_heads {self.num_heads} is not a multiple of n_kv_heads {self.n_kv_heads}")
        return self


class MachineConfig(Section):
    """The machine or cluster: its workers and how the model is spread over them.

    Attributes:
        name: as in configs/machines/.
        title: what `python -m pipeline ls machines` says of it.
        device: "CPU" or "Ascend".
        hosts: how many machines.
        workers: NPUs, or processes on the CPU, of each host.
        data_parallel: workers with data of their own: a step takes train.batch_size x data_parallel rows.
            data_parallel x model_parallel x pipeline_stage is hosts x workers.
        model_parallel: workers that share each tensor (only to plan with; training refuses more than 1).
        pipeline_stage: workers that share the layers (only to plan with; training refuses more than 1).
        max_device_memory: what MindSpore may take of an NPU, such as "26GB"; empty on the CPU.
        optimizer_parallel: each data-parallel worker keeps only its share of the optimizer's state.
        recompute: activations are computed again in the backward pass, which takes less memory and more time.
        flash_attention: use the fused attention kernel (NPUs only).
        master_addr: address of host 0; needed where hosts > 1.
        master_port: port on host 0 where the workers find each other; it must be free. None: one that is free, which
            no other job of the host takes; with several hosts 8118.
        cluster_time_out: seconds that msrun waits for all workers.
        bundle: the MindFormers to plan for, such as 1.1.0 (`python -m pipeline ls versions`); None: the one installed,
            the only one that can be trained with.
        tokens_per_second: what all workers together train on in a second, padding counted, to plan the time by; None:
            on NPUs what the 2024 contest published.
        price_per_hour: of one worker's hour, in your money, to plan the price by.
    """

    name: str
    title: str
    device: Literal["CPU", "Ascend"]
    hosts: int = Field(default=1, ge=1, le=100_000)
    workers: int = Field(ge=1, le=100_000)
    data_parallel: int = Field(ge=1)
    model_parallel: int = Field(default=1, ge=1)
    pipeline_stage: int = Field(default=1, ge=1)
    max_device_memory: str = ""
    optimizer_parallel: bool = False
    recompute: bool = False
    flash_attention: bool = False
    master_addr: str = "127.0.0.1"
    master_port: int | None = Field(default=None, ge=1024, le=65535)
    cluster_time_out: int = Field(default=600, ge=10)
    bundle: str | None = Field(
        default=None, pattern=r"^\d{1,4}(\.\d{1,4}){0,2}$", exclude_if=lambda value: value is None
    )
    tokens_per_second: float | None = Field(default=None, gt=0, exclude_if=lambda value: value is None)
    price_per_hour: float | None = Field(default=None, ge=0, exclude_if=lambda value: value is None)

    @property
    def world_size(self) -> int:
        """Number of workers on all hosts."""
        return self.hosts * self.workers

    @property
    def state_writers(self) -> int:
        """Number of workers that hold a part of the training's state that no other has."""
        return self.world_size if self.optimizer_parallel else 1

    @model_validator(mode="after")
    def _workers_are_used(self) -> MachineConfig:
        spread = self.data_parallel * self.model_parallel * self.pipeline_stage
        if spread != self.world_size:
            raise ValueError(
                f"data_parallel x model_parallel x pipeline_stage is {spread}, "
                f"hosts x workers is {self.world_size}; they must be equal"
            )
        if self.device == "CPU" and spread != self.data_parallel:
            raise ValueError("MindSpore trains data-parallel only on the CPU: set model_parallel=pipeline_stage=1")
        return self


class CorpusPart(Section):
    """A part of the training corpus: a file, a folder of files, or a pattern of names.

    Attributes:
        path: of the file or folder; a pattern finds several: `d/*.json`, `d/**/*.csv`.
        weight: how often each of its records is taken: 2 twice, 0.5 half of them, drawn by seed.
    """

    path: str = Field(min_length=1)
    weight: float = Field(default=1.0, gt=0, le=1000)


class DataConfig(Section):
    """The corpora and what becomes of them. A file that is not given is made by the generator, if one is named.

    Attributes:
        train: the corpus: a file, a folder or a pattern, or a list of these; `{path: a.json, weight: 2}` weighs one.
        test: questions to measure accuracy on, in any format that the corpus may have; None: held out of the corpus.
        squad: questions to measure retention on, SQuAD's JSON.
        hand_in: the text without labels, one a line, that is marked and handed in (step `mark`); None: the held-out
            questions of a practice contest.
        form: the corpus' format by name, one of `core.registry.FORMATS`; None: told by its content.
        fields: the names of its fields, where they are not the usual ones: {question: query, answer: response}; also
            input and system.
        encoding: of files of the corpora that are no UTF-8, such as gbk; None: told where it is certain.
        generator: "practice", or None for a contest whose corpus the organiser gives.
        records: training records that the organiser states, for planning without the corpus.
        test_records: questions held out for accuracy: made, or taken out of the corpus where `test` is not given.
        squad_records: retention questions that the generator makes where `squad` is not given.
        validation_records: questions of the training records that are not trained on, but whose loss is computed while
            training goes on (train.validation_steps).
        retention_records: reading records mixed into the training data to keep the model's old ability.
        retention_corpus: where they are taken from: SQuAD train, or general instructions; None: the generator.
        selection: "contest" asks the first question of each paragraph, "all" every one.
        limit: evaluate at the most so many questions of each kind (None: all).
        check: hold the solutions of math records against the exact solver.
        wrong: what becomes of records whose solution is wrong: "keep" (counted and listed) or "drop".
        dedup: records that are dropped as repeated: "exact" ones, also those whose "normalised" question and answer
            are the same, or "none".
        near_duplicates: drop free-form records at least so similar to an earlier one (Jaccard, 0 to 1); None: keep.
        quotas: how many records of a type (math) or subject (choice) to train on, sampled or repeated by seed; "*"
            stands for each one that is not named. Empty: as they come.
        max_records: train on at the most so many records of the corpus, sampled by seed (None: all).
        against: more evaluation files; training records that overlap with them, or with test and squad, are reported.
        overlap: "report" training records that overlap with evaluation files, or "remove" them.
        overlap_n: words of the n-grams compared.
        answers: how questions and answers are rewritten for training.
        learned_turns: which answers of a conversation are learned: "all" (but those that the corpus marks as not to be,
            `loss: false` or `weight: 0`), the "last", or only the "marked" ones (`loss: true`, `weight: 1`).
        seq_length: tokens a record may have; a MindRecord row holds one more, as MindFormers wants.
        overlong: what becomes of longer records: "drop" (listed), "cut" (at the prompt) or "refuse" (an error).
        packing: several records share a row, in which each sees itself alone.
        shards: MindRecord files; None: one for each 25,000 records that are begun.
        max_bad: unreadable records that are passed over (and listed) before conversion gives up.
        seed: of every sample, split and order.
    """

    train: tuple[CorpusPart, ...] = ()
    test: str | None = None
    squad: str | None = None
    hand_in: str | None = Field(default=None, exclude_if=lambda path: path is None)
    form: str | None = None
    fields: dict[Literal["question", "answer", "input", "system"], str] = {}
    encoding: str | None = None
    generator: Literal["practice"] | None = None
    records: int = Field(ge=1)
    test_records: int = Field(default=2000, ge=1)
    squad_records: int = Field(default=2067, ge=1)
    validation_records: int = Field(default=0, ge=0)
    retention_records: int = Field(default=0, ge=0)
    retention_corpus: str | None = None
    selection: Literal["contest", "all"] = "contest"
    limit: int | None = Field(default=None, ge=1)
    check: bool = True
    wrong: Literal["keep", "drop"] = "keep"
    dedup: Literal["none", "exact", "normalised"] = "exact"
    near_duplicates: float | None = Field(default=None, gt=0, le=1)
    quotas: dict[str, int] = {}
    max_records: int | None = Field(default=None, ge=1)
    against: tuple[str, ...] = ()
    overlap: Literal["report", "remove"] = "report"
    overlap_n: int = Field(default=13, ge=2)
    answers: AnswersConfig = AnswersConfig()
    learned_turns: LearnedTurns = "all"
    seq_length: int = Field(ge=8)
    overlong: Literal["drop", "cut", "refuse"] = "drop"
    packing: bool = False
    shards: int | None = Field(default=None, ge=1, le=100_000)
    max_bad: int = Field(default=0, ge=0)
    seed: int = Field(default=1, ge=0, lt=1 << 32)

    @model_validator(mode="after")
    def _something_is_trained_on(self) -> DataConfig:
        stated = min(self.records, self.max_records or self.records)
        if self.validation_records >= stated and not self.train:  # of a file that is given, conversion knows
            raise ValueError(
                f"validation_records {self.validation_records}: there are {stated} records, and at least one has to be "
                "left to train on"
            )
        return self

    @property
    def stated_records(self) -> int:
        """Records to train on by the number that the organiser states, those that keep retention included."""
        return min(self.records, self.max_records or self.records) - self.validation_records + self.retention_records

    @field_validator("train", mode="before")
    @classmethod
    def _one_part_or_several(cls, value: object) -> object:
        parts = [] if value is None else value if isinstance(value, (list, tuple)) else [value]
        return [{"path": part} if isinstance(part, str) else part for part in parts]

    @field_serializer("train")
    def _as_it_is_given(self, parts: tuple[CorpusPart, ...]) -> Any:
        given = [part.path if part.weight == 1 else part.model_dump() for part in parts]
        return given[0] if len(given) == 1 else given or None

    @field_validator("fields")
    @classmethod
    def _question_and_answer(cls, value: dict[str, str]) -> dict[str, str]:
        missing = [role for role in ("question", "answer") if value and not value.get(role)]
        if missing:
            raise ValueError(f"names no {' and no '.join(missing)}: give {{question: NAME, answer: NAME}}")
        return value

    @field_validator("encoding")
    @classmethod
    def _is_an_encoding(cls, value: str | None) -> str | None:
        if value is not None and not _is_text_encoding(value):
            raise ValueError("is no encoding that Python knows; utf-8, gbk, gb18030, big5 and utf-16 are")
        return value

    @field_validator("against", mode="before")
    @classmethod
    def _one_file_or_several(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("form")
    @classmethod
    def _is_a_format(cls, value: str | None) -> str | None:
        return None if value is None else or_value_error(FORMATS.checked, value)


def _is_text_encoding(name: str) -> bool:
    try:
        return "a".encode(name).decode(name) == "a"
    except (LookupError, UnicodeError, ValueError):
        return False


# Empty, or an address that a jury can open: of the web, or of a bucket.
LINK = r"^(|(https?|obs)://[^\s<>\"]+)$"


class SubmissionConfig(Section):
    """The hand-in.

    Attributes:
        team: the team's name, and so the zip's.
        checkpoints: "full": the zip holds the weights; "manifest": their names and hashes only; "light": the adapters,
            from which the base gives the weights again.
        weights_url: where the weights can be had, such as the link of an object that all may read.
        mindformers_url: where the MindFormers source package that ran can be had.
        notes: a Markdown file of the team's own words for the report; its headings name the sections.
        format: of the merged checkpoints.
        dtype: type of their tensors; "keep": the base's.
        language: of the report.
    """

    team: str = Field(default="team", min_length=1)
    checkpoints: Literal["full", "manifest", "light"] = "full"
    weights_url: str = Field(default="", pattern=LINK)
    mindformers_url: str = Field(default="", pattern=LINK)
    notes: str | None = None
    format: Literal["ckpt", "safetensors"] = "ckpt"
    dtype: Literal["keep", "float32", "float16", "bfloat16"] = "keep"
    language: Literal["en", "zh"] = "en"


class RunConfig(Section):
    """Everything that decides a run, fully composed; `run.yaml` of a run folder is this.

    Attributes:
        contest: its name, and so the beginning of its run folders' names.
        title: what a report calls it.
        task: what kind of questions it asks, a module of core/tasks/.
        steps: what is done, in this order (`python -m pipeline ls steps`).
        model, machine, method: files of configs/.
        prompt: of the task's questions, in training and evaluation.
        squad_prompt: of reading questions: retention, and those that are mixed into the training data.
        instruction_prompt: of general instructions in the training data; None: the contest's own prompt.
        data, train, eval, rules, submission: see their groups.
    """

    contest: str
    title: str
    task: str
    steps: tuple[str, ...] = Field(default_factory=usual_steps)
    model: ModelConfig
    machine: MachineConfig
    method: SerializeAsAny[MethodConfig]
    prompt: Prompt
    squad_prompt: Prompt
    instruction_prompt: Prompt | None = None
    data: DataConfig
    train: TrainConfig
    eval: EvalConfig
    rules: RulesConfig
    submission: SubmissionConfig = SubmissionConfig()

    @field_validator("task")
    @classmethod
    def _contests_have_the_task(cls, value: str) -> str:
        return or_value_error(contest_task, value)

    @field_validator("method", mode="before")
    @classmethod
    def _method_of_its_type(cls, value: Any) -> Any:
        if isinstance(value, MethodConfig):
            return value
        return or_value_error(MethodConfig.chosen, value).model_validate(value)

    @field_validator("steps")
    @classmethod
    def _steps_go_together(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if faults := order_faults(value):
            raise ValueError("; ".join(faults))
        return value

    @property
    def validates(self) -> bool:
        """Whether the loss on validation records is computed while training goes on."""
        return self.data.validation_records > 0 and self.train.validation_steps != 0

    @model_validator(mode="after")
    def _validation_has_records(self) -> RunConfig:
        wanted = [f"train.{name}" for name in ("validation_steps", "patience") if getattr(self.train, name)]
        if wanted and not self.data.validation_records:
            raise ValueError(f"{wanted[0]} needs records that are not trained on: set data.validation_records")
        return self

    @model_validator(mode="after")
    def _evaluates_with_its_steps(self) -> RunConfig:
        able = [name for name in self.steps if step_named(name).beside] if "merge" in self.steps else []
        for name in self.train.evaluate:
            if name not in able:
                raise ValueError(
                    f"train.evaluate names {name!r}; while this contest trains, there can be evaluated: "
                    f"{', '.join(able) or 'nothing'}"
                )
        return self

    @model_validator(mode="after")
    def _judge_judges_the_task(self) -> RunConfig:
        name = self.rules.judge
        if name != task_of(self.task).judge and not JUDGES.get(name).judges(self.task):
            raise ValueError(f"rules.judge is {self.rules.judge!r} in a contest of task {self.task!r}")
        return self
