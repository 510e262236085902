"""How fast and in how much memory five adapters become five merged checkpoints: the kit, cp, MindFormers, PEFT.

The base has random weights in the tensor shapes of Llama3-8B, with fewer layers so that six copies fit on the disk; or
with all of them and fewer results.

- cp: the base is copied as often and each copy is brought to the disk; in turn with the kit, several rounds.
- MindFormers: its transform_ckpt_lora.py, once an adapter, on a file that holds base and adapter together, as its
  training writes it (making that file is not measured).
- PEFT: from_pretrained, merge_and_unload, save_pretrained, once an adapter, in one process; it needs an interpreter
  with PyTorch, transformers and PEFT (--peft-python or KIT_PEFT_PYTHON), and is left out without one.

Every time ends when the bytes are on the disk. Memory is the sum, over the processes that a command is at one time, of
the most that each has held (VmHWM). What MindFormers and PEFT merge is compared with the kit's, entry by entry.

    python benchmarks/merge.py --layers 4 --folder /data/scratch
    python benchmarks/merge.py --layers 32 --results 2 --others 0 --rounds 1 --folder /data/scratch
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

import numpy as np
import psutil

from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.tensor_file import DTYPES, TensorFile, TensorInfo
from ckpt_tools.formats.tensors import TensorWriter, open_tensors, tensor_layout
from ckpt_tools.merging.adapter import AdapterInfo, write_adapter
from core.config import load_model
from core.errors import GateError, InputError, run_command
from core.files import sha256_file
from core.methods.lora import LoraConfig
from core.models.llama import parameter_shapes, target_linears
from core.models.names import name_in
from core.places import ROOT
from core.progress import say
from core.schema import ModelConfig

STEPS = (10, 20, 30, 40, 50)
ALPHA_PER_RANK = 2
_BLOCK = 1 << 22
_PEFT = """
import sys
from peft import PeftModel
from transformers import AutoModelForCausalLM
base, out, *adapters = sys.argv[1:]
for number, adapter in enumerate(adapters):
    model = AutoModelForCausalLM.from_pretrained(base, dtype="bfloat16")
    model = PeftModel.from_pretrained(model, adapter).merge_and_unload()
    model.save_pretrained(f"{out}/{number}")
    del model
"""


class Taken:
    """What one command took.

    Attributes:
        seconds: from its start to its end, its files on the disk.
        memory: bytes, as the module's docstring says.
    """

    def __init__(self, seconds: float, memory: int) -> None:
        self.seconds, self.memory = seconds, memory


def take(command: Sequence[str | Path], folder: Path) -> Taken:
    """Run a command that writes into `folder`, and measure it; GateError where it fails."""
    environment = os.environ | {"LOCAL_DEFAULT_PATH": tempfile.gettempdir()}
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        process = subprocess.Popen([*map(str, command)], stdout=output, stderr=output, env=environment)
        watch = _Watch(process.pid)
        watch.start()
        code = process.wait()
        for path in folder.rglob("*"):
            if path.is_file():
                with path.open("rb") as stream:
                    os.fsync(stream.fileno())
        seconds = time.monotonic() - started
        watch.join()
        if code:
            output.seek(0)
            raise GateError(f"{command[:3]} failed: {output.read().decode(errors='replace')[-2000:]}")
    return Taken(seconds, watch.most)


class _Watch(threading.Thread):
    """Looks at a process and its children, fifty times a second, until it has ended."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self._process, self.most = process, 0

    def run(self) -> None:
        try:
            root = psutil.Process(self._process)
            while root.is_running() and root.status() != psutil.STATUS_ZOMBIE:
                held = [_most_held(process.pid) for process in (root, *root.children(recursive=True))]
                self.most = max(self.most, sum(held))
                time.sleep(0.02)
        except psutil.NoSuchProcess:
            pass


def _most_held(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def make_base(path: Path, model: ModelConfig) -> None:
    """Write a base model of random bfloat16 weights, in the names and the order of MindFormers."""
    infos = [TensorInfo(name, "bfloat16", shape) for name, shape in parameter_shapes(model).items()]
    layout = tensor_layout(path.suffix[1:], infos)
    random = np.random.default_rng(0)
    with TensorWriter(path, layout) as writer:
        for info in layout.infos:
            for at in range(0, info.size, _BLOCK):
                values = random.standard_normal(min(_BLOCK, info.size - at), dtype=np.float32)
                writer.write(info.name, (values * np.float32(0.02)).astype(DTYPES["bfloat16"]))
        writer.finish()


def make_adapters(
    folder: Path, model: ModelConfig, base_sha256: str, rank: int, targets: str, steps: Sequence[int]
) -> list[Path]:
    """Write an adapter of random float32 tensors for each step; deltas are around 2e-3, a tenth of the weights."""
    random = np.random.default_rng(1)
    made = []
    for step in steps:
        tensors = {}
        for weight, (out, into) in target_linears(model, targets).items():
            layer = weight.removesuffix(".weight") + ".mindpet_delta_lora_"
            tensors[layer + "a"] = random.standard_normal((rank, into), dtype=np.float32)
            tensors[layer + "b"] = random.standard_normal((out, rank), dtype=np.float32) * np.float32(1e-3 / rank**0.5)
        made.append(folder / f"step_{step}")
        settings = LoraConfig(name="lora", rank=rank, alpha=ALPHA_PER_RANK * rank, target_modules=targets)
        write_adapter(made[-1], tensors, AdapterInfo(settings, base_sha256, step, model.name))
    return made


def join(base: Path, adapter: Path, out: Path) -> None:
    """Write base and adapter into one file, as MindFormers' training does."""
    with open_tensors(base) as weights, open_tensors(adapter / "adapter.safetensors") as pairs:
        layout = tensor_layout("ckpt", [*weights.infos(), *pairs.infos()])
        with TensorWriter(out, layout) as writer:
            for info in layout.infos:
                for block in (weights if info.name in weights else pairs).read_slices(info.name, _BLOCK * 2):
                    writer.write(info.name, block)
            writer.finish()


def compared(ours: TensorFile, theirs: TensorFile, rename: Callable[[str], str]) -> str:
    """Compare two checkpoints entry by entry and say how far they are the same; GateError where they are not alike."""
    if {rename(name) for name in ours} != set(theirs):
        raise GateError(f"{theirs.path}: holds other tensors than {ours.path}")
    same = total = 0
    largest = 0.0
    for name in ours:
        blocks = zip(ours.read_slices(name, _BLOCK * 2), theirs.read_slices(rename(name), _BLOCK * 2), strict=True)
        for one, other in blocks:
            equal = int(np.count_nonzero(one.view(np.uint16) == other.view(np.uint16)))
            same, total = same + equal, total + one.size
            if equal < one.size:
                difference = np.abs(one.astype(np.float32) - other.astype(np.float32))
                largest = max(largest, float(difference.max()))
    if largest > 0.01:
        raise GateError(f"{theirs.path}: differs from {ours.path} by {largest:.3g}")
    return f"{100 * same / total:.4f} % of the entries identical, largest difference {largest:.2g}"


def main(argv: Sequence[str]) -> int:
    """Make the files, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=4, help="decoder layers; 32 are the whole model (default: 4)")
    parser.add_argument("--folder", type=Path, default=Path(), help="where a scratch folder is made (default: here)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of cp and the kit (default: 3)")
    parser.add_argument("--rank", type=int, default=8, help="rank of the adapters (default: 8)")
    parser.add_argument("--targets", default=".*wq|.*wv", help="target modules (default: .*wq|.*wv)")
    parser.add_argument("--results", type=int, choices=range(1, 6), default=5, help="adapters to merge (default: 5)")
    parser.add_argument("--others", type=int, help="adapters that MindFormers and PEFT merge (default: as many)")
    parser.add_argument("--peft-python", default=os.environ.get("KIT_PEFT_PYTHON"), help="interpreter with PEFT")
    arguments = parser.parse_args(argv)
    arguments.others = arguments.results if arguments.others is None else min(arguments.others, arguments.results)
    model = load_model("llama3_8b").model_copy(update={"num_layers": arguments.layers})
    size = 2 * sum(int(np.prod(shape)) for shape in parameter_shapes(model).values())
    # The base and the results; PEFT needs its base and its own results beside them.
    copies = 1 + arguments.results + (2 + arguments.others if arguments.others else 0)
    if shutil.disk_usage(arguments.folder).free < copies * size:
        raise InputError(f"{arguments.folder}: {copies * size / 1e9:.0f} GB are needed there; take fewer --layers")
    with tempfile.TemporaryDirectory(prefix="merge-", dir=arguments.folder) as name:
        Benchmark(Path(name), model, arguments).run()
    return 0


class Benchmark:
    """The files of one benchmark and what was measured with them."""

    def __init__(self, folder: Path, model: ModelConfig, arguments: argparse.Namespace) -> None:
        self.folder, self.model, self.arguments = folder, model, arguments
        self.base = folder / "base.ckpt"
        say(f"making a base of {arguments.layers} layers")
        make_base(self.base, model)
        sha256, steps = sha256_file(self.base), STEPS[: arguments.results]
        self.adapters = make_adapters(folder / "adapters", model, sha256, arguments.rank, arguments.targets, steps)
        self.out = folder / "ours"

    def run(self) -> None:
        """Measure one after the other and print a line of each."""
        gigabytes, arguments = self.base.stat().st_size / 1e9, self.arguments
        print(
            f"{arguments.results} merges of {gigabytes:.2f} GB each, {arguments.layers} layers, rank {arguments.rank} "
            f"on {arguments.targets}; load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"
        )
        copies, merges = self.rounds()
        copying, merging = (statistics.median(taken.seconds for taken in rounds) for rounds in (copies, merges))
        memory = max(taken.memory for taken in merges)
        ratios = sorted(merge.seconds / copy.seconds for copy, merge in zip(copies, merges, strict=True))
        _row("cp and fsync", copying, max(taken.memory for taken in copies), "")
        _row(
            "the kit", merging, memory,
            f"{statistics.median(ratios):.2f} times cp, round by round {', '.join(f'{one:.2f}' for one in ratios)}",
        )  # fmt: skip
        for label, work in (("MindFormers", self.mindformers), ("PEFT", self.peft)) if self.arguments.others else ():
            result = work()
            if isinstance(result, str):
                print(f"{label:14} left out: {result}")
                continue
            taken, remark = result
            factors = (
                f"{taken.seconds / merging:.1f} times the kit's time, {taken.memory / memory:.0f} times its memory"
            )
            _row(label, taken.seconds, taken.memory, f"{factors}; {remark}")

    def rounds(self) -> tuple[list[Taken], list[Taken]]:
        """Copy and merge in turn; the last merge stays."""
        copies, merges = [], []
        for number in range(self.arguments.rounds):
            say(f"round {number + 1} of {self.arguments.rounds}")
            shutil.rmtree(self.out, ignore_errors=True)
            copied = self.folder / "copies"
            copied.mkdir()
            # A clone of the file system's would copy nothing.
            one = 'for n in $2; do cp --reflink=never "$0" "$1/$n" && sync "$1/$n" || exit 1; done'
            numbers = " ".join(map(str, range(self.arguments.results)))
            copies.append(take(["sh", "-c", one, self.base, copied, numbers], copied))
            shutil.rmtree(copied)
            command = [sys.executable, ROOT / "ckpt_tools/merge.py", "--base", self.base, "--out", self.out]
            merges.append(take([*command, "--adapter", *self.adapters], self.out))
        return copies, merges

    def mindformers(self) -> tuple[Taken, str] | str:
        """Merge with MindFormers' script."""
        if importlib.util.find_spec("mindformers") is None:
            return "MindFormers is not installed"
        seconds, memory, remark = 0.0, 0, ""
        count = self.arguments.others
        for step, adapter in list(zip(STEPS, self.adapters, strict=False))[:count]:
            say(f"MindFormers: step {step}")
            joined, out = self.folder / "joined.ckpt", self.folder / "theirs"
            join(self.base, adapter, joined)
            out.mkdir()
            command = [sys.executable, "-m", "mindformers.tools.transform_ckpt_lora", "--dst_ckpt_dir", out]
            taken = take([*command, "--src_ckpt_path_or_dir", joined, "--lora_scaling", str(ALPHA_PER_RANK)], out)
            seconds, memory = seconds + taken.seconds, max(memory, taken.memory)
            with open_tensors(self.out / f"step_{step}.ckpt") as ours, open_tensors(out / "merged_lora.ckpt") as theirs:
                remark = compared(ours, theirs, str)
            shutil.rmtree(out)
            joined.unlink()
        return Taken(seconds * self.arguments.results / count, memory), self._scaled(remark)

    def peft(self) -> tuple[Taken, str] | str:
        """Merge with PEFT."""
        python, count = self.arguments.peft_python, self.arguments.others
        if not python:
            return "no interpreter with PyTorch and PEFT was named (--peft-python)"
        if subprocess.run([python, "-c", "import torch, peft, transformers"], capture_output=True).returncode:
            return f"{python} has no PyTorch, transformers and PEFT"
        say("PEFT: converting base and adapters")
        hf, out = self.folder / "hf", self.folder / "peft"
        (self.folder / "model.yaml").write_text(json.dumps(self.model.model_dump(mode="json")), encoding="utf-8")
        words = [self.base, "--to", "hf", "--model", self.folder / "model.yaml", "--out", hf / "model.safetensors"]
        _prepare("convert.py", *words, "--config", hf / "config.json")
        adapters = self.adapters[:count]
        for adapter in adapters:
            _prepare("peft.py", "to", adapter, "--base-name", hf, "--out", self.folder / "peft_adapters" / adapter.name)
        out.mkdir()
        say("PEFT: merging")
        taken = take(
            [python, "-c", _PEFT, hf, out, *(self.folder / "peft_adapters" / one.name for one in adapters)], out
        )
        remark = ""
        for number, adapter in enumerate(adapters):
            with open_tensors(self.out / f"{adapter.name}.ckpt") as ours, open_source(out / str(number)) as theirs:
                remark = compared(ours, theirs, lambda name: name_in("hf", name))
        return Taken(taken.seconds * self.arguments.results / count, taken.memory), self._scaled(remark)

    def _scaled(self, remark: str) -> str:
        count, results = self.arguments.others, self.arguments.results
        return remark if count == results else f"{remark}; {count} merges measured, times {results}/{count}"


def _prepare(script: str, *words: str | Path) -> None:
    subprocess.run([sys.executable, ROOT / "ckpt_tools" / script, *words], check=True, stdout=subprocess.DEVNULL)


def _row(label: str, seconds: float, memory: int, remark: str) -> None:
    print(f"{label:14} {seconds:8.1f} s {memory / 1e6:8.0f} MB  {remark}", flush=True)


if __name__ == "__main__":
    sys.exit(run_command(main))
