"""Who knows another kit's names is told this one's; what only looks alike is not proposed."""

from __future__ import annotations

import pytest

from core.config import _all_keys, load_contest
from core.errors import InputError
from core.other_names import _NAMES, nearest
from core.schema import RunConfig

KNOWN = _all_keys(RunConfig, load_contest("practice_math").model_dump())


def said(*settings: str) -> str:
    with pytest.raises(InputError) as error:
        load_contest("practice_math", settings)
    return str(error.value)


@pytest.mark.parametrize(
    ("written", "here"),
    [
        ("lora_rank=16", "write method.rank=16"),
        ("train.lr=1e-4", "write train.learning_rate=1e-4"),
        ("learning_rate=1e-4", "write train.learning_rate=1e-4"),
        ("optimizer.learning_rate=1", "write train.learning_rate=1"),
        ("per_device_train_batch_size=4", "write train.batch_size=4"),
        ("cutoff_len=512", "write data.seq_length=512"),
        ("model.model_config.pet_config.lora_alpha=16", "write method.alpha=16"),
        ("lr-scheduler-type=cosine", "write train.schedule=cosine"),
        ("template=llama3", "prompt=NAME"),
        ("seed=3", "data.seed or train.seed"),
        ("val_size=100", "write data.validation_records=100"),
        ("eval_steps=50", "write train.validation_steps=50"),
        ("early_stopping_patience=3", "write train.patience=3"),
        ("train.epoch=2", "did you mean 'train.epochs'?"),
        ("trian.epochs=2", "write train.epochs=2"),
    ],
)
def test_the_name_here_is_said(written: str, here: str) -> None:
    assert here in said(written)


@pytest.mark.parametrize(
    "key", ["train.lr", "train.scheduling", "method.rang_pattern_x", "foo", "", ".", "a.b.c", "train.end"]
)
def test_what_means_something_else_is_not_proposed(key: str) -> None:
    assert "lr_end" not in nearest(key, KNOWN)
    assert nearest("foo", KNOWN) == ""


def test_names_of_others_lead_to_settings_that_there_are_and_are_none_themselves() -> None:
    for own, others in _NAMES.items():
        if own.replace(".", "").replace("_", "").isalnum():
            assert own in KNOWN
        assert not set(others.split()) & {known.rpartition(".")[2] for known in KNOWN} - {"template"}
    words = " ".join(_NAMES.values()).split()
    assert len(words) == len(set(words))


def test_a_file_s_unknown_key_is_answered_too(tmp_path: object) -> None:
    assert "here it is method.rank" in said("method={name: lora_qv, lora_rank: 4}")
