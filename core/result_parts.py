"""What result files have in common, and with it their form.

Keys stand in the files in the order of the fields. A key that this version does not know is kept and passed over: a
later version may measure more. One that is missing or of another type is refused, and the sentence names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

SCHEMA = 1
# In Python an int of any size is JSON; a count beyond this is none.
Count = Annotated[int, Field(ge=0, lt=1 << 63)]
# (low, high), at the confidence that the result states.
Interval = Annotated[tuple[float, float], Field(strict=False)]  # JSON has lists alone


class Part(BaseModel):
    """A part of a result: its values are JSON's own types and do not change."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True, allow_inf_nan=False)

    def as_json(self) -> dict[str, Any]:
        """Return what stands in the file: the keys that were given, in their order."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)


class Cell(NamedTuple):
    """A figure in the summary's table: its column's head and width, and the figure as text."""

    head: str
    width: int
    text: str


class Result(Part):
    """A result file.

    Attributes:
        schema_version: stands as "schema" in the file.
        figures: paths of the figures that every report shows, `*` standing for each checkpoint. A result for which
            the report has no section of its own is shown as the table of these.
    """

    figures: ClassVar[tuple[str, ...]] = ()
    schema_version: int = Field(alias="schema")

    def lines(self) -> list[str]:
        """Return what the summary says below its table."""
        return []


class ByCheckpoint(Result):
    """A result of several checkpoints, by name: "base" or "step_N". Each type says where the key stands in its file."""

    if TYPE_CHECKING:
        checkpoints: Mapping[str, Part]

    def cells(self, name: str) -> list[Cell]:
        """Return a checkpoint's cells in the summary's table, in any case the same columns."""
        row = self.checkpoints.get(name)
        shown = row.as_json() if row is not None else {}
        paths = [path.split("/")[2:] for path in self.figures if path.startswith("checkpoints/*/")]
        return [_cell(path, shown) for path in paths]


def _cell(path: list[str], shown: Any) -> Cell:
    for name in path:
        shown = shown.get(name) if isinstance(shown, Mapping) else None
    text = "-" if shown is None else f"{shown:.4f}" if isinstance(shown, float) else str(shown)
    return Cell(path[-1], max(len(path[-1]) + 2, 9), text)


class Asked(Part):
    """The questions that an evaluation asked.

    Attributes:
        file: name of the file (or folder) of questions; sha256: its hash (of a folder's names and hashes).
        selection: which of its questions; total: how many there are; count: how many were asked.
    """

    file: str
    sha256: str
    selection: str
    total: Count | None = None
    count: Count


class Usage(Part):
    """What a server's answers took.

    Attributes:
        answers: how many the server counted tokens of; prompt_tokens, completion_tokens: their sums.
        price: of these tokens, in the currency of the settings' prices; None where there are no prices.
    """

    answers: Count
    prompt_tokens: Count
    completion_tokens: Count
    price: float | None = None

    def line(self) -> str:
        """Return it in words."""
        cost = "" if self.price is None else f", price {self.price:.6g}"
        return f"tokens: {self.prompt_tokens:,} of prompts, {self.completion_tokens:,} generated{cost}"


class Answered(Part):
    """One checkpoint's figures, computed from its answers.

    Attributes:
        usage: what a server's answers took; stands only where a server gave them.
        loglikelihood: "first_token" where options were compared by an answer's first token, for want of more.
        predictions: the file of its answers, relative to the run folder; predictions_sha256: its hash.
    """

    usage: Usage | None = None
    loglikelihood: str | None = None
    predictions: str | None = None
    predictions_sha256: str | None = None

    @model_serializer(mode="wrap")
    def _answers_last(self, inner: SerializerFunctionWrapHandler) -> dict[str, Any]:
        shown: dict[str, Any] = inner(self)
        return shown | {key: shown.pop(key) for key in Answered.model_fields if key in shown}

    def served(self) -> list[str]:
        """Return what is to be said of a server's answers: what they took, and how options were compared."""
        lines = [] if self.usage is None else [self.usage.line()]
        if self.loglikelihood == "first_token":
            lines.append("options compared by an answer's first token: the server tells no more (docs/inference.md)")
        return lines


class EvaluationResult(ByCheckpoint):
    """Figures of the base model and of each checkpoint on the same questions (`data`)."""

    data: Asked
    checkpoints: Mapping[str, Answered]
