"""Command: print the packages of an extra of pyproject.toml, or those of them that this Python lacks.

Runs before anything is installed: with nothing but Python 3.10 or later and its pip. `finetune/setup.sh` calls it.

python finetune/dependencies.py train             # one requirement a line, those of the extras in it too
python finetune/dependencies.py train --missing   # the names of those that are not there, on one line
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    from pip._vendor import tomli as tomllib  # Python 3.10 has no reader of TOML but pip's

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
_NAME = re.compile(r"[\w.-]+")


def requirements(extra: str, pyproject: Path = PYPROJECT) -> list[str]:
    """Return what an extra needs, sorted, with what the project's own extras in it need; KeyError without it."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    return sorted({*project["dependencies"], *_expanded(project, extra)}, key=str.lower)


def _expanded(project: dict[str, Any], extra: str) -> Iterator[str]:
    for line in project["optional-dependencies"][extra]:
        if line.startswith(f"{project['name']}["):
            for other in line.partition("[")[2].rstrip("]").split(","):
                yield from _expanded(project, other.strip())
        else:
            yield line


def is_there(requirement: str) -> bool:
    """Tell whether a package is installed, in whatever version, or lies on the path as a module (a source tree)."""
    name = re.match(_NAME, requirement)[0]  # type: ignore[index]
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return find_spec(name.replace("-", "_")) is not None
    return True


def main(argv: list[str]) -> int:
    """Print what is asked for."""
    if not argv or argv[1:] not in ([], ["--missing"]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        needed = requirements(argv[0])
    except KeyError:
        print(f"error: pyproject.toml has no extra {argv[0]!a}", file=sys.stderr)
        return 2
    if argv[1:]:
        print(" ".join(line.partition("==")[0] for line in needed if not is_there(line)))
    else:
        print("\n".join(needed))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
