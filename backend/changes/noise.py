"""NEFTune: uniform noise on the embeddings of the tokens, in training alone (https://arxiv.org/abs/2310.05914).

An entry of a row of L tokens with embeddings of d numbers gets noise from -alpha/sqrt(L·d) to alpha/sqrt(L·d). It can
be made again, as the masks of dropout can (`backend.changes.hashed`).
"""

from __future__ import annotations

import math
from typing import Any

import mindspore as ms
from mindspore import Parameter, nn, ops

from backend.changes.hashed import HashedChange, HashedNumbers

STEP_NAME = "kit_noise_step"
_EMBEDDINGS = "tok_embeddings"


class NoisyEmbedding(nn.Cell):  # type: ignore[misc]
    """An embedding whose result [batch, L, width] has noise on it in training.

    Args:
        plain: the embedding.
        width: d, numbers of an embedding.
        alpha: of NEFTune, such as 5.
        seed: of the run.
        step: int32 scalar that says which step it is.
        rank: this worker's number; None: as MindSpore says.
    """

    def __init__(
        self, plain: Any, width: int, alpha: float, seed: int, step: Parameter, rank: int | None = None
    ) -> None:
        super().__init__(auto_prefix=False)  # parameters keep the names that they have
        self.plain, self.width, self.alpha = plain, width, alpha
        self.numbers = HashedNumbers(width, _EMBEDDINGS, seed, step, rank)

    def construct(self, ids: Any) -> Any:
        """Return the embeddings of tokens [batch, L], in their type."""
        x = self.plain(ids)
        if not self.training:
            return x
        numbers = self.numbers(ops.reshape(x, (-1, self.width)))
        largest = self.alpha / math.sqrt(x.shape[-2] * self.width)
        noise = ops.cast(numbers, ms.float32) * (largest / 2**31)
        return x + ops.cast(ops.reshape(noise, x.shape), x.dtype)


class Noise(HashedChange):
    """Puts noise on the embeddings of MindFormers' network.

    Args:
        network: MindFormers' network.
        settings: `alpha`, `seed`, and `width`: numbers of an embedding.
    """

    step_name = STEP_NAME

    def put_cells(self) -> None:
        """Replace the embeddings."""
        alpha, seed, width = (self.settings[name] for name in ("alpha", "seed", "width"))
        for _, cell in list(self.network.cells_and_names()):
            plain = cell.name_cells().get(_EMBEDDINGS)
            if plain is not None:
                own = NoisyEmbedding(plain, width, alpha, seed, self.step)
                # Not by setattr, which would put names of cells before those of their parameters.
                cell._cells[_EMBEDDINGS] = own.set_train(plain.training)


CHANGE = Noise
