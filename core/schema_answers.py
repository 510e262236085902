"""The settings of answer engineering: what becomes of questions and answers before training."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, get_args

from pydantic import Field, field_validator

from core.errors import did_you_mean
from core.section import Section
from core.tasks.math import TEMPLATE_TYPES

Rationale = Literal["none", "short", "steps"]
_MOST_DECIMALS = 28
_ORDERS = 24
# What the judges of this field look for before a final value; anything else and another number may be read.
_POINTER = re.compile(r"(?:[=≈:：]|(?:答案|结果)(?:为|是)|[Aa]nswer is|[Ff]inal,)\s*$|\\boxed\{$")


class AnswersConfig(Section):
    """How answers (and questions) of training records are rewritten; held-out questions never are.

    A setting "by type" is one value for all templated math types, or a mapping such as {mul: steps, div: short}.

    Attributes:
        rationale: by type. "none": the corpus' answer; "short": the key equations; "steps": the worked solution.
        language: of rationales: "zh", "en", or "question" for the language the question is asked in.
        decimals: by type, the places after the point to which a value is rounded half-up; None: the corpus' digits,
            and four places where a rationale ends in an endless number.
        final: the last line of a rationale, with {value} in it; empty: "答案：{value}" or "Answer: {value}".
        paraphrase: share of templated math questions that are asked in other words.
        paraphrase_language: language of the other words; "both": one half each.
        full_option: multiple choice: the answer names the right option's text after its letter.
        permute_options: multiple choice: so many copies of each question with its options in another order.
    """

    rationale: Rationale | dict[str, Rationale] = "none"
    language: Literal["question", "zh", "en"] = "question"
    decimals: int | dict[str, int] | None = None
    final: str = ""
    paraphrase: float = Field(default=0.0, ge=0, le=1)
    paraphrase_language: Literal["zh", "en", "both"] = "zh"
    full_option: bool = False
    permute_options: int = Field(default=0, ge=0, lt=_ORDERS)

    @field_validator("rationale", mode="before")
    @classmethod
    def _known_levels(cls, setting: object) -> object:
        return _by_type(setting, lambda level: level in get_args(Rationale), "'none', 'short' or 'steps'")

    @field_validator("decimals", mode="before")
    @classmethod
    def _computable(cls, setting: object) -> object:
        wanted = f"a whole number from 0 to {_MOST_DECIMALS}"
        return setting and _by_type(setting, lambda places: places in range(_MOST_DECIMALS + 1), wanted)

    @field_validator("final")
    @classmethod
    def _points_at_the_value(cls, final: str) -> str:
        before, place, after = final.partition("{value}")
        if final and (not place or "\n" in final or re.search("[0-9]|{value}", before + after)):
            raise ValueError(
                f"{final!r} must be one line with {{value}} once and no number, such as 'final: {{value}}'"
            )
        if final and not _POINTER.search(before):
            raise ValueError(f"{final!r} must point at {{value}} with '=', ':', '答案是', 'answer is' or '\\boxed{{'")
        return final

    @property
    def changes_math(self) -> bool:
        """Whether any templated math record may come out otherwise than it went in."""
        return self.changes_answers or self.paraphrase > 0

    @property
    def changes_answers(self) -> bool:
        """Whether any answer of a templated math record may change."""
        kinds = self.rationale.values() if isinstance(self.rationale, dict) else [self.rationale]
        return any(kind != "none" for kind in kinds) or self.decimals not in (None, {})

    def rationale_of(self, kind: str) -> Rationale:
        """Return how the answers of a math type are explained."""
        return self.rationale.get(kind, "none") if isinstance(self.rationale, dict) else self.rationale

    def decimals_of(self, kind: str) -> int | None:
        """Return the places to which values of a math type are rounded; None: the corpus' digits."""
        return self.decimals.get(kind) if isinstance(self.decimals, dict) else self.decimals


def _by_type(setting: object, allowed: Callable[[object], bool], wanted: str) -> object:
    """Return a setting that is one value, or a value for each of some types; ValueError where it is neither."""
    values = setting if isinstance(setting, dict) else {"every type": setting}
    for kind, value in values.items():
        if isinstance(setting, dict) and kind not in TEMPLATE_TYPES:
            raise ValueError(f"{kind!r} is not a type of math question{did_you_mean(str(kind), TEMPLATE_TYPES)}")
        if isinstance(value, (list, dict, bool)) or not allowed(value):
            raise ValueError(f"{value!r} for {kind}: give {wanted}, or a mapping such as {{mul: …, div: …}}")
    return setting
