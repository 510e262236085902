"""Settings of a run's training: the group `train`."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field, field_validator, model_validator

from core.section import Section

Schedule = Literal["cosine", "linear", "polynomial", "cosine_restarts", "constant"]


class TrainConfig(Section):
    """How long, how fast and in what order it is trained, with AdamW.

    Attributes:
        epochs: how often the whole training data is read.
        batch_size: rows that each data-parallel worker holds at once.
        accumulate: so many times batch_size rows make a step on each worker: their gradients are added up first, with
            the result, and without the memory, of a larger batch.
        learning_rate: the highest one, after warm-up; from there it takes the course that `schedule` names.
        schedule: course of the learning rate after warm-up: "cosine" or "linear" falls to lr_end at the last step,
            "polynomial" likewise with its square, "cosine_restarts" falls twice from the highest one, "constant" stays.
        lr_end: learning rate at the last step ("linear": 0 at any rate).
        warmup_ratio: share of all steps in which the learning rate rises from 0.
        warmup_steps: number of these steps, instead of their share.
        weight_decay: of AdamW; biases and norms have none.
        no_decay: other parameters without weight decay, by parts of their names, such as ["lora_b"].
        betas: of AdamW: how slowly the averages of gradients and of their squares change.
        max_grad_norm: gradients are scaled down to this norm where theirs is larger.
        loss_scale: factor on the loss against underflow in float16; "dynamic": lowered at each overflow.
        loss_scale_window: a dynamic one grows after so many steps without overflow.
        adapter_dtype: type of the trained tensors of LoRA and its kin. In another than float32 small steps are lost.
        state_steps: the state of the training, from which it goes on after an interruption, is written after each so
            many steps; None: as often that five minutes are lost at the most. It is also written at each checkpoint.
        neftune_alpha: size of the noise on the tokens' embeddings in training (NEFTune), such as 5; 0: none.
        seed: of initial adapters, dropout, noise and the order of rows.
        validation_steps: the loss on the validation records (data.validation_records) is computed after each so many
            steps, and at the checkpoints; None: about five times from checkpoint to checkpoint; 0: never.
        patience: training stops early, at a step up to which there are as many even checkpoints as the contest asks
            for, once so many of these losses in a row were not lower than the lowest before; None: it never does.
        min_delta: they count as lower where they are by more than this.
        evaluate: steps that evaluate each saved checkpoint while training goes on, such as ["retention", "accuracy"].
        evaluate_limit: how many questions of each kind they ask (None: all; those are not asked again afterwards).
        evaluate_stop: training ends as soon as a checkpoint evaluated meanwhile does not pass the retention gate.
        tensorboard: write files for TensorBoard to the run's train/tensorboard.
    """

    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    accumulate: int = Field(default=1, ge=1, le=4096)
    learning_rate: float = Field(gt=0)
    schedule: Schedule = "cosine"
    lr_end: float = Field(default=0.0, ge=0)
    warmup_ratio: float = Field(default=0.03, ge=0, lt=1)
    warmup_steps: int | None = Field(default=None, ge=0)
    weight_decay: float = Field(default=0.01, ge=0)
    no_decay: tuple[str, ...] = ()
    betas: tuple[float, float] = (0.9, 0.95)
    max_grad_norm: float = Field(default=1.0, gt=0)
    loss_scale: float | Literal["dynamic"] = 1.0
    loss_scale_window: int = Field(default=1000, ge=1)
    adapter_dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    state_steps: int | None = Field(default=None, ge=1)
    seed: int = Field(default=1, ge=0, lt=1 << 32)
    neftune_alpha: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    validation_steps: int | None = Field(default=None, ge=0)
    patience: int | None = Field(default=None, ge=1)
    min_delta: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    evaluate: tuple[str, ...] = ()
    evaluate_limit: int | None = Field(default=None, ge=1)
    evaluate_stop: bool = False
    tensorboard: bool = True

    @property
    def step_rows(self) -> int:
        """Rows of a step on each data-parallel worker."""
        return self.batch_size * self.accumulate

    @model_validator(mode="after")
    def _rate_falls(self) -> TrainConfig:
        if self.schedule == "polynomial" and self.lr_end >= self.learning_rate:
            raise ValueError(
                f"schedule polynomial: lr_end {self.lr_end} must be below learning_rate {self.learning_rate}"
            )
        return self

    @model_validator(mode="after")
    def _stops_by_a_loss(self) -> TrainConfig:
        if self.patience is not None and self.validation_steps == 0:
            raise ValueError("patience goes by the loss on validation records: validation_steps 0 computes none")
        if self.patience is not None and self.evaluate:
            raise ValueError(
                "patience and evaluate do not go together: which checkpoints stay is known when training has ended"
            )
        if self.min_delta and self.patience is None:
            raise ValueError("min_delta says what counts for patience, which is not set")
        return self

    @field_validator("learning_rate", "lr_end")
    @classmethod
    def _finite(cls, value: float) -> float:
        if not math.isfinite(value):
            raise ValueError("must be a finite number")
        return value
