"""Model files: what is loaded is what was saved, and every damage is noticed."""

import json
import math
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from nn import MLP, Neuron, files
from nn.files import ModelFileError, load, read, save
from nn.losses import LOSSES
from nn.testing import models

ROOT = Path(__file__).resolve().parent.parent


@given(
    model=models(),
    loss=st.sampled_from([None, *LOSSES]),
    notes=st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False)),
    data=st.data(),
)
def test_files_round_trip(model, loss, notes, data, tmp_path_factory):
    """What is loaded is what was saved, to the last bit, the sign of zero included."""
    path = tmp_path_factory.mktemp("files") / "model.safetensors"
    model.loss = loss
    for p in model.parameters():
        p.data = data.draw(st.floats(allow_nan=False, allow_infinity=False))
    save(model, path, preprocessing=notes, history={"loss": [0.1, 1e-300]})
    state = random.getstate()
    found = read(path)
    assert random.getstate() == state
    assert [p.data.hex() for p in found.model.parameters()] == [p.data.hex() for p in model.parameters()]
    assert [p.name for p in found.model.parameters()] == [p.name for p in model.parameters()]
    assert (repr(found.model), found.model.loss) == (repr(model), loss)
    assert (found.preprocessing, found.history) == (notes, {"loss": [0.1, 1e-300]})
    assert load(path)[1] == notes


@given(model=models(nin=2), rows=st.lists(st.lists(st.floats(-100, 100), min_size=2, max_size=2), min_size=1))
def test_outputs_are_the_same_after_a_round_trip(model, rows, tmp_path_factory):
    """Every output of every network is the same, bit for bit."""
    path = tmp_path_factory.mktemp("files") / "m"
    save(model, path)
    assert [list(map(float.hex, out)) for out in load(path)[0].outputs(rows)] == [
        list(map(float.hex, out)) for out in model.outputs(rows)
    ]


def test_file_is_readable_by_others(tmp_path):
    """The tensors have plain names and shapes, and the metadata says what they mean."""
    path = tmp_path / "model.safetensors"
    model = MLP(4, [8, 3], activation="tanh", rng=0)
    save(model, path)
    tensors = load_file(path)
    assert {name: (t.shape, t.dtype) for name, t in tensors.items()} == {
        "layers.0.weight": ((8, 4), np.float64),
        "layers.0.bias": ((8,), np.float64),
        "layers.1.weight": ((3, 8), np.float64),
        "layers.1.bias": ((3,), np.float64),
    }
    assert tensors["layers.1.weight"][2, 7] == model.layers[1].neurons[2].w[7].data
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    architecture = {"nin": 4, "nouts": [8, 3], "activation": ["tanh"], "output": "linear"}
    assert {key: json.loads(metadata[key]) for key in ("architecture", "loss", "preprocessing", "history")} == {
        "architecture": architecture,
        "loss": None,
        "preprocessing": {},
        "history": {},
    }
    assert (metadata["format"], metadata["version"]) == ("chainrule.mlp", "2")


def test_another_process_reads_the_same_numbers(tmp_path):
    """A fresh interpreter has the same outputs, to the last bit."""
    path = tmp_path / "m"
    model = MLP(2, [5, 3, 2], activation=["gelu", "sin"], rng=3)
    save(model, path)
    code = f"from nn import load; print(load({str(path)!r})[0].outputs([[0.1, -2.0], [3.0, 1e-9]]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout == f"{model.outputs([[0.1, -2.0], [3.0, 1e-9]])}\n"


def test_save_is_all_or_nothing(tmp_path, monkeypatch):
    """A failure leaves the file that was there, and nothing beside it."""
    path = tmp_path / "model.safetensors"
    save(MLP(1, [1], rng=0), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save(MLP(1, [1], rng=1), path)
    assert [p.name for p in tmp_path.iterdir()] == ["model.safetensors"]
    assert path.read_bytes() == before


def test_save_follows_a_link(tmp_path):
    """The link stays, and what it leads to is written, though it was not there."""
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there/model")
    for seed in range(2):
        save(MLP(1, [1], rng=seed), tmp_path / "link")
        assert (tmp_path / "link").readlink() == Path("there/model")
        assert load(tmp_path / "there" / "model")[0].parameter_vector() == MLP(1, [1], rng=seed).parameter_vector()
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["model"]


def test_save_replaces_no_device(tmp_path):
    """What is no file, and no place for one, stays what it is; so does a link to it."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "link").symlink_to(pipe)
    for path in (pipe, tmp_path / "link"):
        with pytest.raises(FileExistsError, match="expected a file to write to, got a device"):
            save(MLP(1, [1]), path)
    assert pipe.is_fifo()


def test_save_refuses_what_it_could_not_load(tmp_path):
    """A network that MLP does not make, or notes that JSON does not hold, are not written."""
    model = MLP(1, [2, 1], rng=0)
    model.layers[0].neurons[1] = Neuron(1, activation="tanh")
    with pytest.raises(ValueError, match=r"expected one activation in layers\[0\], got relu, tanh"):
        save(model, tmp_path / "a")
    with pytest.raises(ValueError, match=r"expected an activation with a name in layers\[0\], got the function"):
        save(MLP(1, [2, 1], activation=lambda z: z * z), tmp_path / "a")
    with pytest.raises(ValueError, match="Out of range float values are not JSON compliant"):
        save(MLP(1, [1]), tmp_path / "b", preprocessing={"mean": float("nan")})
    for number in (math.nan, math.inf, -math.inf):
        model = MLP(1, [2, 1], rng=0)
        model.layers[1].neurons[0].b.data = number
        with pytest.raises(ValueError, match=rf"save: expected finite numbers, got {number} in layers\.1\.bias"):
            save(model, tmp_path / "c")
    assert list(tmp_path.iterdir()) == []


# ---- damage ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Return the bytes of a model file, with text that JSON escapes."""
    path = tmp_path_factory.mktemp("content") / "m"
    save(MLP(2, [2, 1], activation="tanh", rng=0), path, preprocessing={"names": ["é", 'a "b"\\']})
    return path.read_bytes()


def refused(path, content):
    """Return whether a file with this content is refused as a model."""
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        read(path)
    return str(caught.value).startswith(f"{path}: ")


def test_every_flipped_bit_is_noticed(content, tmp_path):
    """Whichever single bit of a file is wrong, it is no model."""
    for k in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[k // 8] ^= 1 << k % 8
        assert refused(tmp_path / "m", bytes(damaged))


def test_every_truncation_is_noticed(content, tmp_path):
    """Wherever a file ends too early, and whatever follows its end."""
    for k in range(len(content)):
        assert refused(tmp_path / "m", content[:k])
    assert refused(tmp_path / "m", content + b"\0")
    assert refused(tmp_path / "m", content + content)


@given(data=st.data())
def test_every_damage_is_noticed(data, content, tmp_path):
    """Bytes that are replaced, cut out, doubled or swapped."""
    start, stop = sorted(data.draw(st.tuples(*[st.integers(0, len(content))] * 2)))
    middle = data.draw(
        st.one_of(st.binary(max_size=20), st.just(content[start:stop][::-1]), st.just(2 * content[start:stop]))
    )
    damaged = content[:start] + middle + content[stop:]
    assert damaged == content or refused(tmp_path / "m", damaged)


@given(changed=st.sampled_from(["architecture", "loss", "preprocessing", "history", "more"]), text=st.text())
def test_changed_metadata_are_noticed(changed, text, content, tmp_path):
    """Other metadata in a sound file, without their checksum."""
    path = tmp_path / "m"
    path.write_bytes(content)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    save_file(load_file(path), path, metadata | {changed: text})
    assert refused(path, path.read_bytes())


def test_swapped_tensors_are_noticed(content, tmp_path):
    """Tensors of one shape under each other's name, and one of the same bytes in another shape."""
    path = tmp_path / "m"
    path.write_bytes(content)
    with safe_open(path, framework="numpy") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    swapped = {"layers.0.bias": tensors["layers.1.weight"][0], "layers.1.weight": tensors["layers.0.bias"][None]}
    assert swapped["layers.0.bias"].shape == tensors["layers.0.bias"].shape
    for other in (swapped, {"layers.0.weight": tensors["layers.0.weight"].T.copy()}, {"layers.1.bias": np.zeros(2)}):
        save_file(tensors | other, path, metadata)
        assert refused(path, path.read_bytes())


GOOD = {
    "format": "chainrule.mlp",
    "version": "2",
    "architecture": '{"nin": 1, "nouts": [1], "activation": [], "output": "linear"}',
    "loss": "null",
    "preprocessing": "{}",
    "history": "{}",
}
TENSORS = {"layers.0.weight": np.zeros((1, 1)), "layers.0.bias": np.zeros(1)}


def forge(path, tensors, metadata):
    """Write a file with a checksum that is right."""
    save_file(tensors, path, metadata | {"sha256": files.checksum(tensors, metadata)})


def test_a_file_made_by_hand_loads(tmp_path):
    """The tensors and metadata that the next test damages are right."""
    forge(tmp_path / "m", TENSORS, GOOD)
    assert repr(load(tmp_path / "m")[0]) == "MLP of [Layer of [LinearNeuron(1)]]"


@pytest.mark.parametrize(
    ("tensors", "metadata", "text"),
    [
        (TENSORS, {}, "expected the format 'chainrule.mlp', got None"),
        (TENSORS, {"format": "pt"}, "expected the format 'chainrule.mlp', got 'pt'"),
        (TENSORS, GOOD | {"version": "3"},
         "expected version '2', got '3'; it was written by a newer chainrule: update this one"),
        (TENSORS, GOOD | {"version": "10"}, "got '10'; it was written by a newer chainrule: update this one"),
        (TENSORS, GOOD | {"version": "1"}, "expected version '2', got '1'; train and save the model anew"),
        (TENSORS, GOOD | {"version": "x"}, "expected version '2', got 'x'; train and save the model anew"),
        (TENSORS, GOOD | {"architecture": "{"}, "expected a JSON object as architecture, got '{'"),
        (TENSORS, GOOD | {"architecture": "[]"}, "expected a JSON object as architecture, got '[]'"),
        (TENSORS, GOOD | {"architecture": "[" * 100_000}, "expected a JSON object as architecture, got '[[["),
        (TENSORS, GOOD | {"architecture": "{}"}, "expected nin, nouts, activation, output as the architecture, got {}"),
        (TENSORS, GOOD | {"preprocessing": "?"}, "expected a JSON object as preprocessing, got '?'"),
        (TENSORS, GOOD | {"history": "1"}, "expected a JSON object as history, got '1'"),
        (TENSORS, GOOD | {"loss": '"los"'}, "expected the name of a loss or null, got '\"los\"'"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("[1]", "1")}, "expected nin, nouts"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("[1]", "[1.0]")}, "expected nin, nouts"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace('"nin": 1', '"nin": true')}, "expected nin"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("[1]", "[1000000000]")}, "of shapes"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("linear", "t")}, "got 't'"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("[]", '["tanh"]')},
         "expected one activation or 0, one for each hidden layer, got 1"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("[]", '[["tanh"]]')}, "expected nin"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("[]", '"tanh"')}, "expected nin"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace('"linear"', "null")}, "expected nin"),
        (TENSORS, GOOD | {"architecture": GOOD["architecture"].replace("{", '{"init": "zeros", ')}, "expected nin"),
        ({}, GOOD | {"architecture": GOOD["architecture"].replace("[1]", "[]")}, "expected the size of one layer"),
        (TENSORS | {"layers.0.bias": np.full(1, np.nan)}, GOOD, "expected finite numbers, got nan in layers.0.bias"),
        (TENSORS | {"layers.0.weight": np.full((1, 1), -np.inf)}, GOOD, "got -inf in layers.0.weight"),
        ({}, GOOD, "expected float64 of shapes {'layers.0.weight': (1, 1), 'layers.0.bias': (1,)}, got {}"),
        (TENSORS | {"layers.0.bias": np.zeros(2)}, GOOD, "expected float64 of shapes"),
        (TENSORS | {"layers.1.bias": np.zeros(2)}, GOOD, "expected float64 of shapes"),
        (TENSORS | {"layers.0.bias": np.zeros(1, np.float32)}, GOOD, "expected float64 of shapes"),
    ],
)  # fmt: skip
def test_read_refuses_what_is_no_model(tmp_path, tensors, metadata, text):
    """A file of another program, or one that is wrong for all its checksum, is refused with its path and the reason."""
    path = tmp_path / "m.safetensors"
    forge(path, tensors, metadata)
    with pytest.raises(ModelFileError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert text in str(caught.value)
    assert len(str(caught.value)) < 1000 + len(str(path))


def test_a_file_without_checksum_is_refused(tmp_path):
    """There is nothing to trust it by."""
    save_file(TENSORS, tmp_path / "m", GOOD)
    with pytest.raises(ModelFileError, match="expected the checksum of what it holds, got None: the file is damaged"):
        read(tmp_path / "m")


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x00\x00\x00\x00\x00\x00\x00{       "])
def test_read_refuses_what_is_no_safetensors(tmp_path, content):
    """A file of another format is refused."""
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="expected a safetensors file: "):
        read(path)


def test_read_refuses_a_missing_file(tmp_path):
    """A file that is not there is refused, and so is a directory."""
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(ModelFileError, match="expected a safetensors file: "):
            read(path)
