"""Readers of the corpora that contests hand out, chosen by what a file holds.

Every reader yields `Record`s in bounded memory; what cannot be read goes to `on_bad` with its place and the reason.
`read_corpus` reads all, `slices` and `read_slice` the same in parts that processes can share. What a corpus format is,
and how one is added, stands in `readers/formats/`.
"""

from data_convert.readers.bad import BadRecord, BadRecords, OnBad, TooManyBad, refuse
from data_convert.readers.containers import corpus_bytes, list_files
from data_convert.readers.listing import Listing, Part
from data_convert.readers.question_answer import as_instruction
from data_convert.readers.read import read_corpus, read_slice
from data_convert.readers.slices import Slice, slices

__all__ = [
    "BadRecord",
    "BadRecords",
    "Listing",
    "OnBad",
    "Part",
    "Slice",
    "TooManyBad",
    "as_instruction",
    "corpus_bytes",
    "list_files",
    "read_corpus",
    "read_slice",
    "refuse",
    "slices",
]
