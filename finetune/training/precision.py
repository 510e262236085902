"""The type that adapters are trained in: what it takes of memory, and whether the learning rate can move it. Pure."""

from __future__ import annotations

import math

from core.errors import InputError
from core.methods import method_of
from core.schema import RunConfig

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2}
# Both of Adam's moments are float32, whatever the parameter is.
ADAM_BYTES = 2 * BYTES["float32"]
# Bits behind the leading one of a number's fraction, and the exponent of the smallest normal number.
_FRACTION = {"float32": (23, -126), "float16": (10, -14), "bfloat16": (7, -126)}
_LORA_A = "lora_a"


def adapter_dtype(config: RunConfig) -> str:
    """Return the type of a run's trained tensors: `train.adapter_dtype` in MindFormers' own layers, else float32."""
    return config.train.adapter_dtype if _of_mindformers(config) else "float32"


def adapter_memory(config: RunConfig) -> int:
    """Return the bytes that the trained tensors take on each worker: themselves, their gradients, Adam's moments."""
    trained = method_of(config.method).parameters(config.method, config.model)
    return trained * (2 * BYTES[adapter_dtype(config)] + ADAM_BYTES)


def check_adapter_dtype(config: RunConfig) -> str:
    """Return the type of a run's trained tensors.

    Adam's step is the learning rate, for the mean of the gradients and the root of the mean of their squares are about
    equal (https://arxiv.org/abs/1412.6980, section 2.1), and MindFormers rounds the sum to the tensor's type. A number
    w moves if the step is more than half the distance to its neighbour (round to nearest, IEEE 754), 2^(e - f) for
    2^e <= |w| < 2^(e + 1) and f bits of fraction. The entries of `lora_a` begin evenly spread between
    ±1 / sqrt(width) (HeUniform with a slope of sqrt(5), as in LoRA's own code): half of that is a typical size. With
    4,096 inputs that is 1/128; bfloat16 (f = 7) there has steps of 2^-14, and 1e-5 is less than half of one.

    Raises:
        InputError: the highest learning rate does not move an entry of typical size; or another type than float32 is
            set for a method whose cells are the kit's own.
    """
    wanted, made = config.train.adapter_dtype, method_of(config.method)
    if not _of_mindformers(config):
        if wanted != "float32":
            raise InputError(f"train.adapter_dtype is {wanted}: {made.title} trains in float32; set it to that")
        return "float32"
    widths = [shape[-1] for name, shape in made.tensors(config.method, config.model).items() if name.endswith(_LORA_A)]
    rate = config.train.learning_rate
    size = typical_size(min(widths, default=1))
    if widths and not moves(rate, size, wanted):
        raise InputError(
            f"train.adapter_dtype is {wanted}: a learning rate of {rate:g} is lost in rounding (an entry of lora_a of "
            f"{size:.1g} has neighbours {spacing(size, wanted):.1g} away, and one of "
            f"lora_b stops growing at {largest_moved(rate, wanted):.1g}); set it to float32"
        )
    return wanted


def typical_size(width: int) -> float:
    """Return the typical size of an entry of `lora_a` before the first step, for so many inputs."""
    return 0.5 / math.sqrt(width)


def spacing(value: float, dtype: str) -> float:
    """Return the distance from a number to its next larger neighbour in a type."""
    fraction, least = _FRACTION[dtype]
    return float(2.0 ** (max(math.frexp(value)[1] - 1, least) - fraction))


def moves(step: float, value: float, dtype: str) -> bool:
    """Tell whether adding a step to a number gives another number of the type."""
    return step > spacing(value, dtype) / 2


def largest_moved(step: float, dtype: str) -> float:
    """Return where a number that grows step by step stops: the least power of two that a step does not move."""
    exponent = _FRACTION[dtype][1]
    while moves(step, 2.0**exponent, dtype):
        exponent += 1
    return float(2.0**exponent)


def _of_mindformers(config: RunConfig) -> bool:
    """Tell whether the method is trained by MindFormers' own layers, which take a type."""
    composed = method_of(config.method).trainer(config.method, {})
    return "pet_config" in composed.get("model", {}).get("model_config", {})
