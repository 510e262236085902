"""The whole of the hostile inputs, which takes some minutes; the tests run a part of each.

python tests/attacks/run.py                 all readers
python tests/attacks/run.py check tensors   some of them
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for _folder in (ROOT / "tests" / "submission", ROOT / "tests", ROOT):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

from attacks.bounded import Outcome, attacked  # noqa: E402
from attacks.laid_out import LIMITS, laid_out  # noqa: E402

# Every so many of a reader's inputs are a part of the tests.
SHORT = {"check": 3, "tensors": 1, "adapter": 3, "tokenizer": 1, "settings": 11, "foreign_yaml": 1, "documents": 3,
         "texts": 2}  # fmt: skip


def passing_zip(folder: Path) -> bytes:
    """Return a small zip that the checker passes."""
    from run_folder import make_run

    from submission.package.build import build

    project = folder / "project"
    for name in ("LICENSE", "README.md", "core/__init__.py", "core/a.py"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("#\n", encoding="utf-8")
    built = build(make_run(folder / "run"), root=project)
    assert built.verdict is not None
    assert built.verdict.problems == ()
    return built.path.read_bytes()


def faults(reader: str, outcomes: Mapping[str, Outcome]) -> list[str]:
    """Return a line for each input that crashed its reader or took more than it may."""
    seconds, megabytes = LIMITS[reader]
    found = []
    for name, one in outcomes.items():
        if one.crashed:
            found.append(f"{name}: crash: {one.said}")
        if one.seconds > seconds:
            found.append(f"{name}: {one.seconds} s of processor time, allowed {seconds}")
        if one.megabytes > megabytes:
            found.append(f"{name}: up to {one.megabytes} MB, allowed {megabytes}")
    return found


def main() -> int:
    """Attack the readers with all there is; 1 where one of them did not hold."""
    parser = argparse.ArgumentParser(
        description="Hostile inputs against the kit's readers, in processes of their own.",
        epilog="example: python tests/attacks/run.py check tensors",
    )
    parser.add_argument("reader", nargs="*", choices=[*LIMITS, []], help="default: all of them")
    failed = False
    for reader in parser.parse_args().reader or LIMITS:
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            outcomes = attacked(reader, laid_out(reader, place / "in", lambda at=place: passing_zip(at)))
        slowest = max(outcomes.values(), key=lambda one: one.seconds)
        refused = sum(bool(one.said) for one in outcomes.values())
        peak = max(one.megabytes for one in outcomes.values())
        print(f"{reader:14} {len(outcomes)} inputs, {refused} refused, {peak} MB, {slowest.seconds} s ({slowest.name})")
        for line in faults(reader, outcomes):
            print(f"  {line}")
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
