"""MindSpore networks of a Llama decoder with a key/value cache of its own: one for prompts, one for single steps.

Why they look as they do, measured on two x86-64 cores: a graph of dynamic shape is compiled once (under a second for
four layers) and takes any batch; operator by operator (PyNative) a step takes five times as long; and an operator that
broadcasts over rows (x · weight, scores + mask, y + bias) takes ten times as long as one of equal shapes. So scale
factors are folded into matrices (`inference.cpu.weights.fuse`), row factors are spread by a product with ones, and
masks come in full size. `Transpose` takes more than four times as long as gathering the same rows one by one, so heads
are brought together by `Gather`.

B sequences, H heads, G key/value heads, R = H / G, D = head width, C new tokens of each sequence, P cached positions.
The cache of a layer is a pair of tensors [B·G, positions, D], keys already rotated.

An example: two sequences get three tokens each behind five that are cached; four heads of width 8 share two key/value
heads (B 2, C 3, P 5, H 4, D 8, G 2, R 2).

    queries come as [6, 32], a row a token; as rows of one head, [24, 8], they lie token by token:
        s0t0h0 s0t0h1 s0t0h2 s0t0h3  s0t1h0 …                 (sequence, token, head)
    gathered by swapped(2, 3, 4) = 0 4 8 1 5 9 2 6 10 … they lie head by head:
        s0t0h0 s0t1h0 s0t2h0  s0t0h1 s0t1h1 s0t2h1  s0t0h2 …
    which read as [B·G, R·C, D] = [4, 6, 8] are the queries of heads 0 and 1 (of 2 and 3), who share a key head
    keys [6, 16] come together by swapped(2, 3, 2) to [4, 3, 8], and go behind the cache [4, 5, 8]: [4, 8, 8]
    scores [4, 6, 8] x [4, 8, 8] transposed = [4, 6, 8], a mask of the same shape is added; context [4, 6, 8]
    gathered by swapped(2, 4, 3) it lies token by token again: [6, 32]
"""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Parameter, ParameterTuple, Tensor, nn
from mindspore.ops import operations as P

from inference.cpu.weights import LlamaShape, rotary_tables


class Weights(nn.Cell):  # type: ignore[misc]
    """The fused weights (see `inference.cpu.weights.fuse`) and the rotary tables, shared by both networks.

    Args:
        shape: the model.
        max_length: number of positions of the rotary tables.
    """

    def __init__(self, shape: LlamaShape, max_length: int) -> None:
        super().__init__(auto_prefix=False)
        width, heads_width = shape.hidden_size, shape.hidden_size + shape.kv_width
        sizes = {
            "qkv": (2 * heads_width + shape.kv_width, width),
            "o": (width, width),
            "gate": (shape.ffn_width, width),
            "up": (shape.ffn_width, width),
            "down": (width, shape.ffn_width),
            **({"qkv_bias": (2 * heads_width + shape.kv_width,)} if shape.qkv_has_bias else {}),
            **({"o_bias": (width,)} if shape.attn_proj_has_bias else {}),
        }
        self.embedding = _zeros("embedding", (shape.vocab_size, width))
        self.head = _zeros("head", (shape.vocab_size, width))
        self.layers = {
            name: ParameterTuple([_zeros(f"{name}.{layer}", size) for layer in range(shape.num_layers)])
            for name, size in sizes.items()
        }
        cosine, sine = rotary_tables(shape, max_length)
        self.cosine = Parameter(Tensor(cosine), name="cosine", requires_grad=False)
        self.sine = Parameter(Tensor(sine), name="sine", requires_grad=False)

    def load(self, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
        """Replace all weights by arrays of the same names and shapes; compiled networks stay valid."""
        parameters = [self.embedding, self.head, *(entry for group in self.layers.values() for entry in group)]
        for parameter in parameters:
            parameter.set_data(Tensor(arrays[parameter.name]))


def _zeros(name: str, size: tuple[int, ...]) -> Parameter:
    return Parameter(Tensor(np.zeros(size, np.float32)), name=name, requires_grad=False)


class _Llama(nn.Cell):  # type: ignore[misc]
    """What both networks have in common: everything of a layer but the attention."""

    def __init__(self, shape: LlamaShape, weights: Weights) -> None:
        super().__init__(auto_prefix=False)
        self.num_layers, self.head_dim = shape.num_layers, shape.head_dim
        self.rep = shape.num_heads // shape.kv_heads
        self.width, self.kv_width = shape.hidden_size, shape.kv_width
        self.eps = shape.rms_norm_eps
        self.embedding, self.head = weights.embedding, weights.head
        self.cosine, self.sine = weights.cosine, weights.sine
        self.qkv, self.o = weights.layers["qkv"], weights.layers["o"]
        self.gate, self.up, self.down = (weights.layers[name] for name in ("gate", "up", "down"))
        self.qkv_bias: Any = weights.layers.get("qkv_bias")
        self.o_bias: Any = weights.layers.get("o_bias")
        self.has_qkv_bias, self.has_o_bias = shape.qkv_has_bias, shape.attn_proj_has_bias
        self.ones = Tensor(np.ones((1, shape.hidden_size), np.float32))
        self.matmul, self.matmul_t = P.MatMul(), P.MatMul(transpose_b=True)
        self.batched, self.batched_t = P.BatchMatMul(), P.BatchMatMul(transpose_b=True)
        self.square, self.mean, self.rsqrt = P.Square(), P.ReduceMean(keep_dims=True), P.Rsqrt()
        self.bias_add, self.gather, self.softmax = P.BiasAdd(), P.Gather(), P.Softmax(-1)
        self.reshape, self.concat, self.concat_last = P.Reshape(), P.Concat(1), P.Concat(2)
        self.silu = ms.ops.silu

    def norm(self, x: Tensor) -> Tensor:
        """RMS norm over the last dimension without its weight, which is folded into the next matrix."""
        factor = self.rsqrt(self.mean(self.square(x), -1) + self.eps)
        return x * self.matmul(factor, self.ones)

    def project(self, layer: int, x: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return rotated queries [N, H·D] and keys [N, G·D] and values [N, G·D] of N tokens."""
        y = self.matmul_t(self.norm(x), self.qkv[layer])
        if self.has_qkv_bias:
            y = self.bias_add(y, self.qkv_bias[layer])
        both = self.width + self.kv_width
        rotated = y[:, :both] * cosine + y[:, both : 2 * both] * sine
        return rotated[:, : self.width], rotated[:, self.width :], y[:, 2 * both :]

    def finish(self, layer: int, x: Tensor, context: Tensor) -> Tensor:
        """Output projection, feed-forward network and both residual additions."""
        y = self.matmul_t(context, self.o[layer])
        if self.has_o_bias:
            y = self.bias_add(y, self.o_bias[layer])
        x = x + y
        y = self.norm(x)
        gate = self.silu(self.matmul_t(y, self.gate[layer]))
        return x + self.matmul_t(gate * self.matmul_t(y, self.up[layer]), self.down[layer])

    def logits(self, x: Tensor) -> Tensor:
        """Return scores of the vocabulary."""
        return self.matmul_t(self.norm(x), self.head)


class Prefill(_Llama):
    """Takes C more tokens of each sequence; `every` token of the last layer is computed or only the ones asked for.

    Inputs:
        tokens [B, C] int32; positions [B·C] int32;
        mask [B·G, R·C, P+C] float32, added to the scores;
        rows: indices into the B·C tokens whose logits are wanted, int32: [B], one a sequence, or any number if `every`;
        last_mask [B·G, R, P+C]: the rows of `mask` that belong to `rows` (unused if `every`);
        by_head, by_group: `swapped` [B, C, H] and [B, C, G]; by_token: the way back, `swapped` [B, H, C];
        keys, values: the cache of each layer, [B·G, P, D], P at least 1.
    Outputs:
        logits [rows, vocabulary]; keys and values with the new positions appended.
    """

    def __init__(self, shape: LlamaShape, weights: Weights, every: bool) -> None:
        super().__init__(shape, weights)
        self.every = every
        whole, scores = ((None,), ms.int32), ((None, None, None), ms.float32)
        plain = [((None, None), ms.int32), whole, scores, whole, scores, whole, whole, whole]
        _dynamic_inputs(self, shape, plain, caches=2)

    def construct(
        self,
        tokens: Tensor,
        positions: Tensor,
        mask: Tensor,
        rows: Tensor,
        last_mask: Tensor,
        by_head: Tensor,
        by_group: Tensor,
        by_token: Tensor,
        keys: Any,
        values: Any,
    ) -> Any:
        """See the class."""
        count = tokens.shape[1]
        x = self.gather(self.embedding, self.reshape(tokens, (-1,)), 0)
        cosine, sine = self.gather(self.cosine, positions, 0), self.gather(self.sine, positions, 0)
        new_keys: Any = ()
        new_values: Any = ()
        for layer in range(self.num_layers):
            query, key, value = self.project(layer, x, cosine, sine)
            key = self.concat((keys[layer], self.in_order(key, by_group, count)))
            value = self.concat((values[layer], self.in_order(value, by_group, count)))
            new_keys += (key,)
            new_values += (value,)
            if self.every or layer < self.num_layers - 1:
                query = self.in_order(query, by_head, self.rep * count)
                weights = self.softmax(self.batched_t(query, key) + mask)
                context = self.in_order(self.batched(weights, value), by_token, 1)
                x = self.finish(layer, x, self.reshape(context, (-1, self.width)))
            else:
                query = self.reshape(self.gather(query, rows, 0), (-1, self.rep, self.head_dim))
                weights = self.softmax(self.batched_t(query, key) + last_mask)
                context = self.reshape(self.batched(weights, value), (-1, self.width))
                x = self.finish(layer, self.gather(x, rows, 0), context)
        if self.every:
            x = self.gather(x, rows, 0)
        return self.logits(x), new_keys, new_values

    def in_order(self, x: Tensor, order: Tensor, count: int) -> Tensor:
        """Return the rows of D numbers of `x` in another order, `count` of them together: [-1, count, D]."""
        rows = self.gather(self.reshape(x, (-1, self.head_dim)), order, 0)
        return self.reshape(rows, (-1, count, self.head_dim))


def swapped(batch: int, first: int, second: int) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return the places of rows [batch, first, second] in the order [batch, second, first]: int32, flat."""
    places = np.arange(batch * first * second, dtype=np.int32)
    return places.reshape(batch, first, second).transpose(0, 2, 1).reshape(-1)


class Step(_Llama):
    """Takes one more token of each sequence.

    The cache is only read; what the new tokens add to it comes back, and the caller writes it where it belongs.

    Inputs:
        tokens [B] int32; positions [B] int32; mask [B·G, R, P+1] float32, added to the scores, the new token last;
        keys, values: [B·G, P, D] of each layer. Unfilled positions hold any finite numbers and are masked.
    Outputs:
        logits [B, vocabulary]; [B·G, 2·layers, D]: the new keys of all layers, then the new values.
    """

    def __init__(self, shape: LlamaShape, weights: Weights) -> None:
        super().__init__(shape, weights)
        _dynamic_inputs(
            self, shape, [((None,), ms.int32), ((None,), ms.int32), ((None, None, None), ms.float32)], caches=2
        )

    def construct(self, tokens: Tensor, positions: Tensor, mask: Tensor, keys: Any, values: Any) -> Any:
        """See the class."""
        x = self.gather(self.embedding, tokens, 0)
        cosine, sine = self.gather(self.cosine, positions, 0), self.gather(self.sine, positions, 0)
        new_keys: Any = ()
        new_values: Any = ()
        for layer in range(self.num_layers):
            query, key, value = self.project(layer, x, cosine, sine)
            query = self.reshape(query, (-1, self.rep, self.head_dim))
            key, value = self.reshape(key, (-1, 1, self.head_dim)), self.reshape(value, (-1, 1, self.head_dim))
            new_keys += (key,)
            new_values += (value,)
            scores = self.concat_last((self.batched_t(query, keys[layer]), self.batched_t(query, key)))
            weights = self.softmax(scores + mask)
            past = keys[layer].shape[1]
            context = self.batched(weights[:, :, :past], values[layer])
            context = context + self.batched(weights[:, :, past:], value)
            x = self.finish(layer, x, self.reshape(context, (-1, self.width)))
        return self.logits(x), self.concat(new_keys + new_values)


def _dynamic_inputs(cell: nn.Cell, shape: LlamaShape, plain: list[tuple[Any, Any]], caches: int) -> None:
    """Declare inputs of any size, so that one compilation serves every batch."""
    tensors = [Tensor(shape=list(size), dtype=dtype) for size, dtype in plain]
    cache = [
        ms.mutable(tuple(Tensor(shape=[None, None, shape.head_dim], dtype=ms.float32) for _ in range(shape.num_layers)))
        for _ in range(caches)
    ]
    cell.set_inputs(*tensors, *cache)
