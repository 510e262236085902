"""A small world for the tests of the engine: a tokenizer, a Llama with random weights, MindFormers beside it."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from ckpt_tools.formats.tensors import write_tensors
from core.text.tokenizers import SentencePieceTokenizer
from inference.cpu.weights import LlamaShape

TEXT = "the river runs past a small town where people read books and count apples near an old stone bridge"
WORDS = TEXT.split()


def texts(count: int, seed: int, longest: int = 40) -> list[str]:
    """Make-believe sentences of 1 to `longest` words."""
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, rng.integers(1, longest + 1))) for _ in range(count)]


def make_tokenizer(folder: Path) -> SentencePieceTokenizer:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.Train(
        sentence_iterator=iter(texts(300, 0)), model_writer=model, vocab_size=90, model_type="bpe",
        unk_id=0, bos_id=1, eos_id=2, pad_id=3, minloglevel=2, hard_vocab_limit=False,
    )  # fmt: skip
    path = folder / "tokenizer.model"
    path.write_bytes(model.getvalue())
    return SentencePieceTokenizer(path, 1, 2, 3)


def settings(vocab_size: int, **more: Any) -> dict[str, Any]:
    base = {
        "hidden_size": 64, "num_layers": 2, "num_heads": 4, "intermediate_size": 96, "rms_norm_eps": 1e-5,
        "bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 3, "vocab_size": vocab_size,
    }  # fmt: skip
    return {**base, **more}


def random_tensors(model: dict[str, Any], seed: int) -> dict[str, np.ndarray[Any, Any]]:
    """Weights large enough that the likeliest token is clear; norms near one, biases small."""
    rng = np.random.default_rng(seed)

    def one(name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        scale = 0.3 if len(shape) == 2 else 0.1
        return (rng.normal(size=shape) * scale + ("norm" in name)).astype(np.float32)

    return {name: one(name, shape) for name, shape in LlamaShape.from_settings(model).tensors().items()}


def write_shards(folder: Path, tensors: dict[str, np.ndarray[Any, Any]]) -> Path:
    """Write a checkpoint in two files; return its index."""
    parts = {f"model-0000{number}-of-00002.safetensors": dict(list(tensors.items())[number::2]) for number in (0, 1)}
    for name, part in parts.items():
        write_tensors(folder / name, part)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": {key: name for name, part in parts.items() for key in part}}))
    return index


def write_checkpoint(path: Path, model: dict[str, Any], seed: int = 1) -> Path:
    write_tensors(path, random_tensors(model, seed))
    return path


class Reference:
    """MindFormers' own LlamaForCausalLM: the whole forward pass for every token."""

    def __init__(self, model: dict[str, Any], checkpoint: Path, length: int = 128) -> None:
        import mindspore as ms
        from mindformers.models.llama import LlamaConfig, LlamaForCausalLM

        ms.set_context(mode=ms.GRAPH_MODE)
        self.length, self.pad = length, model["pad_token_id"]
        types = dict.fromkeys(("compute_dtype", "param_init_type", "softmax_compute_type"), "float32")
        plain = {"use_rope_slice": True, "fused_rms_norm": False, "use_flash_attention": False}
        self.network = LlamaForCausalLM(LlamaConfig(seq_length=length, batch_size=1, **types, **plain, **model))
        self.network.set_train(False)
        missing, unexpected = ms.load_param_into_net(
            self.network, ms.load_checkpoint(str(checkpoint)), strict_load=True
        )
        assert not missing
        assert not unexpected

    def logits(self, ids: list[int]) -> np.ndarray[Any, Any]:
        """Logits after every token of `ids`, [len(ids), vocabulary]."""
        import mindspore as ms

        padded = np.full((1, self.length), self.pad, np.int32)
        padded[0, : len(ids)] = ids
        return np.array(self.network(ms.Tensor(padded))[0].asnumpy()[0, : len(ids)])

    def greedy(self, ids: list[int], most: int, fewest: int, ends: set[int]) -> list[int]:
        ids, new = list(ids), []
        while len(new) < most:
            last = self.logits(ids)[-1]
            if len(new) < fewest:
                last[sorted(ends)] = -np.inf
            token = int(last.argmax())
            if token in ends:
                break
            ids.append(token)
            new.append(token)
        return new


class Recomputing:
    """The formulas of a Llama in numpy, in float64, for the whole sequence at once: what every shortcut must equal."""

    def __init__(self, model: dict[str, Any], tensors: dict[str, np.ndarray[Any, Any]]) -> None:
        self.shape, self.pad = LlamaShape.from_settings(model), model["pad_token_id"]
        self.tensors = {name: values.astype(np.float64) for name, values in tensors.items()}

    def logits(self, ids: list[int]) -> np.ndarray[Any, Any]:
        """Logits after every token of `ids`, [len(ids), vocabulary]."""
        shape, take = self.shape, self.tensors
        count, half = len(ids), shape.head_dim // 2
        x = take["model.tok_embeddings.embedding_weight"][ids]
        angles = np.outer(np.arange(count), shape.theta ** (-np.arange(half) / half))
        turn = np.exp(1j * angles)[:, None]
        hidden = np.triu(np.ones((count, count), bool), 1) | (np.array(ids) == self.pad)[None]
        for layer in range(shape.num_layers):
            at = f"model.layers.{layer}."
            y = self._norm(x, f"{at}attention_norm.weight")
            heads = []
            for name in ("wq", "wk", "wv"):
                rows = y @ take[f"{at}attention.{name}.weight"].T + take.get(f"{at}attention.{name}.bias", 0)
                heads.append(rows.reshape(count, -1, shape.head_dim))
            query, key = (self._turned(rows, turn, half) for rows in heads[:2])
            key, value = (np.repeat(rows, shape.rep, axis=1) for rows in (key, heads[2]))
            scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(shape.head_dim) - 1e4 * hidden
            weights = np.exp(scores - scores.max(-1, keepdims=True))
            weights /= weights.sum(-1, keepdims=True)
            context = np.einsum("hqk,khd->qhd", weights, value).reshape(count, -1)
            x = x + context @ take[f"{at}attention.wo.weight"].T + take.get(f"{at}attention.wo.bias", 0)
            y = self._norm(x, f"{at}ffn_norm.weight")
            gate, up = (y @ take[f"{at}feed_forward.{name}.weight"].T for name in ("w1", "w3"))
            x = x + (gate / (1 + np.exp(-gate)) * up) @ take[f"{at}feed_forward.w2.weight"].T
        head = take["model.tok_embeddings.embedding_weight" if shape.tie_word_embeddings else "lm_head.weight"]
        return self._norm(x, "model.norm_out.weight") @ head.T

    def greedy(self, ids: list[int], most: int, ends: set[int]) -> list[int]:
        """The likeliest tokens after a prompt, at least one, everything computed again for each."""
        ids, new = list(ids), []
        while len(new) < most:
            last = self.logits(ids)[-1]
            if not new:
                last[sorted(ends)] = -np.inf
            token = int(last.argmax())
            if token in ends:
                break
            ids.append(token)
            new.append(token)
        return new

    def loglikelihood(self, ids: list[int], tail: list[int]) -> float:
        logits = self.logits(ids + tail)[len(ids) - 1 : -1]
        top = logits.max(-1, keepdims=True)
        logs = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
        return float(sum(logs[place, token] for place, token in enumerate(tail)))

    def _norm(self, x: np.ndarray[Any, Any], name: str) -> Any:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.shape.rms_norm_eps) * self.tensors[name]

    @staticmethod
    def _turned(rows: np.ndarray[Any, Any], turn: np.ndarray[Any, Any], half: int) -> Any:
        complex_rows = (rows[..., :half] + 1j * rows[..., half:]) * turn
        return np.concatenate([complex_rows.real, complex_rows.imag], axis=-1)
