"""Files of torch.save: read to the bit without PyTorch, and never run."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import pickle
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ckpt_tools.conversion.rewrite import convert
from ckpt_tools.formats.sources import open_source
from ckpt_tools.formats.torch_file import open_torch
from core.errors import InputError
from core.files import write_json
from core.models.llama import Shape, parameter_shapes
from core.models.names import name_in

# Written by PyTorch 2.13 (compressed here): the state_dict of Linear(2, 1), and "a" = bfloat16 0..5 as a Parameter
# [2, 3], "b" = entries 2..7 of a float32 storage of 12 as [3, 2], "c" = int64 scalar 7.
SAMPLE = zlib.decompress(
    base64.b85decode(
        "c-p0vO>fgk7{@10n*_J?jV`5yEwC&!<t26Eq)DOMrUv=qm1wg<iYg@IBqp)ejr-Ws7LY1cLT%wIa6o9k!XEaxtNjKbRB_;dw1-"
        "tsNSrw^W2eF6Gz7{>6Tjs7|DWI3^E_Tu!d(c(VyI;dpdqB$<(jdsPgOLmC02hoWvLG>Gh>S@mo3xO%h<5$4u9LO=(b+DWt1@wXtDsIcrilEHgu"
        "y}!@!lXMJyBQ8a7OaS8cttW|$Qf>vhMn)%6q);ds0lB?^Z`YE>P&JP9wGmWF@xZt~Dw43QWCBE>K{mRHvxs&E)$OA1m#3bzBt6ix~40ROZ`DS9"
        "yU7T|c1EESau&4Ioe$y4j9c|J+#uSJy*h5=W<4TJP&$kU#{FkFBi+&~RZwpqcdW@{@t)@>d}Jnsg#<bo%so9L%prxc8mlo1SLG$p5mci^-"
        "VrpRZ!v_E1PFTmL+?!~!XIA4IDTxAI^Fz_P$Oq_Z#TwJ0)bn%zG#ZP!naSY`5vKw56D-"
        "7MQR=wIJyXuCd;hOg_5`=7W(({<YAQT|Ewh5`?F%qPbwQ6)%faw08F48RnnN65>-"
        "`=`zJ7hyZRtY(dQ%Wo<(bylmvB?PzAvzb^Zo3gQ+}w7F`<A_;VYT5VO9O%3x4fLB&VRjs`<SBB+1_~!Wj{MNwwJ1zMzy}8*Rd>#E#_Y_rqdK)e"
        "gpQ&su1@@fI&3h1Smbkx<!jcmTnv+@4+w)j7^;~Z2$7#C@r<f7a97{98=X(f-"
        "GJC4uF5(%+4*@v3W}H@t*pDri^tUm}Lo)vXnbALH^mWo7>8tc}1(ct3&QQn>!^-v)}Xhml4{UNBMkyEB_)-"
        "IsQEV?s_lD)Z2k0$8w0WltxF(PX}Q@WN8G1oRj&2%zwyyM<!Yzy`0Q*WC{zE@xkW(If1s%4vfPrWBRcAi#DRE@9N(FR_FKMk8U)5n}wY{>PrxL"
        "n)&7P>YdK@H;z)D8-TkcN4E{q0Ul}e>!lhMSxS5(h#+J#$r&M;%ZMpK%*+VcTviZs!pw9goz02#wtI(C?oVvrj1!KyOBtfDO-_Gv9B3gAeusl<"
        "e*+w0lp7ps*G_{b{w6lYn7s6xv~<p(kG~NOGCqYcYHff)xxb6_G4j1I3iPg^*53tKE&cSfT_>pZS1zl49n_|RT7N~c+PmEWtr*n$tA^FmC&*S{"
        "Q0w3K{p@;u+BWaoza7UJ@hhMB@IqNsB9W^HWfi{GRQ3dpe{+oo6g_AY5%(<1d)M9<yF21(dfa#~_7j;CPf7"
    )
)


def test_tensors_are_read_to_the_bit(tmp_path: Path) -> None:
    (tmp_path / "model.pth").write_bytes(SAMPLE)
    with open_torch(tmp_path / "model.pth") as tensors:
        found = {name: tensors.read(name) for name in tensors}
        assert tensors.read_rows("b", 1, 2).tolist() == [[4.0, 5.0]]
    assert list(found) == ["weight", "bias", "a", "b", "c"]
    assert found["a"].dtype == ml_dtypes.bfloat16
    assert found["a"].astype(float).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert found["b"].tolist() == [[2, 3], [4, 5], [6, 7]]
    assert found["c"].tolist() == 7
    assert found["weight"].shape == (1, 2)


class Evil:
    """What a pickle of an attacker does: calls a function of its choice."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/should_not_exist",)


def archive(content: bytes, members: dict[str, bytes] | None = None, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        made.writestr("archive/data.pkl", content)
        for name, data in (members or {}).items():
            made.writestr(f"archive/{name}", data)
    return buffer.getvalue()


def pickled(size: int = 6, offset: int = 0, shape: tuple[int, ...] = (2, 3), stride: tuple[int, ...] = (3, 1)) -> bytes:
    """A dictionary of one float32 tensor, opcode by opcode as torch.save writes it."""

    def number(value: int) -> bytes:
        return b"J" + value.to_bytes(4, "little", signed=True)

    def text(value: str) -> bytes:
        return b"X" + len(value).to_bytes(4, "little") + value.encode()

    def numbers(values: tuple[int, ...]) -> bytes:
        return b"(" + b"".join(map(number, values)) + b"t"

    storage = b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + number(size) + b"tQ"
    hooks = b"ccollections\nOrderedDict\n)R"
    tensor = b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + number(offset) + numbers(shape) + numbers(stride)
    return b"\x80\x02}(" + text("x") + tensor + b"\x89" + hooks + b"tRu."


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "not in the ZIP format"),
        (b"\x80\x02}q\x00.", "not in the ZIP format"),
        (SAMPLE[:-30], "damaged, or no file of torch.save"),
        (archive(pickle.dumps({"x": Evil()}, 2)), "names posix.system"),
        (archive(pickle.dumps({"x": Evil()})), "its pickle uses FRAME"),
        (archive(pickle.dumps({"x": 3}, 2)), "'x' is no tensor"),
        (archive(pickle.dumps([1], 2)), "it is no dictionary"),
        (archive(pickle.dumps({}, 2)), "it is no dictionary"),
        (archive(b"\x80\x02r\xff\xff\xff\xff."), "its pickle uses LONG_BINPUT"),
        (archive(b"\x80\x02}"), "in data.pkl"),
        (archive(pickled()), "storage is missing"),
        (archive(pickled(), {"data/0": bytes(24)}, zipfile.ZIP_DEFLATED), "missing or compressed"),
        (archive(pickled(), {"data/0": bytes(20)}), "beyond its storage of 20 bytes"),
        (archive(pickled(size=5), {"data/0": bytes(24)}), "does not fit its storage"),
        (archive(pickled(offset=-1), {"data/0": bytes(24)}), "does not fit its storage"),
        (archive(pickled(offset=1), {"data/0": bytes(24)}), "does not fit its storage"),
        (archive(pickled(stride=(1, 2)), {"data/0": bytes(24)}), "a view with gaps"),
        (archive(pickled(stride=(3,)), {"data/0": bytes(24)}), "does not fit its storage"),
        (archive(pickled(), {"data/0": bytes(24), "byteorder": b"bigger"}), "big-endian"),
        (archive(pickled(), {"data/0": bytes(24), "more/data.pkl": b""}), "no data.pkl of a sensible size"),
    ],
)
def test_files_that_are_no_plain_tensors_are_refused(tmp_path: Path, data: bytes, what: str) -> None:
    (tmp_path / "model.pth").write_bytes(data)
    with pytest.raises(InputError, match=what):
        open_torch(tmp_path / "model.pth")
    assert not Path("/tmp/should_not_exist").exists()


def test_the_pickle_of_these_tests_is_right(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32)
    (tmp_path / "model.pth").write_bytes(archive(pickled(), {"data/0": values.tobytes()}))
    with open_torch(tmp_path / "model.pth") as tensors:
        assert tensors.read("x").tolist() == values.reshape(2, 3).tolist()


@settings(max_examples=150)
@given(st.data())
def test_damage_is_a_sentence_and_never_more(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    damaged = bytearray(SAMPLE)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.pth"
    path.write_bytes(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
    with contextlib.suppress(InputError), open_torch(path) as tensors:
        for name in tensors:
            tensors.read(name)


def test_shards_are_joined_by_their_index(tmp_path: Path) -> None:
    tensors = {f"x{number}": np.full((2, 3), number, np.float32) for number in range(2)}
    for number, (name, values) in enumerate(tensors.items()):
        content = pickled().replace(b"X\x01\x00\x00\x00x", b"X\x02\x00\x00\x00" + name.encode())
        (tmp_path / f"part-{number}.bin").write_bytes(archive(content, {"data/0": values.tobytes()}))
    index = tmp_path / "pytorch_model.bin.index.json"
    write_json(index, {"weight_map": {"x0": "part-0.bin", "x1": "part-1.bin"}})
    with open_source(tmp_path) as opened:
        assert {name: opened.read(name).tolist() for name in opened} == {n: v.tolist() for n, v in tensors.items()}
    for weight_map, what in (
        ({"x0": "part-0.bin"}, None),
        ({"x0": "part-0.bin", "x2": "part-1.bin"}, "does not place there"),
        ({"x0": "part-0.bin", "y": "part-0.bin"}, "where it is not"),
        ({"x0": "../part-0.bin"}, "only .bin files beside"),
        ({"x0": 3}, "only .bin files beside"),
        ({}, "has no weight_map"),
    ):
        write_json(index, {"weight_map": weight_map})
        if what is None:
            assert len(open_torch(index)) == 1
            continue
        with pytest.raises(InputError, match=what):
            open_torch(index)


@pytest.mark.slow
def test_pytorchs_own_file_of_a_meta_llama(tmp_path: Path, tiny: Shape, peft_python: Callable[..., str]) -> None:
    """A whole tiny consolidated.00.pth, written by PyTorch where there is one, converts like its safetensors copy."""
    shapes = {name_in("meta", name): shape for name, shape in parameter_shapes(tiny).items()}
    code = (
        "import sys, json, torch, safetensors.torch as st; shapes = json.loads(sys.argv[1]); torch.manual_seed(0); "
        "made = {n: torch.randn(s).to(torch.bfloat16) for n, s in shapes.items()}; "
        "torch.save(made, sys.argv[2] + '/consolidated.00.pth'); st.save_file(made, sys.argv[2] + '/copy.safetensors')"
    )
    peft_python("-c", code, json.dumps(shapes), str(tmp_path))
    results = []
    for source in (tmp_path, tmp_path / "copy.safetensors"):
        with open_source(source) as tensors:
            results.append(convert(tensors, tiny, "mindformers", tmp_path / "model.ckpt")["sha256"])
    assert results[0] == results[1]


def test_a_shard_that_links_elsewhere_is_refused(tmp_path: Path) -> None:
    folder, secret = tmp_path / "model", tmp_path / "secret.bin"
    folder.mkdir()
    secret.write_bytes(archive(pickled(), {"data/0": bytes(24)}))
    (folder / "part-0.bin").symlink_to(secret)
    index = folder / "pytorch_model.bin.index.json"
    write_json(index, {"weight_map": {"x": "part-0.bin"}})
    with pytest.raises(InputError, match="symbolic link that leaves the folder"):
        open_torch(index)
