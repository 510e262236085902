"""The choice of the next token: the likeliest, or one drawn so that nothing but its own question decides it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from core.text.tokenizers import Tokenizer


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; at temperature 0 the likeliest is taken, and the rest does not matter.

    Attributes:
        temperature: logits are divided by it.
        top_k: only so many of the likeliest tokens are left, 0: all.
        top_p: of these, only the likeliest that together have at least this probability.
        seed: see `uniform`.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    seed: int = 0

    @property
    def is_greedy(self) -> bool:
        """Whether the likeliest token is taken."""
        return self.temperature == 0


GREEDY = Sampling()


def uniform(seed: int, name: str, position: int) -> float:
    """Return a number of [0, 1) that depends on the seed, the question's name and the token's place, and no order."""
    digest = hashlib.blake2b(f"{seed}\0{position}\0{name}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / (1 << 53)


def end_tokens(tokenizer: Tokenizer) -> list[int]:
    """Return the tokens after which a completion is at its end: end of sequence and padding, where there are such."""
    return sorted({token for token in (tokenizer.eos_id, tokenizer.pad_id) if token >= 0})


def draw(logits: np.ndarray[Any, Any], sampling: Sampling, name: str, position: int) -> int:
    """Choose a token.

    Args:
        logits: scores of the vocabulary, [vocabulary]; -inf is never chosen.
        sampling: how.
        name: the question.
        position: the token's place in the answer, from 0.
    """
    import numpy as np

    if sampling.is_greedy:
        return int(logits.argmax())
    # Descending, of equals the smaller id first.
    order = np.argsort(-logits, kind="stable")[: sampling.top_k or None]
    scores = logits[order].astype(np.float64)
    weights = np.exp((scores - scores[0]) / sampling.temperature)
    total = np.cumsum(weights)
    kept = int(np.searchsorted(total, sampling.top_p * total[-1])) + 1
    total = total[:kept]
    at = int(np.searchsorted(total, uniform(sampling.seed, name, position) * total[-1], side="right"))
    return int(order[min(at, len(total) - 1)])
