"""Regions of slices: worked examples, and that every entry is covered as often as any other."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ckpt_tools.merging.slices import SliceLayout, read_layouts
from core.errors import InputError


def raw(devices: list[int], maps: list[list[int]], step: int = 0, size: int = 0) -> Any:
    """What MindSpore's `ParallelLayouts` holds, as far as it is looked at."""
    return SimpleNamespace(
        dev_matrix=[SimpleNamespace(dim=devices)],
        tensor_map=[SimpleNamespace(dim=axes) for axes in maps],
        opt_weight_shard_step=step,
        opt_weight_shard_size=size,
    )


def test_worked_examples() -> None:
    """Two replicas of two slices each: ranks 0 and 1 hold the halves, 2 and 3 the same halves again."""
    rows = SliceLayout((2, 2), ((0,), ()))
    assert [rows.region(rank, (8, 4))[0] for rank in range(4)] == [slice(0, 4), slice(4, 8)] * 2
    outer = SliceLayout((2, 2), ((), (1,)))
    assert [outer.region(rank, (8, 4))[1] for rank in range(4)] == [slice(0, 2)] * 2 + [slice(2, 4)] * 2
    shards = SliceLayout((2, 2), ((0,), ()), shards=2)
    assert [shards.region(rank, (8, 4))[0].start for rank in range(4)] == [0, 4, 2, 6]
    both = SliceLayout((2, 2), ((1, 0),))
    assert [both.region(rank, (8,))[0].start for rank in range(4)] == [0, 2, 4, 6]
    turned = SliceLayout((2, 2), ((0, 1),))
    assert [turned.region(rank, (8,))[0].start for rank in range(4)] == [0, 4, 2, 6]
    assert SliceLayout((2,), (), stage=3).ranks == range(6, 8)
    assert SliceLayout((2,), (), stage=3).region(7, ()) == ()


@st.composite
def layouts(draw: st.DrawFn) -> SliceLayout:
    devices = tuple(draw(st.lists(st.sampled_from([1, 2, 3, 4]), min_size=1, max_size=4)))
    axes = draw(st.permutations(range(len(devices))))
    count = draw(st.integers(0, len(axes)))
    where = [draw(st.integers(0, 1)) for _ in range(count)]
    cuts = tuple(tuple(axis for axis, at in zip(axes, where, strict=False) if at == place) for place in range(2))
    replicas = math.prod(devices[-1 - axis] for axis in axes[count:])
    return SliceLayout(devices, cuts, draw(st.sampled_from([n for n in range(1, replicas + 1) if replicas % n == 0])))


@given(layouts())
def test_every_entry_is_covered_equally_often(layout: SliceLayout) -> None:
    shape = layout.whole((2, 3))
    seen = np.zeros(shape, int)
    for rank in layout.ranks:
        region = layout.region(rank, shape)
        assert seen[region].shape == (2, 3)
        seen[region] += 1
    assert (seen == len(layout.ranks) * 6 // seen.size).all()


def test_layouts_are_read_from_both_forms_of_names() -> None:
    found = read_layouts(
        {
            "1-b": raw([2], [[0]]),
            "0-a": raw([2, 2], [[0, -1]], 2, -1),
            "1-a": raw([2, 2], [[0, -1]], 2, 2),
            "c": raw([2, 2, 2], [[1, 0], [], [-1]]),
        },
        "here",
    )
    assert found == {
        "a": SliceLayout((2, 2), ((0,), ()), 2, 0),
        "b": SliceLayout((2,), ((0,),), 1, 1),
        "c": SliceLayout((2, 2, 2), ((1, 0), ())),
    }


@pytest.mark.parametrize(
    ("layout", "what"),
    [
        (raw([2, 2], [[2, -1]]), "is impossible"),
        (raw([2, 0], [[0, -1]]), "is impossible"),
        (raw([2, 2], [[0, 0]]), "is impossible"),
        (raw([2, 2], [[-2]]), "is impossible"),
        (raw([2, 3], [[0]], 3, 4), "2 devices with the same slice cannot share it in 4"),
    ],
)
def test_layouts_that_cannot_be_are_refused(layout: Any, what: str) -> None:
    with pytest.raises(InputError, match=what):
        read_layouts({"a": layout}, "here")
    with pytest.raises(InputError, match="no layout of any parameter"):
        read_layouts({}, "here")
