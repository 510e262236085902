"""MindFormers 1.6 to 1.8, and 1.5: trains as 1.9 does; what differs are keys and barriers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from backend.versions.dialect import LACKING_1_6, MODEL_1_6, STRICT_1_6, Dialect, Release
from backend.versions.v1_9 import MindFormers19


class MindFormers16(MindFormers19):
    """MindFormers 1.5 to 1.8."""

    begins = "1.5"
    releases: ClassVar[Mapping[str, Release]] = {
        "1.5.0": Release("2.6.0", "8.1.RC1", "3.11"),
        "1.6.0": Release("2.7.0", "8.2.RC1", "3.11"),
        "1.7.0": Release("2.7.1", "8.3.RC1", "3.11"),
        "1.8.0": Release("2.7.2", "8.5.0", "3.11"),
    }
    tried = (
        "1.8.0 on MindSpore 2.7.2: the whole practice job on the CPU, the same figures; 1.6.0 on 2.7.2: ten steps; "
        "1.5.0 and 1.7.0: not run; none of them on an NPU"
    )
    dialect: ClassVar[Dialect] = Dialect(
        strict={
            **STRICT_1_6,
            # 1.8's; a key too many here is said to be unknown a version late, and never wrongly.
            "": STRICT_1_6[""] | {"balanced_load", "print_separate_loss", "use_legacy_format", "grouped_lr_schedule"},
        },
        model_keys=MODEL_1_6,
        lacking=LACKING_1_6,
        # trainer.utils has a barrier from 1.8 on; to set it before is without effect.
        barriers=("mindformers.trainer.utils", "mindformers.utils.load_checkpoint_utils"),
    )


VERSION = MindFormers16()
