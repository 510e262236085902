"""Multiple choice by the first token of an answer, where a server tells no log-probabilities of a prompt.

A server that does not echo a prompt with its log-probabilities still tells the likeliest first tokens of an answer with
theirs. That is enough where the options differ in one token alone:

    prompt "… Answer:"   continuations " It is A.", " It is B.", " It is C.", " It is D."
    sent   "… Answer: It is"   first tokens  " B" -0.2, " A" -1.9, " not" -4.1, " D" -5.0, …

What the continuations have in common before the letter is sent behind the prompt, and its own probability is missing
from all values alike. What they have in common behind it is not counted. Where nothing is in common, the values are the
log-likelihoods themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os.path import commonprefix

from core.errors import InputError
from inference.engine import Request
from inference.http.answers import Candidate
from inference.http.forms import Sent
from inference.prompt_fit import PromptFit

INSTEAD = "use --mode generate or --mode circular"
_BLANKS = " ▁Ġ\t\n"


@dataclass(frozen=True)
class Letters:
    """What is sent for a question, and which first tokens are looked for.

    Attributes:
        prompt: what is sent.
        texts: text of the token of each option, in order.
        ids: their ids; None where the server tokenises.
        exact: whether blanks of a token count; in a chat a letter is the same with a blank before it and without.
    """

    prompt: Sent
    texts: Sequence[str]
    ids: Sequence[int] | None = None
    exact: bool = True

    def found(self, candidates: Sequence[Candidate]) -> list[float | None]:
        """Return the options' log-probabilities; None for those that are not among the candidates."""
        places = range(len(self.texts))
        for known in self._ways(candidates):
            if any(known.values()):
                return [_joint(known[place]) if known[place] else None for place in places]
        return [None for _ in places]

    def _ways(self, candidates: Sequence[Candidate]) -> list[Mapping[int, list[float]]]:
        """Return, for each way to compare tokens, the closest first, what is known of each option."""
        ways: list[Callable[[Candidate, int], bool]] = []
        ids = self.ids
        if ids is not None:
            ways.append(lambda one, place: one.number == ids[place])
        if self.exact:
            ways.append(lambda one, place: one.text == self.texts[place])
        ways.append(lambda one, place: one.text.strip(_BLANKS) == self.texts[place].strip(_BLANKS))
        places = range(len(self.texts))
        return [{place: [one.logprob for one in candidates if same(one, place)] for place in places} for same in ways]


def letters(requests: Sequence[Request], fit: PromptFit | None, chat: bool) -> Letters:
    """Return what is asked for the options of one question.

    Args:
        requests: a prompt with each of its continuations.
        fit: makes token ids; None: prompts are sent as text.
        chat: whether the prompt is a turn of its own, behind which nothing can be put.

    Raises:
        InputError: the first token does not decide between these continuations.
    """
    if fit is not None:
        return _in_tokens(requests, fit)
    continuations = [request.continuation for request in requests]
    before = commonprefix(continuations) if len(continuations) > 1 else ""
    rests = [continuation[len(before) :] for continuation in continuations]
    behind = len(commonprefix([rest[1:][::-1] for rest in rests])) if len(rests) > 1 else 0
    marks = [rest[: len(rest) - behind] for rest in rests]
    blank = before[len(before.rstrip()) :]  # before the letter, a part of its token
    if any(len(mark.strip()) != 1 or mark != mark.rstrip() for mark in marks):
        raise _not_enough(requests[0].name, "the options do not differ in a letter alone")
    before = before.removesuffix(blank)
    if chat and before.strip():
        raise _not_enough(requests[0].name, f"in a chat {before!r} cannot be put before the letter")
    texts = [blank + mark for mark in marks]
    return Letters(requests[0].prompt if chat else requests[0].prompt + before, texts, exact=not chat)


def _joint(logprobs: Sequence[float]) -> float:
    """Return the log-probability of any of several tokens."""
    return math.log(math.fsum(map(math.exp, logprobs))) if len(logprobs) > 1 else logprobs[0]


def _in_tokens(requests: Sequence[Request], fit: PromptFit) -> Letters:
    pairs = list(fit.pairs(requests))
    head, tails = pairs[0][0], [tail for _, tail in pairs]
    differing = [place for place, tokens in enumerate(zip(*tails, strict=False)) if len(set(tokens)) > 1]
    place = differing[0] if differing else len(tails[0]) - 1
    if len(differing) > 1 or len({len(tail) for tail in tails}) > 1 or place < 0:
        raise _not_enough(requests[0].name, "the options do not differ in one token alone")
    ids = [tail[place] for tail in tails]
    return Letters([*head, *tails[0][:place]], [fit.tokenizer.piece(number) for number in ids], ids)


def _not_enough(name: str, why: str) -> InputError:
    return InputError(
        f"question {name}: log-likelihoods cannot be had without `echo` and `logprobs` of the completions API, and an "
        f"answer's first token is not enough: {why}; {INSTEAD}"
    )
