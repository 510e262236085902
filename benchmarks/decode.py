"""How much batches and the key/value cache gain: questions per second of three ways to decode the same prompts.

Continuous batches (the engine as it is), one prompt at a time with the same cache, and one prompt at a time with the
full forward pass over the whole sequence for every token. The ways take turns, so that what else the machine does
meets all of them, and their texts have to be identical.

    python benchmarks/decode.py
    python benchmarks/decode.py --data dev-v1.1.json --prompts 100 --new-tokens 20 --min-new-tokens 20
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from core.config import kit_path, load_contest, model_tokenizer
from core.errors import InputError, run_command
from core.progress import say
from core.schema import RunConfig
from core.text.prompts import render
from data_convert.practice import reading
from data_convert.readers.squad_questions import read_questions
from inference.cpu.engine import CpuEngine
from inference.engine import GenerationSettings, Request
from inference.sampling import end_tokens

_SEED = 20


@dataclass
class Way:
    """One way to decode: `work` turns prompts into texts; seconds and prompts add up over its turns."""

    name: str
    work: Callable[[Sequence[str]], list[str]]
    seconds: float = 0.0
    texts: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def turn(self, prompts: Sequence[str]) -> None:
        """Decode some prompts."""
        started = time.perf_counter()
        found = self.work(prompts)
        self.seconds += time.perf_counter() - started
        self.count += len(prompts)
        self.texts.update(zip(prompts, found, strict=True))

    @property
    def rate(self) -> float:
        """Questions per second."""
        return self.count / self.seconds


def questions(config: RunConfig, data: Path | None, count: int) -> list[str]:
    """Return retention prompts: of a SQuAD or record file, or made as the practice contest's are."""
    records = read_questions(data, "contest")[0] if data else reading.records(count, _SEED)
    if len(records) < count:
        raise InputError(f"{data}: {len(records)} questions, --prompts asks for {count}")
    return list(dict.fromkeys(render(config.squad_prompt, record) for record in records))[:count]


def make_engine(config: RunConfig, batch_size: int) -> CpuEngine:
    """Make the engine with the practice base model."""
    model = config.model
    tokenizer = model_tokenizer(model)
    engine = CpuEngine(model.model_dump(), kit_path(model.checkpoint), tokenizer, batch_size, model.max_length)
    engine.use(config.squad_prompt)
    return engine


def recompute(engine: CpuEngine, prompt: str, fewest: int, most: int) -> str:
    """Decode one prompt with the full forward pass, logits of every position, for each token."""
    from inference.cpu.cache import Extension, nothing

    ids = engine._fit.ids(prompt, "prompt", engine._fit.limit(most))
    ends = end_tokens(engine.tokenizer)
    new: list[int] = []
    while len(new) < most:
        logits = Extension(engine._networks, nothing(engine._networks), [ids + new]).every()[0][-1]
        if len(new) < fewest:
            logits[ends] = float("-inf")
        token = int(logits.argmax())
        if token in ends:
            break
        new.append(token)
    return engine.tokenizer.decode(new)


def main(argv: Sequence[str]) -> int:
    """Run the three ways in turns and print their rates; exit code 1 where texts differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=500, help="number of prompts (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="SQuAD or record file; default: made as the practice contest's are")
    parser.add_argument("--new-tokens", type=int, help="most tokens of an answer; default: the practice contest's")
    parser.add_argument("--min-new-tokens", type=int, default=1, help="fewest (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="most sequences together (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=5, help="turns of each way (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    arguments = parser.parse_args(argv)
    config = load_contest("practice_math")
    prompts = questions(config, arguments.data, arguments.prompts)
    most = arguments.new_tokens or config.eval.squad.max_new_tokens
    fewest = arguments.min_new_tokens
    settings = GenerationSettings(most, fewest)
    engine = make_engine(config, arguments.batch)

    def together(some: Sequence[str]) -> list[str]:
        requests = [Request(str(number), prompt) for number, prompt in enumerate(some)]
        return [answer.text for answer in engine.generate(requests, settings)]

    ways = [
        Way("continuous batches", together),
        Way("one at a time, same cache", lambda some: [text for prompt in some for text in together([prompt])]),
        Way(
            "one at a time, all computed again",
            lambda some: [recompute(engine, prompt, fewest, most) for prompt in some],
        ),
    ]
    together(prompts[:2])  # compiles
    lengths = sorted(len(engine.tokenizer.encode(prompt)) for prompt in prompts)
    say(f"{len(prompts)} prompts of {lengths[0]} to {lengths[-1]} tokens, answers of at most {most}")
    for turn in range(arguments.turns):
        say(f"turn {turn + 1} of {arguments.turns}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        ways[0].turn(prompts)
        for way in ways[1:]:
            way.turn(prompts[turn :: arguments.turns])
    same = all(way.texts == ways[0].texts for way in ways)
    if arguments.json:
        rates = {way.name: way.rate for way in ways}
        print(json.dumps({"prompts": len(prompts), "questions_per_second": rates, "identical": same}, indent=2))
    else:
        for way in ways:
            print(
                f"{way.name:34} {way.rate:8.1f} questions/s  batches are {ways[0].rate / way.rate:5.1f} times as fast"
            )
        print("identical texts" if same else "TEXTS DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(run_command(main))
