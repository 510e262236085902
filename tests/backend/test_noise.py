"""NEFTune: noise of the right size on the embeddings, in training alone, the same wherever it is made again."""

from __future__ import annotations

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.mindspore]


def test_the_embeddings_have_noise_in_training_alone() -> None:
    import mindspore as ms
    from mindformers import LlamaConfig, LlamaForCausalLM

    from backend.changes.noise import STEP_NAME, Noise

    ms.set_context(mode=ms.GRAPH_MODE, device_target="CPU")
    width, length = 64, 32
    config = LlamaConfig(
        num_layers=1, hidden_size=width, num_heads=2, vocab_size=50, seq_length=length, param_init_type="float32"
    )
    network = LlamaForCausalLM(config)
    names = [parameter.name for parameter in network.get_parameters()]
    plain = network.model.tok_embeddings
    change = Noise(network, {"alpha": 5.0, "seed": 1, "width": width})
    assert [one.name for one in network.get_parameters() if one.name != STEP_NAME] == names
    noisy = network.model.tok_embeddings
    assert noisy is not plain
    ids = ms.Tensor(np.random.default_rng(1).integers(0, 50, (4, length)), ms.int32)
    without = plain(ids).asnumpy()
    noisy.set_train(False)
    assert np.array_equal(noisy(ids).asnumpy(), without)
    noisy.set_train(True)
    found = []
    for step in (1, 2, 1):
        change.before_step(step)
        found.append((noisy(ids).asnumpy() - without).astype(np.float64))
    assert np.array_equal(found[0], found[2])
    largest = 5.0 / (length * width) ** 0.5
    for noise in found:
        # A uniform distribution has the mean 0 and the standard deviation largest / sqrt(3).
        assert np.abs(noise).max() <= largest * 1.0001
        assert abs(noise.mean()) < 5 * largest / (3 * noise.size) ** 0.5
        assert noise.std() == pytest.approx(largest / 3**0.5, rel=0.03)
    assert abs(np.corrcoef(found[0].ravel(), found[1].ravel())[0, 1]) < 5 / found[0].size ** 0.5
