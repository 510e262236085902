"""The worked examples at the top of the clever modules are true."""

from __future__ import annotations

import doctest
from types import ModuleType

import pytest

from data_convert.mindrecord import integers
from data_convert.rows import packing, prompt_parts
from data_convert.selection import near


@pytest.mark.parametrize("module", [prompt_parts, integers, near, packing], ids=lambda module: module.__name__)
def test_a_worked_example_is_true(module: ModuleType) -> None:
    results = doctest.testmod(module)
    assert results.attempted >= 2
    assert results.failed == 0
