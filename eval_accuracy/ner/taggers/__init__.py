"""Floors: taggers that learn from marked texts in seconds, without a language model; what a model has to beat.

dictionary  strings that training marks, the longest first
frequent    those of them alone that are marked in three of ten of their occurrences or more
hmm         characters under their tags of BMES, Viterbi (Rabiner 1989)
crf         a linear-chain conditional random field (Lafferty 2001) over characters around and a lexicon of training
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from eval_accuracy.ner.taggers.crf import Crf
from eval_accuracy.ner.taggers.dictionary import Dictionary
from eval_accuracy.ner.taggers.hmm import Hmm
from eval_accuracy.ner.taggers.tagger import Tagger

KINDS: Mapping[str, Callable[[], Tagger]] = {
    "dictionary": Dictionary,
    "frequent": lambda: Dictionary(0.3),
    "hmm": Hmm,
    "crf": Crf,
}
