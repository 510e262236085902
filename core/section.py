"""What every part of the configuration has in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

from core.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import LiteralString

T = TypeVar("T")
# The type of a mistake whose value is not repeated in the message about it.
UNSHOWN = "unshown"


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, values do not change once read.

    Where a text is expected, a number is taken as it was written (a team named 404).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, allow_inf_nan=False)

    @classmethod
    def chosen(cls, values: Any) -> SectionClass:
        """Return the class of a section with these values: a part of which there are several kinds goes by them.

        Raises:
            InputError: the values ask for a kind that is not there.
        """
        return cls


# A field may be called `type`, which then means something else in its class.
SectionClass: TypeAlias = type[Section]


def unshown(message: LiteralString) -> PydanticCustomError:
    """Return what a validator raises where the value itself must not be repeated: it may be a secret."""
    return PydanticCustomError(UNSHOWN, message)


def or_value_error(look_up: Callable[[Any], T], value: Any) -> T:
    """Call what may not know a name; what it says of that becomes a mistake of the configuration like any other."""
    try:
        return look_up(value)
    except InputError as error:
        raise ValueError(str(error)) from error
