"""Mutated inputs against a reader for so many minutes; hypothesis draws the mutations.

    python tests/attacks/fuzz.py check --minutes 10
    python tests/attacks/fuzz.py all --minutes 10 --keep /tmp/found

An input has to be read or refused in one sentence, within the limits of `laid_out.LIMITS`. One that is not is written
to the folder given with --keep, and the script ends with 1.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
for _folder in (ROOT / "tests" / "submission", ROOT / "tests", ROOT):
    if str(_folder) not in sys.path:
        sys.path.insert(0, str(_folder))

from attacks import made  # noqa: E402
from attacks.bounded import READERS, Outcome, outcome  # noqa: E402
from attacks.laid_out import LIMITS, laid_out  # noqa: E402
from attacks.run import faults, passing_zip  # noqa: E402
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

_ROUND = 200  # inputs between two looks at the clock
_PIECES = (b"[", b"{", b'"', b"\\ud800", b"1e999", b"9" * 30, b"9" * 5000, b"*a", b"&a ", b"<<: ", b"NaN", b"null",
           b"\xff", b"\0", b"\n", b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"}q\0", b"h\0h\0\x86q\0", b"\x8a\xff",
           b"(a+)+", b"<!--=", b"-->", b"<!--/-->", b"![", b"-1", b"true", b"[]", b"{}")  # fmt: skip


class _Broken(AssertionError):
    """An input that a reader did not withstand."""


@st.composite
def _mutated(draw: st.DrawFn, seeds: list[bytes]) -> bytes:
    """Draw one of the seeds with a few bytes flipped, pieces put in, doubled or cut out."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 5))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.integers(0, 5))
        if kind == 0 and data:
            data[at] = draw(st.integers(0, 255))
        elif kind == 1:
            data[at:at] = draw(st.sampled_from(_PIECES))
        elif kind == 2:
            data[at : at + draw(st.integers(1, 40))] = b""
        elif kind == 3:
            data[at:at] = bytes(data[at : at + draw(st.integers(1, 400))]) * draw(st.integers(1, 20))
        elif kind == 4 and (digits := [found.span() for found in re.finditer(rb"\d+", bytes(data[at : at + 300]))]):
            begin, end = draw(st.sampled_from(digits))
            data[at + begin : at + end] = draw(st.sampled_from((b"0", b"-1", b"1e400", b"9" * 19, b"9" * 40, b"1.5")))
        else:
            data[at : at + 8] = draw(st.binary(min_size=8, max_size=8))
    return bytes(data)


def _members(whole: bytes) -> Callable[[bytes], bytes]:
    """Return what puts a mutated member into a whole zip; the first byte chooses which of them it replaces."""
    with zipfile.ZipFile(BytesIO(whole)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    names = [name for name in files if not name.startswith("code/")]

    def repacked(data: bytes) -> bytes:
        if data[:2] == b"PK" or not data:
            return data
        buffer = BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made_zip:
            for name, body in files.items():
                made_zip.writestr(name, data[1:] if name == names[data[0] % len(names)] else body)
        return buffer.getvalue()

    return repacked


def _zip_seeds(whole: bytes) -> list[bytes]:
    """Return the zip itself, and each of its members behind the byte that has it put in its place again."""
    with zipfile.ZipFile(BytesIO(whole)) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.startswith("code/")}
    return [whole, *(bytes([number]) + body for number, body in enumerate(files.values()))]


def _plain(data: bytes) -> bytes:
    return data


def _seeds(reader: str, folder: Path) -> tuple[list[tuple[str, bytes]], Callable[[bytes], bytes]]:
    """Return (suffix, seed) of a reader's inputs, and what makes an input of a mutated seed."""
    if reader == "check":
        whole = passing_zip(folder)
        return [(".zip", body) for body in _zip_seeds(whole)], _members(whole)
    if reader == "adapter":
        described = [made.adapter_json(text) for text in (".*wq|.*wv", ".*(wq|wv)", "w[qv]", "(?!w1)w.*")]
        return [(".json", body) for body in described], _plain
    if reader == "tokenizer":
        model = (ROOT / "assets" / "practice" / "tokenizer.model").read_bytes()
        ranks = b"".join(made.base64.b64encode(bytes([byte])) + b" %d\n" % byte for byte in range(256))
        files = [(f".{name.rpartition('.')[2]}", body) for name, body in made.tokenizer_files().items()]
        return [*files, (".sentencepiece", model), (".tiktoken", ranks)], _plain
    if reader == "settings":
        contests = sorted((ROOT / "configs" / "contests").glob("*.yaml"))
        lines = [b"train.epochs=2", b"data.quotas={mul: 5}", b"eval.http.url=http://h:1", b"train.betas=[0.9, 0.95]"]
        return [(".yaml", file.read_bytes()) for file in contests] + [(".txt", line) for line in lines], _plain
    if reader == "tensors":
        return [(".pth", made.whole_torch_file()), *_tensor_seeds(folder)], _plain
    laid = laid_out(reader, folder / "seeds", lambda: b"")
    small = [(path.suffix, path.read_bytes()) for path in laid.values() if path.stat().st_size < 100_000]
    return small, _plain


def _tensor_seeds(folder: Path) -> list[tuple[str, bytes]]:
    import numpy as np

    from ckpt_tools.formats.tensors import write_tensors

    found = []
    for suffix in (".safetensors", ".ckpt"):
        path = folder / f"seed{suffix}"
        write_tensors(path, {"w": np.ones((2, 3), np.float32), "层.b": np.zeros(4, np.int8)})
        found.append((suffix, path.read_bytes()))
    return found


def fuzz(reader: str, minutes: float, keep: Path | None, first: int = 0) -> int:
    """Fuzz a reader; return how many inputs it got.

    Raises:
        _Broken: one that it did not withstand.
    """
    end, inputs, refused, slowest = time.monotonic() + 60 * minutes, 0, 0, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seeds, whole = _seeds(reader, folder)
        by_suffix: dict[str, list[bytes]] = {}
        for suffix, body in seeds:
            by_suffix.setdefault(suffix, []).append(body)

        def attack(suffix: str, data: bytes) -> None:
            nonlocal inputs, refused, slowest
            path = folder / f"input{suffix}"
            if reader == "adapter":
                path = folder / "adapter"
                path.mkdir(exist_ok=True)
                (path / "adapter.json").write_bytes(data)
                (path / "adapter.safetensors").write_bytes(made.adapter_tensors("wq"))
            else:
                path.write_bytes(whole(data))
            found = made_outcome(reader, path)
            inputs, refused, slowest = inputs + 1, refused + bool(found.said), max(slowest, found.seconds)
            if wrong := faults(reader, {path.name: found}):
                if keep is not None:
                    keep.mkdir(parents=True, exist_ok=True)
                    (keep / f"{reader}-{inputs}{suffix}").write_bytes(whole(data))
                raise _Broken(f"{reader}: {wrong[0]}")

        number = first
        while time.monotonic() < end:
            for suffix, bodies in by_suffix.items():
                number += 1
                _round(attack, suffix, bodies, number)
        shutil.rmtree(folder / "seeds", ignore_errors=True)
    print(
        f"{reader:12} {inputs} inputs in {minutes:g} minutes, {refused} refused, none above {slowest:.1f} s", flush=True
    )
    return inputs


def made_outcome(reader: str, path: Path) -> Outcome:
    """Return what became of an input in this process."""
    return Outcome(name=path.name, **outcome(READERS[reader], path))


def _round(attack: Callable[[str, bytes], None], suffix: str, bodies: list[bytes], number: int) -> None:
    """Let hypothesis draw some inputs; each round begins with a number of its own."""

    @seed(number)
    @settings(
        max_examples=_ROUND,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(data=_mutated(bodies))
    def draw(data: bytes) -> None:
        attack(suffix, data)

    draw()


def main() -> int:
    """Fuzz the readers named, one after the other."""
    fuzzed = ("check", "tensors", "tokenizer", "adapter", "settings")
    parser = argparse.ArgumentParser(
        description="Mutated inputs against the kit's readers.",
        epilog="example: python tests/attacks/fuzz.py check --minutes 10",
    )
    parser.add_argument("reader", choices=[*LIMITS, "all"], help=f"all: {', '.join(fuzzed)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="for each reader (default: %(default)s)")
    parser.add_argument("--first", type=int, default=0, help="number of the first round")
    parser.add_argument("--keep", type=Path, help="folder for an input that a reader did not withstand")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    failed = False
    for reader in fuzzed if arguments.reader == "all" else (arguments.reader,):
        try:
            fuzz(reader, arguments.minutes, arguments.keep, arguments.first)
        except _Broken as error:
            print(error, file=sys.stderr)
            failed = True
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
