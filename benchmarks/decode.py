"""How much batches and the key/value cache gain: questions per second of three ways to decode the same prompts.

Batches with a cache (the engine as it is), one prompt at a time with the same cache, and one prompt at a time with
the whole sequence computed again for every token. The texts have to be identical.

    python benchmarks/decode.py --prompts 100 --shortest 80 --longest 200 --new-tokens 12
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np

from ckpt_tools.tensors import write_tensors
from core.errors import run_command
from inference.llama_weights import LlamaShape
from inference.mindspore_cpu import MindSporeEngine

# The shape of the practice model.
MODEL = {
    "hidden_size": 160, "num_layers": 4, "num_heads": 5, "intermediate_size": 448, "vocab_size": 1088,
    "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3,
}  # fmt: skip


class Numbers:
    """A tokenizer whose texts are the token ids themselves."""

    bos_id, eos_id, pad_id = 1, 2, 3

    def encode(self, text: str) -> list[int]:
        """Return the ids."""
        return [int(word) for word in text.split()]

    def decode(self, ids: Sequence[int]) -> str:
        """Return the ids as text."""
        return " ".join(str(token) for token in ids if token > self.pad_id)


def write_random_checkpoint(path: Path, seed: int) -> None:
    """Write random weights whose likeliest token is clear, so that rounding cannot change it."""
    rng = np.random.default_rng(seed)
    shapes = LlamaShape.from_settings(MODEL).tensors().items()
    write_tensors(
        path,
        {name: (rng.normal(size=size) * 0.2 + ("norm" in name)).astype(np.float32) for name, size in shapes},
    )


def recompute(engine: MindSporeEngine, prompts: Sequence[str], new_tokens: int) -> list[str]:
    """Decode one prompt at a time and compute the whole sequence for every token."""
    from inference.llama_batch import Batch

    texts = []
    for prompt in prompts:
        ids = engine.tokenizer.encode(prompt)
        start = len(ids)
        while len(ids) - start < new_tokens:
            logits = Batch(engine._networks, [ids]).prefill()[0]
            if len(ids) == start:
                logits[sorted(engine.ends)] = -np.inf
            token = int(logits.argmax())
            if token in engine.ends:
                break
            ids.append(token)
        texts.append(engine.tokenizer.decode(ids[start:]))
    return texts


def timed(work: Callable[[], list[str]]) -> tuple[list[str], float]:
    """Return what `work` returns and the seconds it took."""
    started = time.perf_counter()
    return work(), time.perf_counter() - started


def main(argv: Sequence[str]) -> int:
    """Run the three ways and print their rates."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=60, help="number of prompts (default: %(default)s)")
    parser.add_argument("--shortest", type=int, default=80, help="tokens of the shortest (default: %(default)s)")
    parser.add_argument("--longest", type=int, default=200, help="tokens of the longest (default: %(default)s)")
    parser.add_argument("--new-tokens", type=int, default=12, help="tokens of an answer (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="batch size (default: %(default)s)")
    options = parser.parse_args(argv)
    rng = np.random.default_rng(0)
    sizes = rng.integers(options.shortest, options.longest + 1, options.prompts)
    prompts = [" ".join(map(str, rng.integers(4, MODEL["vocab_size"], size))) for size in sizes]
    most = options.new_tokens
    with tempfile.TemporaryDirectory() as folder:
        write_random_checkpoint(Path(folder) / "random.ckpt", seed=1)
        engine = MindSporeEngine(MODEL, Path(folder) / "random.ckpt", Numbers(), max_length=options.longest + most)

    def generate(batch_size: int) -> list[str]:
        engine.batch_size = batch_size
        return [answer.text for answer in engine.generate(prompts, most)]

    _, compiling = timed(lambda: [answer.text for answer in engine.generate(prompts[:4], 3)])
    print(f"{'compiling':34} {compiling:8.1f} s")
    batched, seconds = timed(lambda: generate(options.batch))
    print(
        f"{'batches of ' + str(options.batch) + ', cache':34} {seconds:8.1f} s {len(prompts) / seconds:8.1f} prompts/s"
    )
    for label, work in (
        ("one at a time, cache", lambda: generate(1)),
        ("one at a time, everything again", lambda: recompute(engine, prompts, most)),
    ):
        texts, took = timed(work)
        same = "identical text" if texts == batched else "TEXT DIFFERS"
        rate = f"{took:8.1f} s {len(prompts) / took:8.1f} prompts/s"
        print(f"{label:34} {rate}  {took / seconds:5.1f} times slower, {same}")
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
