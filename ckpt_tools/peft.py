"""Command: convert adapters to and from the format of Hugging Face's PEFT.

`python ckpt_tools/peft.py to ADAPTER --out DIR` writes `adapter_model.safetensors` and `adapter_config.json`, as
`PeftModel.from_pretrained` reads them; `python ckpt_tools/peft.py from DIR --base BASE --out ADAPTER` makes of such a
folder an adapter that the merge takes. Tensors pass unchanged: MindFormers' Llama and transformers' have the same order
of rows (`ckpt_tools/conversion/rotary.py`). How a method looks at PEFT, its `peft` says (`core.methods.peft_form`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])
from ckpt_tools.conversion.peft_whole import (
    also_train,
    in_peft,
    plain_whole,
    refuse_missing,
    whole_in_config,
    whole_in_file,
    without_whole,
)
from ckpt_tools.formats.floats import all_finite
from ckpt_tools.formats.regular import read_regular_json
from ckpt_tools.formats.sharded import fingerprint
from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.tensor_file import FLOATS, Array, TensorFile
from ckpt_tools.formats.tensors import open_tensors, write_tensors
from ckpt_tools.formats.wrapped import beginning, renamed, without, without_wrappers
from ckpt_tools.merging.adapter import AdapterInfo, open_adapter, write_adapter
from core.command import command_parser
from core.errors import InputError, run_command
from core.files import remove_file, write_json
from core.methods import WHOLE, method
from core.methods.linear import LinearMethod
from core.methods.peft_form import PeftForm
from core.models import Family, all_families, family_with
from core.models.names import some
from core.registry import METHODS
from core.terminal import show, show_json

TENSORS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_PREFIX = "base_model.model."


def to_peft(adapter: Path, out: Path, base_name: str) -> dict[str, Any]:
    """Write an adapter of the kit as a PEFT folder.

    Args:
        adapter: the kit's adapter folder.
        out: the folder to write.
        base_name: what PEFT shall load as the base (a name on the hub, or a folder).

    Returns:
        The content of `adapter_config.json`.

    Raises:
        InputError: a damaged adapter, NaN or infinity in it, or a disk that cannot be written.
    """
    tensors: dict[str, Array] = {}
    layers: set[int] = set()
    modules: dict[str, str] = {}
    places: dict[str, str] = {}
    written: set[str] = set()
    with open_adapter(adapter) as opened:
        info = opened.info
        form = info.method.peft
        if form is None:
            raise InputError(f"{adapter}: {info.method.title} has no equivalent in PEFT")
        whole = [weight for weight, change in opened.changes.items() if WHOLE in change.parts]
        own = {weight: change for weight, change in opened.changes.items() if WHOLE not in change.parts}
        family = _family_of_adapter(own)
        for weight, change in own.items():
            place = family.linear(weight)
            if not place:
                # A bias that is changed by the same tensors as its weight needs none of its own.
                if written.issuperset(change.parts.values()):
                    continue
                raise InputError(f"{adapter}: {weight} is not a linear layer of a {family.title}")
            module = family.module_in("hf", weight)
            layers.add(place.layer)
            modules[module.rpartition(".")[2]] = place.leaf
            places[module] = weight.removesuffix(".weight")
            parts = opened.read(weight)
            for values in parts.values():
                _finite(values, f"{adapter}: {weight}")
            for ending, values in form.written(info.settings, parts).items():
                tensors[f"{_PREFIX}{module}.{ending}"] = values
            tensors |= {name + copy: parts[role] for role, name in form.shared.items() for copy in form.copies}
            written |= set(change.parts.values())
        for name in whole:
            values = _finite(opened.read(name)[WHOLE], f"{adapter}: {name}")
            tensors[_PREFIX + in_peft(family.name_in("hf", name), places)] = values
    config: dict[str, Any] = {
        "peft_type": form.kind,
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base_name,
        "inference_mode": True,
        **form.config(info.settings, dict(sorted(modules.items())), sorted(layers)),
        **form.patterns(info.settings, places),
    }
    config |= whole_in_config(adapter, info, [family.name_in("hf", name) for name in whole], config)
    try:
        remove_file(out / CONFIG)
        write_tensors(out / TENSORS, tensors, {"format": "pt"})
        write_json(out / CONFIG, config)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return config


def from_peft(folder: Path, base: Path, out: Path, *, step: int = 0, model: str | None = None) -> AdapterInfo:
    """Write a PEFT folder as an adapter of the kit, of the method whose form it has.

    Args:
        folder: PEFT's folder, with `adapter_config.json` and `adapter_model.safetensors` (or `.bin`).
        base: the base model's checkpoint in MindFormers' names, which the adapter will be merged into.
        out: the adapter folder to write.
        step: the training step to note; it names the merged file.
        model: name of the base model's configuration; the name of the base's file where None.

    Raises:
        InputError: a method or setting that the kit cannot express (biases, patterns of ranks, …), tensors that do not
            fit the settings or the base, or a disk that cannot be written.
    """
    name, said, listed = _read_config(folder / CONFIG)
    config = without_whole(said)
    path = folder / TENSORS
    if not path.is_file() and (folder / "adapter_model.bin").is_file():
        path = folder / "adapter_model.bin"
    with open_source(path) as source, open_tensors(base) as weights:
        family = family_with(weights.entries)
        if family.dialect_of(weights.entries) != "mindformers":
            raise InputError(f"{base}: does not use MindFormers' names; convert it first (ckpt_tools/convert.py)")
        made, form = _linear(name)
        # Which targets the tensors themselves say; until then any expression does.
        kind: Any = made.settings
        linears = {weight: family.module_in("hf", weight) for weight in weights if family.linear(weight)}
        peft = _as_saved(source, form, linears.values())
        endings = tuple(form.parts.values())
        places = {
            module: weight.removesuffix(".weight")
            for weight, module in linears.items()
            if any(f"{_PREFIX}{module}.{ending}" in peft for ending in endings)
        }
        settings = form.placed(form.patterned(config, places), _leaf_names(linears, family))
        draft = kind.model_validate({"name": name, "type": name, "target_modules": ".*", **settings})
        whole = whole_in_file(peft, weights, family, _PREFIX)
        found = _parts(peft, weights, family, made, draft, set(whole.values()))
        leaves, chosen = _leaves(path, found, weights, family, listed)
        also = also_train(made, draft, found, whole, weights)
        refuse_missing(folder / CONFIG, said, whole, weights, family)
        tensors = {
            made.shared[role]: _finite(peft.read(theirs), f"{path}: {theirs}") for role, theirs in form.shared.items()
        }
        for weight, names in found.items():
            shapes = _shapes(made, draft, weights, weight)
            for role, theirs in names.items():
                values = _finite(peft.read(theirs), f"{path}: {theirs}").reshape(shapes[role])
                tensors[f"{weight.removesuffix('.weight')}.{made.parts[role]}"] = values
        for weight, theirs in whole.items():
            tensors[weight] = _finite(peft.read(theirs), f"{path}: {theirs}")
    targets = {"target_modules": "|".join(f".*{leaf}" for leaf in leaves), **({"layers": chosen} if chosen else {})}
    final = kind.model_validate({**draft.model_dump(), **targets, "also_train": also})
    info = AdapterInfo(final, fingerprint(base), step, model or base.stem)
    try:
        write_adapter(out, tensors, info)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error})") from error
    return info


def _family_of_adapter(weights: Iterable[str]) -> Family:
    """Return the family that knows these weights as linear layers; a Llama where none does."""
    names = list(weights)
    return next((one for one in all_families() if all(map(one.linear, names))), all_families()[0])


def _leaf_names(linears: Mapping[str, str], family: Family) -> dict[str, str]:
    """Return Hugging Face's names of the kinds of layer (`q_proj`, …) -> the kit's (`wq`, …)."""
    places = {module: family.linear(weight) for weight, module in linears.items()}
    return {module.rpartition(".")[2]: place.leaf for module, place in places.items() if place}


def _shapes(made: LinearMethod[Any], settings: Any, base: TensorFile, weight: str) -> dict[str, tuple[int, ...]]:
    """Return role -> shape of what the method has beside one weight of the base."""
    layer = weight.removesuffix(".weight")
    out, into = base[weight].shape
    return made.layer_shapes(settings, layer, out, into, f"{layer}.bias" in base)


def _linear(name: str) -> tuple[LinearMethod[Any], PeftForm[Any]]:
    made = method(name)
    if not isinstance(made, LinearMethod) or made.peft is None:
        raise InputError(f"{made.title} has no tensors beside linear layers, which PEFT's would become")
    return made, made.peft


def _read_config(path: Path) -> tuple[str, dict[str, Any], list[str] | None]:
    """Return method, what the file says, and the listed target modules (None where they are an expression)."""
    said = read_regular_json(path)
    config = without_whole(said) if isinstance(said, dict) else said
    forms = {name: form for name in METHODS.names() if (form := method(name).peft)}
    kind = config.get("peft_type") if isinstance(config, dict) else None
    faults = []
    for name, form in forms.items():
        if kind != form.kind or not form.recognises(config):
            continue
        # Several methods may be one type there, told apart by settings.
        try:
            form.settings(config)
        except InputError as error:
            faults.append(f"{path}: {error}")
            continue
        targets = config.get("target_modules")
        return name, said, [str(one) for one in targets] if isinstance(targets, list) else None
    kinds = " or ".join(dict.fromkeys(form.kind for form in forms.values()))
    raise InputError(faults[0] if faults else f"{path}: is no PEFT configuration of type {kinds}")


def _as_saved(source: TensorFile, form: PeftForm[Any], modules: Iterable[str]) -> TensorFile:
    """Return an adapter with the names that PEFT's save_pretrained gives, whatever way its tensors were kept.

    state_dict() has the adapter's own name in them (lora_A.default.weight), and wrappers theirs; whoever takes tensors
    out by hand may leave `base_model.model.` out.
    """
    adapters: set[str] = set()
    # What is there under two names is read under the first.
    again = {name + copy for name in form.shared.values() if name in source for copy in form.copies if copy}
    source = without(source, again)

    def plain(name: str) -> str:
        for kind, within in _ending_patterns(form):
            if match := within.search(name):
                adapters.add(match["adapter"] or "")
                return f"{name[: match.start()]}.{kind}"
        return plain_whole(name)

    view = renamed(source, lambda name: plain(without_wrappers(name)))
    if len(adapters) > 1:
        names = ", ".join(sorted(name or "one without a name" for name in adapters))
        raise InputError(f"{source.path}: holds several adapters ({names}); keep the tensors of one of them")
    known = {f"{module}.{ending}" for module in modules for ending in form.parts.values()}
    before = beginning(view, known.__contains__)
    shared = set(form.shared.values())
    return renamed(
        view, lambda name: _PREFIX + name[len(before) :] if name not in shared and name.startswith(before) else name
    )


def _ending_patterns(form: PeftForm[Any]) -> list[tuple[str, re.Pattern[str]]]:
    """Return each ending of PEFT's names with what finds it where an adapter's name may stand behind its first word."""
    found = []
    for ending in (*dict.fromkeys(form.parts.values()), *(name.partition(".")[2] for name in form.shared.values())):
        first, _, rest = ending.partition(".")
        # What is a module in memory has `.weight` behind it there, and in some versions' files.
        rest = rf"\.{re.escape(rest)}" if rest else r"(?:\.weight)?"
        found.append((ending, re.compile(rf"\.{re.escape(first)}(?:\.(?P<adapter>(?!weight$)[\w-]+))?{rest}$")))
    return found


def _parts(
    peft: TensorFile, base: TensorFile, family: Family, made: LinearMethod[Any], settings: Any, whole: Set[str]
) -> dict[str, dict[str, str]]:
    """Return weight of the base -> role -> name in the PEFT file, each tensor used exactly once."""
    _, form = _linear(settings.type)
    found, used = {}, {*form.shared.values(), *whole}
    for name in form.shared.values():
        if name not in peft or peft[name].dtype not in FLOATS:
            raise InputError(f"{peft.path}: {name} is missing or no floating tensor; the adapter is incomplete")
    for weight in filter(family.linear, base):
        module = family.module_in("hf", weight)
        shapes = _shapes(made, settings, base, weight)
        names = {role: f"{_PREFIX}{module}.{form.parts[role]}" for role in shapes}
        if not any(name in peft for name in names.values()):
            continue
        for role, name in names.items():
            if name not in peft:
                raise InputError(f"{peft.path}: {name} is missing; the adapter is incomplete")
            shape = form.shape(role, shapes[role])
            if peft[name].shape != shape or peft[name].dtype not in FLOATS:
                raise InputError(
                    f"{peft.path}: {name} is {peft[name].dtype} {list(peft[name].shape)}; "
                    f"{made.size(settings.local(weight.removesuffix('.weight')))} on "
                    f"{weight} of {base.path} needs {list(shape)}"
                )
        found[weight] = names
        used |= set(names.values())
    if unknown := set(peft) - used:
        raise InputError(f"{peft.path}: holds {some(unknown)}, for which {base.path} or {made.title} has no place")
    return found


def _leaves(
    path: Path, found: Mapping[str, Any], base: TensorFile, family: Family, listed: list[str] | None
) -> tuple[list[str], str | None]:
    """Return the leaf names (wq, …) adapted, in the order of the model, and in which layers (None: in all).

    Each has to be adapted in all of these layers.
    """
    places = {name: place for name in base if (place := family.linear(name))}
    leaves = list(dict.fromkeys(place.leaf for name, place in places.items() if name in found))
    layers = sorted({place.layer for name, place in places.items() if name in found})
    for name, place in places.items():
        if place.leaf in leaves and place.layer in layers and name not in found:
            raise InputError(
                f"{path}: adapts {place.leaf} in some layers but not in layer {place.layer}; target_modules "
                "and layers of the kit choose the same parts in each of these layers"
            )
    adapted = {family.module_in("hf", weight).rpartition(".")[2] for weight in found}
    if listed is not None and adapted != {name.rpartition(".")[2] for name in listed}:
        raise InputError(f"{path}: adapts {', '.join(sorted(adapted))}, but {CONFIG} lists {', '.join(sorted(listed))}")
    every = {place.layer for place in places.values()}
    return leaves, None if every.issubset(layers) else ",".join(map(str, layers))


def _finite(values: Array, where: str) -> Array:
    if not all_finite(values, values.dtype.name):
        raise InputError(f"{where} holds NaN or infinity; the training diverged")
    return values


def main(argv: Sequence[str]) -> int:
    """Convert in the direction asked for, print what was written."""
    parser = command_parser(
        "ckpt_tools/peft.py",
        "Convert adapters to and from the format of Hugging Face's PEFT.",
        "example: python ckpt_tools/peft.py to logs/latest/train/adapters/step_100 --out peft_adapter "
        "--base-name meta-llama/Meta-Llama-3-8B",
    )
    directions = parser.add_subparsers(dest="direction", required=True)
    there = directions.add_parser("to", help="the kit's adapter to PEFT's format")
    there.add_argument("adapter", type=Path, help="the kit's adapter folder")
    there.add_argument("--base-name", default="", help="what PEFT shall load as the base (hub name or folder)")
    back = directions.add_parser("from", help="an adapter in PEFT's format to the kit's")
    back.add_argument("adapter", type=Path, help="folder with adapter_config.json and adapter_model.safetensors")
    back.add_argument("--base", type=Path, required=True, help="the base model's checkpoint in MindFormers' names")
    back.add_argument(
        "--step", type=int, default=0, help="training step to note; it names the merged file (default: 0)"
    )
    back.add_argument("--model", help="name of the base model's configuration (default: the base file's name)")
    for direction in (there, back):
        direction.add_argument("--out", type=Path, required=True, help="folder to write")
        direction.add_argument("--json", action="store_true", help="print what was written as JSON and nothing else")
    arguments = parser.parse_args(argv)
    if arguments.direction == "to":
        written = to_peft(arguments.adapter, arguments.out, arguments.base_name)
    else:
        written = from_peft(
            arguments.adapter, arguments.base, arguments.out, step=arguments.step, model=arguments.model
        ).content()
    if arguments.json:
        show_json(written)
        return 0
    for key, value in written.items():
        show(f"{key:24} {value}")
    show(arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main))
