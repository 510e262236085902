"""The pickle of a dictionary of tensors, read by a machine of its own: Python's would make whatever a file asks for.

The few operations that `torch.save` writes for tensors move values on a stack. Nothing is called, nothing is looked up
by name but what stands below, a key is a text, and no value is compared, hashed or shown: a tuple that holds itself
fifty times over costs nothing here, and minutes where it becomes a key or a message.

    EMPTY_DICT  MARK  'x'  GLOBAL _rebuild_tensor_v2  MARK (storage) 0 (2, 3) (3, 1) … TUPLE  REDUCE  SETITEMS  STOP
    {}          {} ^  {} ^ 'x'                             {} ^ 'x' rebuild (arguments)       {'x': tensor}
"""

from __future__ import annotations

import math
import pickletools
from collections.abc import Callable
from typing import Any, NamedTuple

from ckpt_tools.formats.tensor_file import DTYPES
from core.untrusted import is_text

STORAGES = {
    "BoolStorage": "bool",
    "CharStorage": "int8",
    "ByteStorage": "uint8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
}
# A tensor takes 32 operations, so these are 30,000 tensors: more than any one file of a model in use has.
_MOST_OPERATIONS = 1_000_000
_MOST_DIMENSIONS = 32
_LONGEST_NAME = 4096
_MARK = object()


class Refused(ValueError):
    """Something in the pickle that a dictionary of tensors does not need."""


class Storage(NamedTuple):
    """A storage of the archive: its member, type and number of entries."""

    key: str
    dtype: str
    size: int


class Tensor(NamedTuple):
    """A tensor of the pickle: entries of a storage from `offset` on."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def contiguous(self) -> bool:
        """Whether its entries lie one after another in the storage, rows first."""
        step = 1
        for length, stride in zip(reversed(self.shape), reversed(self.stride), strict=True):
            if length != 1 and stride != step:
                return False
            step *= length
        return True


class _Name(NamedTuple):
    """What GLOBAL stands for."""

    name: str


def read_pickle(data: bytes) -> dict[str, Tensor]:
    """Return the tensors of a pickle by name.

    Raises:
        Refused: it is no dictionary of tensors, or damaged.
    """
    try:
        value = _Machine().run(data)
    except Refused:
        raise
    except Exception as error:  # a damaged pickle fails in as many ways as there are operations
        raise Refused(f"{type(error).__name__} in data.pkl") from error
    if type(value) is not dict or not value:
        raise Refused("it is no dictionary")
    for name, tensor in value.items():
        if type(tensor) is not Tensor:
            raise Refused(f"{name[:80]!r} is no tensor")
    return value


class _Machine:
    """Runs the operations of a pickle."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        """Return what the pickle leaves on the stack."""
        for count, (operation, argument, _) in enumerate(pickletools.genops(data)):
            if operation.name == "STOP":
                (value,) = self._stack
                return value
            work = _WORK.get(operation.name)
            if work is None or (operation.name == "LONG_BINPUT" and (argument or 0) > len(data)):
                raise Refused(f"its pickle uses {operation.name}")
            if count >= _MOST_OPERATIONS:
                raise Refused(f"its pickle has more than {_MOST_OPERATIONS} operations")
            work(self, argument)
        raise Refused("its pickle has no end")

    def _pop(self) -> Any:
        value = self._stack.pop()
        if value is _MARK:
            raise Refused("a mark where a value is expected")
        return value

    def _behind_mark(self) -> list[Any]:
        at = len(self._stack) - 1
        while self._stack[at] is not _MARK:
            at -= 1
            if at < 0:
                raise Refused("no mark")
        values = self._stack[at + 1 :]
        del self._stack[at:]
        return values

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _tuple(self, count: int) -> None:
        self._push(tuple(reversed([self._pop() for _ in range(count)])))

    def _put(self, number: int) -> None:
        value = self._pop()
        self._push(value)
        self._memo[number] = value

    def _text(self, value: str) -> None:
        if len(value) > _LONGEST_NAME or not is_text(value):
            raise Refused(f"a name that is no UTF-8 text or has more than {_LONGEST_NAME} characters")
        self._push(value)

    def _global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        known = argument in ("collections OrderedDict", *_REBUILD) or (module == "torch" and name in STORAGES)
        if not known:
            raise Refused(f"it names {module[:80]}.{name[:80]}")
        self._push(_Name(argument))

    def _reduce(self) -> None:
        arguments, called = self._pop(), self._pop()
        if type(called) is not _Name or type(arguments) is not tuple:
            raise Refused("it calls what is no function")
        if called.name == "collections OrderedDict" and not arguments:
            self._push({})
        elif called.name in _REBUILD:
            self._push(_REBUILD[called.name](*arguments))
        else:
            raise Refused(f"it calls {called.name.replace(' ', '.')}")

    def _set(self, pairs: list[Any]) -> None:
        into = self._stack[-1]
        if type(into) is not dict or len(pairs) % 2:
            raise Refused("entries for what is no dictionary")
        for key, value in zip(pairs[::2], pairs[1::2], strict=True):
            if type(key) is not str:
                raise Refused(f"a key that is no text: {type(key).__name__}")
            into[key] = value

    def _append(self, values: list[Any]) -> None:
        into = self._stack[-1]
        if type(into) is not list:
            raise Refused("entries for what is no list")
        into.extend(values)

    def _build(self) -> None:
        """Drop the attributes of a dictionary: the `_metadata` of a module's state."""
        self._pop()
        if type(self._stack[-1]) is not dict:
            raise Refused("it sets attributes of what is no dictionary")

    def _storage(self) -> None:
        """Push the storage that ('storage', type, key, device, size) names."""
        named = self._pop()
        fits = type(named) is tuple and len(named) == 5 and type(named[0]) is str and named[0] == "storage"
        if not fits or type(named[1]) is not _Name or type(named[2]) is not str or not _whole(named[4]):
            raise Refused("it refers to what is no storage")
        dtype = STORAGES.get(named[1].name.removeprefix("torch "))
        if dtype is None:
            raise Refused("a storage of no known type")
        self._push(Storage(named[2], dtype, named[4]))


def _tensor(storage: Any = None, offset: Any = None, shape: Any = None, stride: Any = None, *_: Any) -> Tensor:
    """Stand in for `torch._utils._rebuild_tensor_v2`."""
    sizes = all(type(part) is tuple and len(part) <= _MOST_DIMENSIONS for part in (shape, stride))
    if (
        type(storage) is not Storage
        or not _whole(offset)
        or not sizes
        or not all(map(_whole, (*shape, *stride)))
        or len(shape) != len(stride)
        or offset + math.prod(shape) > storage.size
    ):
        raise Refused("a tensor does not fit its storage")
    return Tensor(storage, offset, shape, stride)


def _parameter(data: Any = None, *_: Any) -> Tensor:
    """Stand in for `torch._utils._rebuild_parameter`."""
    if type(data) is not Tensor:
        raise Refused("a parameter is no tensor")
    return data


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


_REBUILD: dict[str, Callable[..., Tensor]] = {
    "torch._utils _rebuild_tensor_v2": _tensor,
    "torch._utils _rebuild_parameter": _parameter,
}
_Work = Callable[[_Machine, Any], Any]
_WORK: dict[str, _Work] = {
    "PROTO": lambda machine, argument: None,
    "MARK": lambda machine, argument: machine._push(_MARK),
    "GLOBAL": lambda machine, argument: machine._global(argument),
    "REDUCE": lambda machine, argument: machine._reduce(),
    "BUILD": lambda machine, argument: machine._build(),
    "BINPERSID": lambda machine, argument: machine._storage(),
    "EMPTY_DICT": lambda machine, argument: machine._push({}),
    "SETITEM": lambda machine, argument: machine._set([machine._pop() for _ in range(2)][::-1]),
    "SETITEMS": lambda machine, argument: machine._set(machine._behind_mark()),
    "EMPTY_LIST": lambda machine, argument: machine._push([]),
    "APPEND": lambda machine, argument: machine._append([machine._pop()]),
    "APPENDS": lambda machine, argument: machine._append(machine._behind_mark()),
    "EMPTY_TUPLE": lambda machine, argument: machine._push(()),
    "TUPLE": lambda machine, argument: machine._push(tuple(machine._behind_mark())),
    "TUPLE1": lambda machine, argument: machine._tuple(1),
    "TUPLE2": lambda machine, argument: machine._tuple(2),
    "TUPLE3": lambda machine, argument: machine._tuple(3),
    "NONE": lambda machine, argument: machine._push(None),
    "BINUNICODE": lambda machine, argument: machine._text(argument),
    **dict.fromkeys(("BINPUT", "LONG_BINPUT"), lambda machine, number: machine._put(number)),
    **dict.fromkeys(("BINGET", "LONG_BINGET"), lambda machine, number: machine._push(machine._memo[number])),
    **dict.fromkeys(
        ("NEWTRUE", "NEWFALSE", "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
        lambda machine, value: machine._push(value),
    ),
}
assert set(STORAGES.values()) <= set(DTYPES)
