"""MindFormers 2.1: trains as 1.9 does. 2.0 does not import without a package that is published nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from backend.versions import number_of, numbers
from backend.versions.dialect import Release
from backend.versions.v1_9 import MindFormers19
from core.schema import RunConfig


class MindFormers21(MindFormers19):
    """MindFormers 2.0 and 2.1."""

    begins = "2.0"
    releases: ClassVar[Mapping[str, Release]] = {
        "2.0.0": Release("2.10.0", "9.1.0"),
        "2.1.0": Release("2.11.0", "9.2.0", "3.10 or later"),
    }
    tried = (
        "2.1.0 on MindSpore 2.10.0, without hyper-parallel: the whole practice job on the CPU, the same figures; on "
        "its own MindSpore 2.11.0 and on an NPU: not run"
    )

    def lacks(self, config: RunConfig, base: Path | None) -> list[str]:
        """Return what it cannot do, a sentence each."""
        found = super().lacks(config, base)
        if (2, 0) <= numbers(number_of(config.machine) or self.begins) < (2, 1) and number_of(config.machine):
            found.append(
                "MindFormers 2.0 does not import: it needs the package hyper-parallel, which PyPI does not have; take "
                "2.1 or 1.9"
            )
        return found


VERSION = MindFormers21()
