"""What a zip says of itself: its settings, rules and results, read once for all checks and believed by none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, ValidationError

from core.config import settings_in
from core.errors import InputError
from core.result_parts import Part
from core.results import Made, gather, results_of
from core.schema_evaluation import RulesConfig
from core.step_names import step_name, step_order
from core.steps import usual_steps
from submission.package import layout
from submission.package.archive import Contents, dig
from submission.report.figures import weights_source


class Rules(Part):
    """The contest's rules, as far as figures can be computed again by them; see `RulesConfig`."""

    ratio_weight: float = RulesConfig.model_fields["ratio_weight"].default
    accuracy_weight: float = RulesConfig.model_fields["accuracy_weight"].default
    ratio_factor: float | None = None
    retention_share: float = RulesConfig.model_fields["retention_share"].default
    f1_threshold: float | None = None
    em_threshold: float | None = None
    checkpoints: Annotated[int, Field(ge=1, le=1000)] = RulesConfig.model_fields["checkpoints"].default


class Data(Part):
    """See `DataConfig`."""

    validation_records: int = 0


class Train(Part):
    """See `TrainConfig`."""

    validation_steps: int | None = None


class Settings(Part):
    """A run.yaml, as far as the checks need it: other settings may be of a later version, or of a plug-in."""

    steps: Annotated[tuple[str, ...], Field(strict=False)] = Field(default_factory=usual_steps)
    rules: Rules = Rules()
    data: Data = Data()
    train: Train = Train()

    @property
    def validates(self) -> bool:
        """Whether the loss on validation records is computed while it trains, as `RunConfig.validates`."""
        return self.data.validation_records > 0 and self.train.validation_steps != 0


@dataclass(frozen=True)
class Handed:
    """What a zip says.

    Attributes:
        contents: its files.
        manifest: the value of its manifest.json, whatever that is.
        plain: its run.yaml as it stands; settings: what of it the checks need.
        results: the results that its steps make.
    """

    contents: Contents
    manifest: Any
    plain: Mapping[str, Any] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    results: Made = field(default_factory=Made)

    @property
    def steps(self) -> Sequence[str]:
        """The steps of its contest."""
        return self.settings.steps

    @property
    def checkpoints_required(self) -> int:
        """How many checkpoints the contest asks for."""
        return self.settings.rules.checkpoints if "merge" in self.steps else 0

    @cached_property
    def rows(self) -> dict[str, dict[str, Any]]:
        """`step_N` -> row of the manifest's checkpoints, by step; rows without a step and a path are left out."""
        rows = dig(self.manifest, "checkpoints")
        found = {
            step_name(row["step"]): row
            for row in (rows if isinstance(rows, list) else ())
            if isinstance(row, dict) and type(row.get("step")) is int and isinstance(row.get("path"), str)
        }
        return {name: found[name] for name in sorted(found, key=step_order)}

    @cached_property
    def sources(self) -> dict[str, Any]:
        """What the report's figures have to be taken from."""
        files = {
            name: (row["path"].rsplit("/", 1)[-1], row.get("bytes"), row.get("sha256"))
            for name, row in self.rows.items()
        }
        others = {"environment": layout.ENVIRONMENT, "audit": layout.AUDIT}
        return {
            "run": self.plain,
            "weights": weights_source(files),
            **self.results.values,
            **{name: self.contents.json(file) for name, file in others.items() if file in self.contents.bodies},
        }


def read_handed(contents: Contents) -> Handed:
    """Read what a zip says; what is wrong with the files themselves is noted in `contents.problems`."""
    manifest = contents.json(layout.MANIFEST) if layout.MANIFEST in contents.sizes else None
    plain, settings = _settings(contents)
    results = gather(results_of(settings.steps, settings.validates), contents.value)
    contents.problems.note_all(results.problems)
    return Handed(contents, manifest, plain, settings, results)


def _settings(contents: Contents) -> tuple[dict[str, Any], Settings]:
    where = layout.RUN_CONFIG
    if where not in contents.sizes:
        return {}, Settings()
    plain: dict[str, Any] = {}
    try:
        text = contents.text(where)
        plain = settings_in(text, where)
        return plain, Settings.model_validate(plain)
    except ValidationError as error:
        keys = sorted({".".join(map(str, item["loc"])) for item in error.errors(include_url=False)})
        contents.problems.note(f"{where}: {', '.join(keys)[:200]!r} cannot be")
    except (InputError, ValueError) as error:
        contents.problems.note(f"{where}: {str(error).removeprefix(where + ': ').splitlines()[0]}")
    return plain, Settings()
