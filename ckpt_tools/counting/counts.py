"""Counts of parameters and where they are from: files, training logs; and whether they agree."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ckpt_tools.formats.regular import open_regular
from core.errors import GateError, InputError
from core.methods import all_methods, method_of
from core.models import all_families

_LOG_LINE = re.compile(rb"Network Parameters:\s*(\d{1,15})(?:\.|\s)?\s*(M)?\b")


@dataclass(frozen=True)
class Count:
    """A number of parameters and where it comes from; `exact` is False where the source rounds down to millions."""

    value: int
    source: str
    exact: bool = True

    def agrees(self, other: Count) -> bool:
        """Tell whether both can be counts of the same parameters."""
        if self.exact and other.exact:
            return self.value == other.value
        return self.value // 1_000_000 == other.value // 1_000_000


def count_checkpoint(path: Path) -> tuple[Count, Count]:
    """Count the parameters of a checkpoint or adapter file; return (trainable, total without them).

    Those that a tuning method adds are the trainable ones. Optimizer states, training counters (`adam_m.…`,
    `global_step`) and rotary frequencies are no parameters of the model and are left out. Files of MindFormers,
    Hugging Face, Meta and PEFT are known, and folders of theirs.

    Raises:
        InputError: a damaged file, or one without any parameter of a known model.
    """
    sizes, methods = _parameters(path), all_methods()
    added = sum(size for name, size in sizes.items() if any(method.owns(name) for method in methods))
    return Count(added, str(path)), Count(sum(sizes.values()) - added, str(path))


def count_adapter(path: Path) -> tuple[Count, Count]:
    """Count the parameters of an adapter, a folder or its tensors; return (trained, frozen ones that merging needs).

    Which are frozen says the adapter.json beside the tensors; without one all of them count as trained.

    Raises:
        InputError: as `count_checkpoint`, or a malformed adapter.json.
    """
    from ckpt_tools.merging.adapter import DESCRIPTION, TENSORS, read_info

    folder = path if path.is_dir() else path.parent
    if not (folder / DESCRIPTION).is_file() or path not in (folder, folder / TENSORS):
        return count_checkpoint(path)[0], Count(0, str(path))
    settings = read_info(folder).settings
    method = method_of(settings)
    # What is trained in full beside the method has the base's names.
    sizes = _parameters(folder / TENSORS)
    trained = sum(size for name, size in sizes.items() if method.trains(settings, name))
    return Count(trained, str(path)), Count(sum(sizes.values()) - trained, str(path))


def _parameters(path: Path) -> dict[str, int]:
    """Return name -> number of entries of a file's parameters; InputError where it has none."""
    from ckpt_tools.formats.sources import open_source

    families = all_families()
    with open_source(path) as tensors:
        sizes = {
            info.name: info.size
            for info in tensors.infos()
            if any(family.is_parameter(info.name) for family in families)
        }
    if not sizes:
        titles = " or a ".join(family.title for family in families)
        raise InputError(f"{path}: holds no parameter of a {titles} or of its adapter under a known name")
    return sizes


def count_log(path: Path) -> Count:
    """Find the number of trainable parameters that MindFormers logged.

    Both forms are known: `Network Parameters: 3 M.` (rounded down to millions) and the contest's own
    `Network Parameters: 3407872.`

    Raises:
        InputError: unreadable, no such line, or lines that contradict each other.
    """
    found: list[tuple[int, Count]] = []
    try:
        with open_regular(path) as stream:
            for number, line in enumerate(stream, start=1):
                if match := _LOG_LINE.search(line):
                    millions = match[2] is not None
                    value = int(match[1]) * (1_000_000 if millions else 1)
                    found.append((number, Count(value, f"{path}:{number}", exact=not millions)))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    if not found:
        raise InputError(f"{path}: has no line 'Network Parameters: …'; name the log of a worker (worker_0.log)")
    counts = [count for _, count in found]
    best = next((count for count in counts if count.exact), counts[0])
    for count in counts:
        if not count.agrees(best):
            raise InputError(f"{count.source}: {count.value} parameters, but {best.source} says {best.value}")
    return best


def agreed(counts: Sequence[Count], what: str) -> Count:
    """Return the most exact of several counts of the same parameters.

    Raises:
        GateError: two of them disagree; names both.
    """
    best = next((count for count in counts if count.exact), counts[0])
    for count in counts:
        if not count.agrees(best):
            raise GateError(
                f"{what} parameters: {best.source} says {best.value}, {count.source} says "
                f"{count.value if count.exact else f'{count.value // 1_000_000} M'}; they are not of the same training"
            )
    return best
