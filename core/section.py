"""What every part of the configuration has in common."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values do not change once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def chosen(cls, values: Any) -> SectionClass:
        """Return the class of a section with these values: a part of which there are several kinds goes by them.

        Raises:
            InputError: the values ask for a kind that is not there.
        """
        return cls


# A field may be called `type`, which then means something else in its class.
SectionClass: TypeAlias = type[Section]
