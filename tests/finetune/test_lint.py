"""The checks of training settings: each finds its own trap, and nothing else; shipped contests have none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InputError
from finetune.lint import Check, check_named, checks, findings
from finetune.lint.facts import Facts
from finetune.lint.sound import described

ALL = checks()
BUNDLES = ["1.1.0", "1.2.0", "1.3.2", "1.6.0", "1.8.0", "1.9.0", "2.1.0"]


def found(changes: dict[str, Any]) -> set[str]:
    return {one.check.name for one in findings(Facts.of(described(changes)))}


@pytest.mark.parametrize("bundle", BUNDLES)
def test_the_sound_description_has_no_trap_in_any_dialect(bundle: str) -> None:
    assert findings(Facts.of(described({"bundle": bundle}))) == []


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_check_alone_finds_its_trap_and_not_what_comes_near(check: Check) -> None:
    assert found(dict(check.trap)) == {check.name}
    assert found(dict(check.clean)) == set()


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_a_check_says_what_it_rests_on(check: Check) -> None:
    assert all(len(text) > 8 for text in (check.evidence, check.remedy, check.source))
    assert check.level in ("error", "warning")
    assert check_named(check.name) is check
    for finding in findings(Facts.of(described(dict(check.trap)))):
        said = json.loads(json.dumps(finding.as_json()))
        assert all(said.values())
        assert said["remedy"] == check.remedy


def keys(value: Any, before: str = "") -> list[str]:
    """Return the dotted keys of nested mappings."""
    if not isinstance(value, dict):
        return []
    return [one for key, inner in value.items() for one in (f"{before}{key}", *keys(inner, f"{before}{key}."))]


TRAINING, EVALUATION = (described({})[name] for name in ("training", "evaluation"))
STRANGE = st.sampled_from(
    [None, True, False, 0, -1, 1, 7, 2**62, 0.0, -1.5, 1e308, 1e-320, "", "x", "1e-5", "(a+)+$", "[", [], [1], [{}], {},
     {"type": 3}, {"type": "CheckpointMonitor", "save_checkpoint_steps": 0}, [{"type": "CheckpointMointor"}], "CPU"]
)  # fmt: skip
WHOLE = st.none() | st.integers(1, 10**9)


@settings(max_examples=150, deadline=None)
@given(
    changes=st.lists(st.tuples(st.sampled_from(["training", "evaluation"]), st.integers(0, 200), STRANGE), max_size=6),
    bundle=st.sampled_from(BUNDLES),
    rows=st.fixed_dictionaries({"count": WHOLE, "width": WHOLE}),
    cards=st.none() | st.integers(1, 10_000),
)
def test_whatever_stands_in_a_yaml_no_check_fails(
    changes: list[tuple[str, int, Any]], bundle: str, rows: dict[str, int | None], cards: int | None
) -> None:
    made = described({"bundle": bundle})
    made |= {"rows": rows, "cards": cards}
    for name, number, value in changes:
        dotted = keys({"training": TRAINING, "evaluation": EVALUATION}[name])
        *way, last = dotted[number % len(dotted)].split(".")
        inner: Any = made[name]
        for part in way:
            inner = inner.get(part) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner[last] = value
    facts = Facts.of(made)
    for check in ALL:
        assert all(where and said for where, said in check.find(facts)), check.name


def test_names_are_checked_and_a_plug_in_brings_checks_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="did you mean 'vicuna_wrapper'"):
        check_named("vicuna_wraper")
    folder = tmp_path / "finetune" / "lint" / "groups"
    folder.mkdir(parents=True)
    (folder / "house_rules.py").write_text(
        "from finetune.lint import Check\n"
        "CHECKS = (Check('seed_is_ours', 'warning', lambda facts: iter([('training: seed', 'is not 42')] if "
        "facts.training.get('seed') != 42 else []), 'runs compare', 'seed: 42', 'our own rule', "
        "{}, {'training': {'seed': 42}}),)\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("KIT_PLUGINS", str(tmp_path))
    assert found({}) == {"seed_is_ours"}
    assert found({"training": {"seed": 42}}) == set()
    (folder / "more_rules.py").write_text("CHECKS = ('x',)\n", encoding="utf-8")
    with pytest.raises(InputError, match="group of checks 'more_rules': 'x' is no check of a name of its own"):
        checks()
