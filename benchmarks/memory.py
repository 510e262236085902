"""What training takes of memory beside what the plan says (finetune/training/memory.py), on the CPU.

Each size is trained for three steps in a process of its own, with MindFormers' network, adapter and optimizer and the
kit's train step, on rows of chance; its highest resident memory is held against the plan's parts. One size is nearly
all logits, one all feed-forward, one all attention scores; --sizes takes others.

    python benchmarks/memory.py
    python benchmarks/memory.py --sizes 512x8x8x1376x4000x256x8
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np

from core.config import load_contest
from core.errors import InputError, KitError, first_line, run_command
from core.schema import RunConfig
from finetune.training.memory import device_memory, load_of

_SIZES = ("256x2x4x512x12000x128x16", "256x4x4x3072x2000x128x16", "256x4x16x512x1000x256x8")
_STEPS = 3


def main(argv: Sequence[str]) -> int:
    """Measure and print; return the exit code: 3 where one is further off than --within."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=_SIZES, metavar="WIDTHxLAYERSxHEADSxINNERxVOCABULARYxLENGTHxROWS")
    parser.add_argument("--within", type=float, default=0.15, help="largest share that is well (default: %(default)s)")
    parser.add_argument("--one", metavar="SIZE", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.one:
        _train(_config(arguments.one))
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
        return 0
    worst = 0.0
    print(f"{'size':<36}{'planned':>10}{'measured':>10}{'off':>8}  parts in MB")
    for size in arguments.sizes:
        parts, peak = device_memory(load_of(_config(size))), _measured(size)
        planned = sum(parts.values())
        worst = max(worst, abs(planned / peak - 1))
        shown = " ".join(f"{name} {part / 1e6:,.0f}" for name, part in parts.items() if part > 5e6)
        print(
            f"{size:<36}{planned / 1e6:>7,.0f} MB{peak / 1e6:>7,.0f} MB{planned / peak - 1:>+8.1%}  {shown}", flush=True
        )
    return 0 if worst <= arguments.within else 3


def _config(size: str) -> RunConfig:
    if not re.fullmatch(r"\d{1,6}(x\d{1,6}){6}", size):
        raise InputError(f"size {size}: seven numbers are needed, such as {_SIZES[0]}")
    names = ("hidden_size", "num_layers", "num_heads", "intermediate_size", "vocab_size")
    numbers = size.split("x")
    settings = [f"model.{name}={number}" for name, number in zip(names, numbers, strict=False)]
    settings += [f"data.seq_length={numbers[5]}", f"train.batch_size={numbers[6]}"]
    return load_contest("practice_math", [*settings, "machine.workers=1", "machine.data_parallel=1"])


def _measured(size: str) -> int:
    done = subprocess.run([sys.executable, __file__, "--one", size], capture_output=True, text=True, check=False)
    if done.returncode:
        raise KitError(f"size {size}: {first_line(KitError(done.stderr[-2000:]))}")
    peak: int = json.loads(done.stdout.splitlines()[-1])["peak"]
    return peak


def _train(config: RunConfig) -> None:
    from backend.model_config import llama_config
    from backend.network import Network
    from core.models import family_of

    settings = llama_config(config.model, config.data.seq_length, config.machine)
    made = Network({key: value for key, value in settings.items() if key != "type"}, family_of(config.model))
    made.adapt(config.method)
    network = made._network
    import mindspore
    from mindformers.core.optim import AdamW

    from backend.training.train_step import PortableTrainOneStepCell

    network.set_train(True)
    optimizer = AdamW(network.trainable_params(), learning_rate=1e-4, betas=config.train.betas, eps=1e-8)
    step = PortableTrainOneStepCell(network, optimizer, use_clip_grad=True, max_grad_norm=1.0)
    shape = (config.train.batch_size, config.data.seq_length + 1)
    ids = np.random.default_rng(1).integers(4, config.model.vocab_size, shape).astype(np.int32)
    for _ in range(_STEPS):
        step(mindspore.Tensor(ids), mindspore.Tensor(ids))[0].asnumpy()


if __name__ == "__main__":
    sys.exit(run_command(main))
