"""Which tensor of a checkpoint becomes which tensor of the same model in another dialect."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from ckpt_tools.conversion.rotary import to_halves, to_neighbours
from ckpt_tools.formats.tensor_file import FLOATS, Array, TensorFile, TensorInfo, same_values
from core.errors import InputError
from core.models import Family, ModelShape, family_of
from core.models.names import Dialect, some


@dataclass(frozen=True)
class Move:
    """One tensor of the result: what it is called in the source, and how its rows are brought into the other order."""

    source: str
    reorder: Callable[[Array, int], Array] | None


@dataclass(frozen=True)
class Plan:
    """Which tensor of the source becomes which of the result.

    Attributes:
        source: dialect of the source.
        dialect: of the result; "gguf" for the names of llama.cpp.
        infos: the tensors of the result, in MindFormers' order.
        moves: name in the result -> where it comes from.
        head_size: entries of one attention head.
        left_out: tensors of the source that are not converted: buffers, and a copy of tied embeddings.
    """

    source: Dialect
    dialect: Dialect | Literal["gguf"]
    infos: tuple[TensorInfo, ...]
    moves: Mapping[str, Move]
    head_size: int
    left_out: tuple[str, ...]


def plan(tensors: TensorFile, model: ModelShape, dialect: Dialect, dtype: str = "keep") -> Plan:
    """Match every tensor of a checkpoint with one of the model, by name and shape.

    Args:
        tensors: the source; its dialect is told by its names.
        model: the model that it has to be.
        dialect: the one wanted.
        dtype: type of the floating tensors of the result; "keep" for that of the source.

    Raises:
        InputError: no known dialect; a tensor unknown, missing or of another shape (names up to three); tied
            embeddings whose two copies differ.
    """
    family = family_of(model)
    source, name_in = family.dialect_of(tensors.entries), family.name_in
    if source is None:
        known = ", ".join(name_in(dialect, family.embedding) for dialect in family.dialects)
        raise InputError(
            f"{tensors.path}: holds no embedding under a known name, or several ({known}); it is no whole "
            f"{family.title} of MindFormers, Hugging Face or Meta"
        )
    shapes = family.parameter_shapes(model)
    head_size = model.hidden_size // model.num_heads
    reorder = _reorder(source, dialect)
    if reorder and head_size % 2:
        raise InputError(f"model: heads of {head_size} entries cannot hold the pairs of a rotary embedding")
    names = {name_in(source, name): name for name in shapes}
    left_out = _left_out(tensors, names, source, family)
    _refuse_misfit(tensors, {theirs: shapes[ours] for theirs, ours in names.items()}, left_out)
    infos, moves = [], {}
    for theirs, ours in names.items():
        info = tensors[theirs]
        kind = info.dtype if dtype == "keep" or info.dtype not in FLOATS else dtype
        name = name_in(dialect, ours)
        infos.append(TensorInfo(name, kind, info.shape))
        moves[name] = Move(theirs, reorder if any(part in ours for part in family.rotary) else None)
    if dialect == "meta" and family.head not in shapes:
        # Meta's code knows no tied embeddings: its files hold them twice.
        embedding, head = name_in(dialect, family.embedding), name_in(dialect, family.head)
        infos.append(TensorInfo(head, infos[0].dtype, infos[0].shape))
        moves[head] = moves[embedding]
    return Plan(source, dialect, tuple(infos), moves, head_size, tuple(left_out))


def _reorder(source: Dialect, dialect: Dialect) -> Callable[[Array, int], Array] | None:
    """Return what brings the rows of wq and wk from one dialect's order to the other's; None where it is the same."""
    if (source == "meta") == (dialect == "meta"):
        return None
    return to_halves if source == "meta" else to_neighbours


def _left_out(tensors: TensorFile, names: Mapping[str, str], source: Dialect, family: Family) -> list[str]:
    """Return the names of tensors that need no place in the result; InputError for a head that is no copy."""
    left_out = [name for name in tensors if family.is_buffer(name)]
    embedding, head = (family.name_in(source, name) for name in (family.embedding, family.head))
    if head in tensors and head not in names:
        if not same_values((tensors, embedding), (tensors, head)):
            raise InputError(
                f"{tensors.path}: {head} differs from {embedding}, so the model's embeddings are not tied; set "
                "tie_word_embeddings: false"
            )
        left_out.append(head)
    return left_out


def _refuse_misfit(tensors: TensorFile, wanted: Mapping[str, tuple[int, ...]], left_out: Collection[str]) -> None:
    """Raise InputError where names or shapes are not exactly those of the model."""
    missing = [name for name in wanted if name not in tensors]
    unknown = [name for name in tensors if name not in wanted and name not in left_out]
    misshapen = [
        f"{name} {list(tensors[name].shape)} instead of {list(shape)}"
        for name, shape in wanted.items()
        if name in tensors and tensors[name].shape != shape
    ]
    faults = [
        f"{kind} {some(names)}"
        for kind, names in (("lacks", missing), ("has the unknown", unknown), ("has", misshapen))
        if names
    ]
    if faults:
        raise InputError(f"{tensors.path} does not fit the model: it {'; it '.join(faults)}")
