"""What holds of every model family: shapes that sum to the total, names that go from dialect to dialect and back."""

from __future__ import annotations

import math

import pytest

from core.config import load_contest, load_model, names
from core.errors import InputError
from core.models import all_families, family_of, family_with, total_parameters
from core.registry import FAMILIES


def test_every_family_has_a_model() -> None:
    assert {family_of(load_model(name)) for name in names("models")} == set(all_families())


@pytest.mark.parametrize("name", names("models"))
def test_shapes_sum_to_the_total(name: str) -> None:
    model = load_model(name)
    shapes = family_of(model).parameter_shapes(model)
    assert total_parameters(model) == sum(math.prod(shape) for shape in shapes.values())
    if model.published_total:
        assert total_parameters(model) == pytest.approx(model.published_total, rel=1e-3)


@pytest.mark.parametrize("name", names("models"))
def test_names_go_from_dialect_to_dialect_and_back(name: str) -> None:
    model = load_model(name)
    family = family_of(model)
    shapes = family.parameter_shapes(model)
    assert {family.embedding, family.head} - set(shapes) in (set(), {family.head})
    for dialect in family.dialects:
        back = {family.name_in(dialect, one): one for one in shapes}
        assert list(back.values()) == list(shapes)
        assert family.dialect_of(back) == dialect
        assert all(family.is_parameter(one) and not family.is_buffer(one) for one in back)
    assert family_with(shapes) is family
    with pytest.raises(KeyError):
        family.name_in("hf", "no.such.weight")


@pytest.mark.parametrize("name", names("models"))
def test_linear_layers_are_those_that_targets_choose(name: str) -> None:
    model = load_model(name)
    family = family_of(model)
    shapes = family.parameter_shapes(model)
    places = {one: place for one in shapes if (place := family.linear(one))}
    chosen = family.target_linears(model, "|".join(sorted({place.leaf for place in places.values()})))
    assert {one: shapes[one] for one in places} == chosen
    assert {place.layer for place in places.values()} == set(range(model.num_layers))
    for one, place in places.items():
        assert one.endswith(f".{place.leaf}.weight")
        assert family.name_in("hf", one) == f"{family.module_in('hf', one)}.weight"


def test_an_unknown_family_is_a_mistake_like_any_other() -> None:
    with pytest.raises(InputError, match=r"model.family: unknown model family 'lama'.*did you mean 'llama'"):
        load_contest("practice_math", ["model.family=lama"])
    assert load_contest("practice_math").model.family in FAMILIES.names()
