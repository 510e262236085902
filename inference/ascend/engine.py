"""MindFormers on an Ascend NPU: its generation with the paged key/value cache (`use_past: True`), and its forward pass.

It needs an NPU with CANN. MindSpore and MindFormers are imported when the engine is made.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.model_config import llama_config
from core.errors import InputError
from core.schema import RunConfig
from core.text.prompts import Prompt
from core.text.tokenizers import Tokenizer
from inference.ascend.loglikelihood import LikelihoodScorer
from inference.cpu.weights import LlamaShape
from inference.engine import Completion, GenerationSettings, OnDone, OnScored, Request, cut_at_stop
from inference.prompt_fit import PromptFit
from inference.sampling import Sampling, draw, end_tokens

_BLOCK = 16
_CACHE_BYTES = 8 << 30  # of an NPU's memory; 8B parameters of two bytes and this fit 32 GB


def ascend_devices() -> int:
    """Return the number of NPUs that the driver shows, without importing MindSpore."""
    return len(list(Path("/dev").glob("davinci[0-9]*")))


def check_devices(wanted: int) -> None:
    """Make sure that this machine has so many NPUs; InputError where it has fewer."""
    found = ascend_devices()
    if found < wanted:
        raise InputError(
            f"{found} Ascend NPUs on this machine (/dev/davinci*), {wanted} are asked for; set machine.workers, choose "
            "machine=cpu, or ask a server with --server"
        )


def generation_settings(model: Mapping[str, Any], batch_size: int, max_length: int) -> dict[str, Any]:
    """Return LlamaConfig settings for cached generation: the model's own, and what prediction on an NPU needs.

    Args:
        model: LlamaConfig settings.
        batch_size: prompts that are continued together; fewer where their caches would take more than 8 GiB.
        max_length: most tokens of prompt and completion together; raised to whole blocks of the paged cache.
    """
    length = -(-max_length // _BLOCK) * _BLOCK
    shape = LlamaShape.from_settings(model)
    token = 2 * shape.num_layers * shape.kv_width * (4 if model.get("compute_dtype") == "float32" else 2)
    batch_size = max(1, min(batch_size, _CACHE_BYTES // (token * length)))
    return {
        **model,
        "batch_size": batch_size,
        "seq_length": length,
        "use_past": True,
        "use_flash_attention": True,
        "is_dynamic": True,
        "do_sample": False,
        "block_size": _BLOCK,
        "num_blocks": batch_size * length // _BLOCK,
    }


def ascend_settings(config: RunConfig) -> dict[str, Any]:
    """Return the LlamaConfig settings with which MindFormers generates on an NPU."""
    settings = llama_config(config.model, config.model.max_length, config.machine)
    del settings["type"]
    return generation_settings(settings, config.eval.batch_size, config.model.max_length)


def loglikelihood_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the network that gives log-likelihoods, from those of the one that generates."""
    return {**settings, "use_past": False}


class AscendEngine:
    """An `Engine` over MindFormers' Llama, on the NPU that DEVICE_ID names, 0 without it.

    Generation needs a network with a cache, log-likelihoods one without. Either is made when it is first asked for, and
    takes the other's place: two of them would not fit an NPU.

    Args:
        settings: LlamaConfig settings, see `generation_settings`.
        checkpoint: `.ckpt` or safetensors with exactly the model's tensors.
        tokenizer: text to ids and back.
        max_length: most tokens of prompt and completion together. A prompt that does not fit loses its beginning.

    Raises:
        InputError: no NPU on this machine; when asked: a checkpoint that does not fit the model.
    """

    def __init__(
        self, settings: Mapping[str, Any], checkpoint: Path, tokenizer: Tokenizer, max_length: int = 2048
    ) -> None:
        check_devices(1)
        os.environ["RUN_MODE"] = "predict"  # MindFormers' networks read it when they are made
        import mindspore as ms

        ms.set_context(mode=ms.GRAPH_MODE)
        ms.set_device("Ascend", int(os.environ.get("DEVICE_ID", 0)))
        self._start(settings, checkpoint, tokenizer, max_length)

    def _start(self, settings: Mapping[str, Any], checkpoint: Path, tokenizer: Tokenizer, max_length: int) -> None:
        """Take notes; nothing is computed."""
        self.tokenizer, self.batch_size = tokenizer, settings["batch_size"]
        self._settings, self._checkpoint, self._ends = settings, checkpoint, end_tokens(tokenizer)
        self._fit = PromptFit(tokenizer, max_length, settings["vocab_size"])
        self._network: Any = None
        self._scorer: LikelihoodScorer | None = None  # where the network is one without a cache

    def load(self, checkpoint: Path) -> None:
        """Take the weights of another checkpoint of the same model."""
        self._checkpoint = checkpoint
        if self._network is not None:
            self._load()

    def _make(self, settings: Mapping[str, Any]) -> None:
        """Make a network in the place of the one that is there."""
        from mindformers.models.llama import LlamaConfig, LlamaForCausalLM

        self._network = self._scorer = None  # whose memory is needed
        self._network = LlamaForCausalLM(LlamaConfig(**settings))
        self._network.set_train(False)
        self._load()

    def _load(self) -> None:
        import mindspore as ms

        from ckpt_tools.formats.tensors import open_tensors  # which imports numpy

        checkpoint = self._checkpoint
        with open_tensors(checkpoint) as opened:
            files, file_format = opened.files, opened.file_format
        stored: dict[str, Any] = {}
        for file in files:
            stored |= ms.load_checkpoint(str(file), format=file_format)
        missing, unexpected = ms.load_param_into_net(self._network, stored, strict_load=False)
        # The cache of paged attention is made of parameters too, and no checkpoint holds it.
        missing = [name for name in missing if "key_cache" not in name and "value_cache" not in name]
        if missing or unexpected:
            raise InputError(
                f"{checkpoint}: does not fit the model: missing {missing[:3]}, unexpected {unexpected[:3]}"
            )

    def use(self, prompt: Prompt) -> None:
        """Tokenise prompts as this template's from now on, with its special tokens and BOS."""
        self._fit.prompt = prompt

    def generate(
        self, requests: Sequence[Request], settings: GenerationSettings, on_done: OnDone | None = None
    ) -> list[Completion]:
        """Continue each prompt, in batches of like length; see `Engine.generate`."""
        if self._network is None or self._scorer is not None:
            self._make(self._settings)
        limit = self._fit.limit(settings.max_new_tokens)
        ids = [self._fit.ids(request.prompt, request.name, limit) for request in requests]
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        found: dict[int, Completion] = {}
        for first in range(0, len(order), self.batch_size):
            group = order[first : first + self.batch_size]
            started = time.perf_counter()
            names = [requests[index].name for index in group]
            choice = NextToken(names, settings.min_new_tokens, self._ends, settings.sampling)
            outputs = self._generate([ids[index] for index in group], settings.max_new_tokens, choice)
            seconds = time.perf_counter() - started
            for index, output in zip(group, outputs, strict=True):
                new = self._answer(output, len(ids[index]))
                text = cut_at_stop(self.tokenizer.decode(new), settings.stop)
                found[index] = Completion(text, len(new), seconds)
                if on_done is not None:
                    on_done(index, found[index])
        return [found[index] for index in range(len(requests))]

    def loglikelihood(self, requests: Sequence[Request], on_done: OnScored | None = None) -> list[float]:
        """Return the log-likelihood of each continuation; see `Engine.loglikelihood`.

        The continuation is tokenized by itself.
        """
        pairs = list(self._fit.pairs(requests))
        if self._scorer is None:
            self._make(loglikelihood_settings(self._settings))
            length = self._settings["seq_length"]
            self._scorer = LikelihoodScorer(self._network, self.batch_size, length, self.tokenizer.pad_id)
        sums: dict[int, float] = {}
        for found in self._scorer.sums(pairs):
            for index, value in found.items():
                sums[index] = value
                if on_done is not None:
                    on_done(index, value)
        return [sums[index] for index in range(len(pairs))]

    def overlong(self, prompts: Sequence[str], new_tokens: int) -> list[bool]:
        """See `Engine.overlong`."""
        return self._fit.overlong(prompts, new_tokens)

    def _generate(self, ids: list[list[int]], most: int, choice: NextToken) -> list[Sequence[int]]:
        """Run MindFormers' generation on a batch, filled up to its fixed size with the last prompt.

        Prompts are padded on the right, as it wants them; it finds their lengths by the padding.
        """
        from mindformers.generation.logits_process import LogitsProcessorList

        processors = LogitsProcessorList()
        processors.append(choice)
        rows = ids + [ids[-1]] * (self.batch_size - len(ids))
        longest = max(map(len, rows))
        outputs: list[Sequence[int]] = self._network.generate(
            input_ids=[row + [self.tokenizer.pad_id] * (longest - len(row)) for row in rows],
            logits_processor=processors,
            do_sample=False,
            max_new_tokens=most,
            eos_token_id=self._ends,
            pad_token_id=self.tokenizer.pad_id,
        )
        return outputs[: len(ids)]

    def _answer(self, output: Sequence[int], prompt_length: int) -> list[int]:
        """Return the generated tokens of one output, which begins with its prompt, up to the first end token."""
        new = [int(token) for token in output[prompt_length:]]
        ends = [place for place, token in enumerate(new) if token in self._ends]
        return new[: ends[0]] if ends else new


class NextToken:
    """A logits processor for MindFormers' greedy generation that makes it choose as the kit's other engines do.

    Its own `min_new_tokens` counts from the longest prompt of a batch, which makes the others go on too long, and its
    sampling draws from one stream for all, so that an answer would depend on its neighbours.

    Args:
        names: the questions of the batch's rows; further rows only fill it up.
        fewest: tokens before an end token is allowed.
        ends: the end tokens.
        sampling: how tokens are chosen.
    """

    def __init__(self, names: Sequence[str], fewest: int, ends: Sequence[int], sampling: Sampling) -> None:
        self._names, self._fewest, self._ends, self._sampling = names, fewest, list(ends), sampling
        self._position = 0

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Return the logits [batch, vocabulary] so that the largest is the token to take; called once a step."""
        import mindspore as ms
        import numpy as np

        logits = np.array(scores.asnumpy(), np.float32)
        if self._position < self._fewest:
            logits[:, self._ends] = -math.inf
        if not self._sampling.is_greedy:
            for row, name in enumerate(self._names):
                token = draw(logits[row], self._sampling, name, self._position)
                logits[row] = -math.inf
                logits[row, token] = 0
        self._position += 1
        return ms.Tensor(logits)
