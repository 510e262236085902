"""Weights from files into a network of MindFormers."""

from __future__ import annotations

from collections.abc import Callable

from backend.network import Network
from ckpt_tools.formats.tensor_file import Array, TensorFile


def fill(network: Network, *sources: TensorFile, read: Callable[[str], Array] | None = None) -> None:
    """Give a network all its weights from files that together hold exactly its tensors.

    Args:
        network: what is filled.
        sources: the files.
        read: returns the values of a tensor; those that stand in the files where None.

    Raises:
        InputError: a name is missing or unexpected, or a shape differs.
    """
    holders = {name: source for source in sources for name in source}
    shapes = {name: source[name].shape for name, source in holders.items()}
    what = " + ".join(str(source.path) for source in sources)
    network.load(shapes, read or (lambda name: holders[name].read(name)), what)
