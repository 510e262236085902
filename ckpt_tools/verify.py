"""Command: prove merged checkpoints by MindFormers' own model: base + adapter and the merged file give equal logits.

`python ckpt_tools/verify.py --run RUN` takes all that it needs from a run. Base + adapter and the merged file are each
loaded strictly into `LlamaForCausalLM` on the CPU in float32: no name missing, none unexpected, no shape differing.
MindSpore is imported when the comparison starts.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
import numpy as np

from backend.network import Network, logs_apart
from ckpt_tools.formats.floats import cast
from ckpt_tools.formats.index import opened_by
from ckpt_tools.formats.tensor_file import Array, TensorFile
from ckpt_tools.formats.tensors import open_tensors
from ckpt_tools.merging.adapter import Adapter, open_adapter
from ckpt_tools.merging.checks import checked_base
from ckpt_tools.verification.weights import fill
from core.command import command_parser
from core.errors import GateError, InputError, run_command
from core.files import read_json
from core.models import family_with
from core.progress import say
from core.terminal import laid_out, show_json, show_text

TOLERANCES = {"float32": 1e-4, "float16": 2e-2, "bfloat16": 1e-1}
# A sum that is rounded once is the same however it is taken, but for the rare entries halfway between two numbers.
_BEYOND_ROUNDING = 1e-3
# Where merging changed this much of what the adapter does, a user has to know, within the tolerance or not.
_LOST_WARNING = 0.3
_RAW = ("base", "adapter", "merged", "config", "prompts")


def verify(
    base: Path,
    merges: Sequence[tuple[Path, Path]],
    config: Mapping[str, Any],
    prompts: Sequence[Sequence[int]],
    tolerance: float | None = None,
) -> list[dict[str, Any]]:
    """Compare the logits of base + adapter with those of the merged checkpoint, for one merge or several.

    What a short type rounds away may be as large as what the adapter does. So the merged file is also compared with
    the sum of W and its update as it is taken here, rounded to the file's types: that leaves no room for a wrong
    scaling or step.

    Args:
        base: the base model's checkpoint.
        merges: (adapter folder, merged checkpoint) of each merge; the adapters differ in step only. Of a checkpoint in
            several files, the base too, its index or its folder.
        config: keyword arguments of MindFormers' configuration of the model; what the CPU needs is set over them.
        prompts: token ids, one list a prompt, each at most `seq_length` long.
        tolerance: largest difference allowed, as a share of the largest logit; by the merged file's widest rounding
            (`TOLERANCES`) where None.

    Returns:
        For each merge {"step", "merged", "prompts", "tokens", "max_difference", "max_logit", "relative", "tolerance",
        "same_next_token" (share of positions whose most probable token is the same), "base_difference" (largest
        difference between the base alone and base + adapter: how much the adapter does), "beyond_rounding" (largest
        difference from the sum rounded here, as a share of the largest logit), "passed": True}.

    Raises:
        InputError: files that do not fit the model or each other, or token ids that do not fit the configuration.
        GateError: the logits of a merge differ by more than the tolerance, or by more than rounding explains; all that
            do are named.
    """
    base = opened_by(base)
    rows, lengths = _padded(prompts, config), [len(prompt) for prompt in prompts]
    with ExitStack() as stack:
        stack.enter_context(logs_apart())
        base_file = stack.enter_context(open_tensors(base))
        adapters = [stack.enter_context(open_adapter(adapter)) for adapter, _ in merges]
        merged = [stack.enter_context(open_tensors(opened_by(path))) for _, path in merges]
        checked_base(base, adapters)
        _refuse_unlike(adapters)
        network = Network(config, family_with(base_file.entries))

        def logits(*sources: TensorFile) -> Array:
            fill(network, *sources)
            return network.logits(rows, lengths)

        alone = logits(base_file)
        folded, beyond = [], []
        for adapter, file in zip(adapters, merged, strict=True):
            folded.append(logits(file))
            fill(network, file, read=partial(_rounded, base_file, adapter, file))
            beyond.append(float(np.abs(network.logits(rows, lengths) - folded[-1]).max()))
        network.adapt(adapters[0].info.settings)
        results = [
            {
                "step": adapter.info.step,
                "merged": str(file.path),
                "prompts": len(prompts),
                "tokens": sum(lengths),
                **_compared(logits(base_file, adapter.tensors), one, alone, apart),
                "tolerance": _tolerance(file) if tolerance is None else tolerance,
                "passed": True,
            }
            for adapter, file, one, apart in zip(adapters, merged, folded, beyond, strict=True)
        ]
    _judge(results)
    return results


def _refuse_unlike(adapters: Sequence[Adapter]) -> None:
    first, *others = adapters
    for other in others:
        if other.info.settings != first.info.settings:
            raise InputError(f"{other.path}: its method's settings are not those of {first.path}; verify it alone")


def _tolerance(merged: TensorFile) -> float:
    return max(TOLERANCES.get(info.dtype, 0.0) for info in merged.infos())


def _rounded(base: TensorFile, adapter: Adapter, merged: TensorFile, name: str) -> Array:
    """Return what a tensor of the merged file should be: W + its update in float32, rounded to the file's type."""
    values = base.read(name).astype(np.float32)
    if name in adapter.changes:
        rows = values.reshape(len(values), -1)
        delta = np.empty_like(rows)
        update = adapter.update(name, np.float32)
        update.delta(0, rows, delta)
        rows[:] = update.total(0, rows, delta)
    return cast(values, merged[name].dtype)


def _compared(adapted: Array, folded: Array, alone: Array, beyond: float) -> dict[str, float]:
    """Return the figures of one merge from the logits [positions, vocabulary] of three models.

    Args:
        adapted: base + adapter.
        folded: the merged file.
        alone: the base.
        beyond: largest difference of the merged file from the sum rounded here.
    """
    difference, largest = float(np.abs(adapted - folded).max()), float(np.abs(adapted).max())
    return {
        "max_difference": difference,
        "max_logit": largest,
        "relative": difference / largest if largest else difference,
        "same_next_token": float((adapted.argmax(-1) == folded.argmax(-1)).mean()),
        "base_difference": float(np.abs(alone - adapted).max()),
        "beyond_rounding": beyond / largest if largest else beyond,
    }


def _judge(results: Sequence[Mapping[str, Any]]) -> None:
    """Raise GateError for merges beyond their tolerance; warn of those that lost much of what their adapter does."""
    # Written so that a difference that is not a number fails.
    failed = [one for one in results if not one["relative"] <= one["tolerance"]]
    wrong = [one for one in results if not one["beyond_rounding"] <= _BEYOND_ROUNDING]
    if failed:
        named = ", ".join(f"{one['merged']} by {one['relative']:.3g}" for one in failed)
        raise GateError(
            f"the logits differ from those of base and adapter, as a share of the largest: {named} "
            f"(allowed {failed[0]['tolerance']:.3g}); merge again"
        )
    if wrong:
        named = ", ".join(f"{one['merged']} by {one['beyond_rounding']:.3g}" for one in wrong)
        raise GateError(
            "the logits differ from those of base and adapter by more than rounding explains, as a share of the "
            f"largest: {named} (allowed {_BEYOND_ROUNDING:.3g}); merge again"
        )
    for one in results:
        if one["max_difference"] > _LOST_WARNING * one["base_difference"]:
            say(
                f"warning: {one['merged']}: merging changed the logits by {one['max_difference']:.3g}, the adapter by "
                f"{one['base_difference']:.3g}; rounding may have swallowed it (--dtype float32 keeps it)"
            )


def _padded(prompts: Sequence[Sequence[int]], config: Mapping[str, Any]) -> Array:
    """Return the prompts as rows [prompts, seq_length] of int32, padded at the end."""
    length, vocabulary = config.get("seq_length"), config.get("vocab_size")
    if type(length) is not int or type(vocabulary) is not int:
        raise InputError("the model's configuration has to give seq_length and vocab_size")
    if not prompts:
        raise InputError("no prompt to compare logits on")
    # Causal attention: what stands after a prompt does not change its logits, so any token can fill the row.
    rows = np.zeros((len(prompts), length), dtype=np.int32)
    for number, prompt in enumerate(prompts, start=1):
        if not 1 <= len(prompt) <= length:
            raise InputError(
                f"prompt {number}: {len(prompt)} tokens; between 1 and {length} (seq_length) fit the model"
            )
        wrong = [token for token in prompt if type(token) is not int or not 0 <= token < vocabulary]
        if wrong:
            raise InputError(f"prompt {number}: {wrong[0]!r} is not a token id of a vocabulary of {vocabulary}")
        rows[number - 1, : len(prompt)] = prompt
    return rows


def main(argv: Sequence[str]) -> int:
    """Compare, print the figures."""
    arguments = _arguments(argv)
    if arguments.run is not None:
        results = _verify_run(arguments)
    else:
        config, prompts = read_json(arguments.config), read_json(arguments.prompts)
        if not isinstance(config, dict):
            raise InputError(f"{arguments.config}: must be a JSON object of LlamaConfig's arguments")
        if not isinstance(prompts, list) or not all(isinstance(prompt, list) for prompt in prompts):
            raise InputError(f"{arguments.prompts}: must be a JSON list of lists of token ids")
        merges = [(arguments.adapter, arguments.merged)]
        results = verify(arguments.base, merges, config, prompts, arguments.tolerance)
    if arguments.json:
        show_json({"checkpoints": results})
    else:
        show_text(_table(results))
    return 0


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    parser = command_parser(
        "ckpt_tools/verify.py",
        "Compare the logits of base + adapter with those of the merged file (MindFormers on the CPU): "
        "of a run's merged checkpoints (--run), or of any files.",
        "example: python ckpt_tools/verify.py --run logs/latest",
        json="the result",
    )
    parser.add_argument("--run", help="run folder; its own questions are the prompts")
    parser.add_argument("--step", type=int, nargs="+", metavar="N", help="only these steps of the run (default: all)")
    parser.add_argument(
        "--questions", type=int, default=4, help="how many retention and test questions each (default: %(default)s)"
    )
    files = parser.add_argument_group("without a run, all of these")
    files.add_argument("--base", type=Path, help="the base model's checkpoint")
    files.add_argument("--adapter", type=Path, help="the adapter folder")
    files.add_argument("--merged", type=Path, help="the merged checkpoint")
    files.add_argument("--config", type=Path, help="JSON object of LlamaConfig's arguments")
    files.add_argument("--prompts", type=Path, help="JSON list of lists of token ids")
    parser.add_argument("--tolerance", type=float, help="largest difference, as a share of the largest logit")
    arguments = parser.parse_args(argv)
    given = [key for key in _RAW if getattr(arguments, key) is not None]
    if arguments.run is not None and given:
        raise InputError(f"--{given[0]} does not go with --run, which takes it from the run")
    if arguments.run is None and len(given) < len(_RAW):
        missing = next(key for key in _RAW if key not in given)
        raise InputError(f"give --run RUN, or all of --{', --'.join(_RAW)} (--{missing} is missing)")
    if arguments.run is None and arguments.step is not None:
        raise InputError("--step chooses among a run's checkpoints; give --run with it")
    return arguments


def _verify_run(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    from ckpt_tools.verification.subject import subject_of
    from core.run_folder import find_run

    subject = subject_of(find_run(arguments.run), arguments.step, arguments.questions)
    return verify(subject.base, list(subject.merges.values()), subject.config, subject.prompts, arguments.tolerance)


def _table(results: Sequence[Mapping[str, Any]]) -> str:
    head = f"{'step':>8} {'prompts':>8} {'tokens':>7} {'difference':>11} {'of logits':>10} {'allowed':>8}"
    lines = [f"{head} {'same token':>11} {'adapter does':>13}"]
    for one in results:
        figures = f"{one['max_difference']:11.3g} {one['relative']:10.3g} {one['tolerance']:8.3g}"
        lines.append(
            f"{one['step']:8} {one['prompts']:8} {one['tokens']:7} {figures} {one['same_next_token']:11.2%} "
            f"{one['base_difference']:13.3g}"
        )
    return laid_out([*lines, f"{len(results)} merged checkpoints give the logits of base and adapter"])


if __name__ == "__main__":
    sys.exit(run_command(main))
