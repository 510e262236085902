"""YAML of other programs: PyYAML's values, aliases within bounds."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InputError
from core.foreign_yaml import read_foreign
from core.untrusted import Bounds

SMALL = Bounds(2000, 40, 6)
PUBLISHED = """
seed: 0
runner_config: &runner
  epochs: 5
  sink_mode: yes
context: &context {device_target: "Ascend", max_device_memory: "26GB"}
lr_schedule: {learning_rate: 1.e-5, lr_end: 0.0}
train_dataset: &train
  batch_size: 64
  runner: *runner
train_dataset_task:
  dataset_config: *train
eval_dataset:
  <<: *train
  batch_size: 1
"""


def test_a_file_with_anchors_and_merges_is_read_as_pyyaml_reads_it() -> None:
    read = read_foreign(PUBLISHED, "f.yaml").settings
    assert read == yaml.safe_load(PUBLISHED)
    assert read["train_dataset_task"]["dataset_config"]["runner"]["sink_mode"] is True
    assert read["eval_dataset"] == {"batch_size": 1, "runner": {"epochs": 5, "sink_mode": True}}


def test_values_are_those_of_yaml_1_1() -> None:
    read = read_foreign("{a: 1e-5, b: 1.e-5, c: on, d: 0o7, e: 010, 7: x, f: 2024-06-15, g: ~}", "f.yaml").settings
    assert read == {"a": "1e-5", "b": 1e-5, "c": True, "d": "0o7", "e": 8, "7": "x", "f": "2024-06-15", "g": None}


def test_a_key_that_stands_twice_is_told_and_the_last_one_counts() -> None:
    read = read_foreign("a: 1\nb: {c: 2, c: 3}\na: 4\n", "f.yaml")
    assert read.settings == {"a": 4, "b": {"c": 3}}
    assert sorted(read.repeated) == [("a", 3), ("c", 2)]


def _bomb(link: str, levels: int) -> str:
    lines = ["l0: &l0 [x, x]"]
    for level in range(1, levels):
        lines.append(f"l{level}: &l{level} " + link.replace("*", f"*l{level - 1}"))
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (_bomb("[*, *]", 30), "more than 20000 values"),
        (_bomb("{k: *, m: *}", 30), "more than 20000 values"),
        ("m0: &m0 {a: 1}\n" + "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 30)), "values"),
        ("a: &a [*a]", r"\*a stands within what it stands for"),
        ("a: &a {b: {c: *a}}", r"\*a stands within what it stands for"),
        ("a: *nowhere", "not YAML"),
        ("l0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [*l{n - 1}]\n" for n in range(1, 200)), "nested too deeply"),
        ("a: !!python/object/apply:os.system ['x']", "the tag .* is not read"),
        ("a: !include other.yaml", "the tag '!include' is not read"),
        ("[1, 2]", "a mapping of settings is expected"),
        ("", "it is empty"),
        ("{[1]: 2}", "a key must be a word"),
        ("a: 1.0e+999", "not a finite number"),
        ("a: " + "9" * 30, "does not fit into 64 bits"),
        ("a: " + "9" * 5000, "does not fit into 64 bits"),
        ("a: 2024-13-45", "not YAML"),
        ("a: [1", "f.yaml: "),
    ],
)
def test_what_is_no_settings_is_refused_in_a_sentence(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_foreign(text, "f.yaml")


def test_an_alias_counts_as_much_as_what_it_stands_for() -> None:
    """Five values, and three more for each alias and its place."""
    for aliases, fits in ((8, True), (20, False)):
        text = "a: &a [1, 2]\nb: [" + ", ".join(["*a"] * aliases) + "]"
        if fits:
            assert len(read_foreign(text, "f", SMALL).settings["b"]) == aliases
        else:
            with pytest.raises(InputError, match="more than 40 values"):
                read_foreign(text, "f", SMALL)


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("ab: -1e.#\"'", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_1", max_size=4), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.text("abc", min_size=1, max_size=4), PLAIN, max_size=4))
def test_whatever_pyyaml_writes_is_read_back_as_it_reads_it(value: dict[str, Any]) -> None:
    shared = {**value, "first": value, "again": [value, value]}  # which it writes with anchors and aliases
    assert read_foreign(yaml.safe_dump(shared), "f").settings == yaml.safe_load(yaml.safe_dump(shared))
