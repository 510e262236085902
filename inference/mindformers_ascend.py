"""MindFormers' own generation on an Ascend NPU, with its paged key/value cache (`use_past: True`).

It needs an NPU with CANN. MindSpore and MindFormers are imported when the engine is made.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import InputError
from core.progress import say
from inference.engine import Completion, OnDone, cut_at_stop
from inference.mindspore_cpu import Tokenizer

_BLOCK = 16


def ascend_devices() -> int:
    """Return the number of NPUs that the driver shows, without importing MindSpore."""
    return len(list(Path("/dev").glob("davinci[0-9]*")))


def generation_settings(model: Mapping[str, Any], batch_size: int, max_length: int) -> dict[str, Any]:
    """Return LlamaConfig settings for cached generation: the model's own, and what prediction on an NPU needs."""
    blocks = batch_size * -(-max_length // _BLOCK)
    return {
        **model,
        "batch_size": batch_size,
        "seq_length": max_length,
        "use_past": True,
        "use_flash_attention": True,
        "is_dynamic": True,
        "do_sample": False,
        "block_size": _BLOCK,
        "num_blocks": max(512, blocks),
    }


class AscendEngine:
    """An `Engine` over MindFormers' `generate` on one NPU; arguments as for `inference.mindspore_cpu.MindSporeEngine`.

    Raises:
        InputError: no NPU on this machine, or a checkpoint that does not fit the model.
    """

    def __init__(
        self,
        model: Mapping[str, Any],
        checkpoint: Path,
        tokenizer: Tokenizer,
        batch_size: int = 8,
        max_length: int = 2048,
        bos: bool = False,
    ) -> None:
        if not ascend_devices():
            raise InputError("no Ascend NPU on this machine (/dev/davinci*); choose machine=cpu or an HTTP server")
        os.environ["RUN_MODE"] = "predict"  # MindFormers' networks read it when they are made
        import mindspore as ms
        from mindformers.models.llama import LlamaConfig, LlamaForCausalLM

        ms.set_context(mode=ms.GRAPH_MODE, device_target="Ascend")
        self.tokenizer, self.batch_size, self.max_length, self.bos = tokenizer, batch_size, max_length, bos
        self._network = LlamaForCausalLM(LlamaConfig(**generation_settings(model, batch_size, max_length)))
        self._network.set_train(False)
        self.load(checkpoint)

    def load(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same model."""
        import mindspore as ms

        file_format = "safetensors" if checkpoint.suffix == ".safetensors" else "ckpt"
        stored = ms.load_checkpoint(str(checkpoint), format=file_format)
        missing, unexpected = ms.load_param_into_net(self._network, stored, strict_load=False)
        # The cache of paged attention is made of parameters too, and no checkpoint holds it.
        missing = [name for name in missing if "key_cache" not in name and "value_cache" not in name]
        if missing or unexpected:
            raise InputError(
                f"{checkpoint}: does not fit the model: missing {missing[:3]}, unexpected {unexpected[:3]}"
            )

    def generate(
        self,
        prompts: Sequence[str],
        max_new_tokens: int,
        min_new_tokens: int = 1,
        stop: Sequence[str] = (),
        on_done: OnDone | None = None,
    ) -> list[Completion]:
        """Continue each prompt greedily, in batches of like length; see `Engine.generate`."""
        room = self.max_length - max_new_tokens
        if max_new_tokens < 1 or room < 1:
            raise InputError(f"max_new_tokens {max_new_tokens} must lie between 1 and max_length {self.max_length} - 1")
        start = [self.tokenizer.bos_id] if self.bos else []
        full = [start + list(self.tokenizer.encode(prompt)) for prompt in prompts]
        ids = [tokens if len(tokens) <= room else start + tokens[len(tokens) - room + len(start) :] for tokens in full]
        cut = sum(len(tokens) > room for tokens in full)
        if cut:
            say(f"{cut} prompts are longer than {room} tokens and lost their beginning")
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        found: dict[int, Completion] = {}
        for first in range(0, len(order), self.batch_size):
            group = order[first : first + self.batch_size]
            started = time.perf_counter()
            outputs = self._generate([ids[index] for index in group], max_new_tokens, min_new_tokens)
            seconds = time.perf_counter() - started
            for index, output in zip(group, outputs, strict=False):
                new = self._answer(output, len(ids[index]))
                text = cut_at_stop(self.tokenizer.decode(new), stop)
                found[index] = Completion(text, len(new), seconds)
                if on_done is not None:
                    on_done(index, found[index])
        return [found[index] for index in range(len(prompts))]

    def loglikelihood(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[float]:
        """Not offered by MindFormers' generation."""
        raise InputError("log-likelihoods are not available on Ascend yet; use the CPU engine or an HTTP server")

    def _generate(self, ids: list[list[int]], most: int, fewest: int) -> list[Sequence[int]]:
        """Run MindFormers' generation on a batch, filled up to its fixed size with the last prompt."""
        padded = ids + [ids[-1]] * (self.batch_size - len(ids))
        outputs: list[Sequence[int]] = self._network.generate(
            input_ids=padded,
            do_sample=False,
            max_new_tokens=most,
            min_new_tokens=fewest,
            eos_token_id=self.tokenizer.eos_id,
            pad_token_id=self.tokenizer.pad_id,
        )
        return outputs[: len(ids)]

    def _answer(self, output: Sequence[int], prompt_length: int) -> list[int]:
        """Return the generated tokens of one output, which begins with its prompt, up to the first end token."""
        new = [int(token) for token in output[prompt_length:]]
        ends = [place for place, token in enumerate(new) if token in (self.tokenizer.eos_id, self.tokenizer.pad_id)]
        return new[: ends[0]] if ends else new
