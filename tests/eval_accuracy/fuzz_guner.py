"""Made pairs of files against a second, plain implementation of the scorer.

python tests/eval_accuracy/fuzz_guner.py --pairs 10000
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent), str(Path(__file__).resolve().parents[2])]

from plain_guner import judge

from eval_accuracy.ner.organiser import scored, written

_CHARACTERS = [*"王太守易讀書為甲乙", "𠮷", "\ufeff", "\u3000", "\t", " ", "\u2028", "\x85", "é", "é"]
_SIGNS = ["{", "}", "|", "{}", "|PER}", "{王", "\r", "\n", "\r\n", "{|PER}", "{王|PER}", "{王|PER|X}", "{王|LOC}", " "]
_KINDS = ["PER"] * 6 + ["OFI"] * 4 + ["BOOK"] * 2


def pair(seed: int) -> tuple[bytes, bytes]:
    """Return gold and response; most are sound and differ in their marks, others are damaged in text or marks."""
    rng = random.Random(seed)
    lines = [[_piece(rng) for _ in range(rng.randrange(5))] for _ in range(rng.randrange(6))]
    gold = _text(rng, lines, 0.0)
    response = _text(rng, lines, rng.choice([0.0, 0.3, 0.6]))
    if rng.random() < 0.15:
        gold = _damaged(rng, gold)
    if rng.random() < 0.5:
        response = _damaged(rng, response)
    ends = rng.choice(["\n", "\n", "\n", "\r\n", "\r"])
    raw = response.replace("\n", ends).encode()
    if rng.random() < 0.03:
        at = rng.randrange(len(raw) + 1)
        raw = raw[:at] + bytes([rng.choice([0xFF, 0xE7, 0x80])]) + raw[at:]
    return gold.encode(), raw


def _piece(rng: random.Random) -> tuple[str, str]:
    text = "".join(rng.choice(_CHARACTERS[: 9 if rng.random() < 0.8 else None]) for _ in range(rng.randrange(1, 4)))
    return text, rng.choice(_KINDS) if rng.random() < 0.5 else ""


def _text(rng: random.Random, lines: list[list[tuple[str, str]]], changes: float) -> str:
    written_lines = []
    for line in lines:
        parts = []
        for text, kind in line:
            if rng.random() < changes:
                kind = rng.choice([*_KINDS, "", "", "", ""])
            parts.append(f"{{{text}|{kind}}}" if kind else text)
        written_lines.append("".join(parts) + " " * (rng.random() < 0.05))
    ended = "\n" if written_lines and rng.random() < 0.8 else ""
    return "\n".join(written_lines) + ended


def _damaged(rng: random.Random, text: str) -> str:
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(text) + 1)
        action = rng.random()
        if action < 0.4:
            text = text[:at] + rng.choice(_SIGNS) + text[at:]
        elif action < 0.7:
            text = text[:at] + text[at + rng.randrange(1, 3) :]
        else:
            text = text[:at] + rng.choice(_CHARACTERS) + text[at + 1 :]
    return text


def check(seed: int) -> bool:
    """Hold the scorer against the plain one on a made pair, in the current folder; return whether it gave a score."""
    gold, response = pair(seed)
    Path("gold.txt").write_bytes(gold)
    Path("resp.txt").write_bytes(response)
    found, expected = scored("gold.txt", "resp.txt"), judge(gold, response)
    assert written(found) == json.dumps(expected), f"seed {seed}: {found} is not {expected}, of {gold!r}, {response!r}"
    return bool(found["success"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=10_000, help="how many pairs")
    parser.add_argument("--first", type=int, default=0, help="number of the first")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        right = sum(check(seed) for seed in range(arguments.first, arguments.first + arguments.pairs))
    print(f"{arguments.pairs} pairs alike: {right} with a score, {arguments.pairs - right} without")


if __name__ == "__main__":
    main()
