"""Model files: the weights as safetensors, with all else that predictions need in the metadata.

The format holds arrays and text and nothing that could run, and other programs read it too:
``layers.0.weight`` of shape (neurons, inputs) and ``layers.0.bias``, as float64, layer by layer. The metadata are
JSON texts, and a checksum of them and of the tensors, so that a damaged file is never a wrong model.
Source: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nn._writing import write_whole
from nn.layers import MLP, Layer
from nn.losses import LOSSES

FORMAT, VERSION = "chainrule.mlp", "2"

#: How many characters of a file are in an error.
MOST_SHOWN = 300


class ModelFileError(ValueError):
    """A file that does not hold a model; the text says why."""


@dataclass(frozen=True)
class ModelFile:
    """What a file holds.

    Attributes
    ----------
    model : MLP
        The network, with the loss it was fitted with.
    preprocessing, history : dict
        What `save` was given, empty if nothing.
    """

    model: MLP
    preprocessing: dict[str, Any]
    history: dict[str, Any]


def save(
    model: MLP,
    path: str | os.PathLike[str],
    *,
    preprocessing: Mapping[str, Any] | None = None,
    history: Mapping[str, Any] | None = None,
) -> None:
    """Write a model to a file, all of it or nothing: a file that was there stays until the end.

    Parameters
    ----------
    model : MLP
        The network. Of its loss the name is kept; a loss of your own is not.
    path : path
        Where to, usually named ``*.safetensors``.
    preprocessing : mapping, optional
        What to do to the inputs before and to the outputs after, as JSON can hold it.
    history : mapping, optional
        How it was trained, as JSON can hold it.

    Raises
    ------
    ValueError
        What is to be kept is more than a file can hold: neurons of one layer with several activations, an activation
        without a name, or a number that is not finite.
    """
    from safetensors.numpy import save as to_bytes  # noqa: PLC0415  (brings NumPy, and is an extra)

    parts = {
        "architecture": _architecture(model),
        "loss": model.loss if isinstance(model.loss, str) else None,
        "preprocessing": dict(preprocessing or {}),
        "history": dict(history or {}),
    }
    tensors = _tensors(model)
    _check_finite("save", tensors)
    metadata = {"format": FORMAT, "version": VERSION}
    metadata |= {name: json.dumps(part, allow_nan=False) for name, part in parts.items()}
    write_whole(path, to_bytes(tensors, metadata | {"sha256": checksum(tensors, metadata)}))


def load(path: str | os.PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """Return the model and the preprocessing that `save` wrote, to the last bit; see `read`."""
    found = read(path)
    return found.model, found.preprocessing


def read(path: str | os.PathLike[str]) -> ModelFile:
    """Read all that `save` wrote, to the last bit.

    Parameters
    ----------
    path : path
        The file.

    Raises
    ------
    ModelFileError
        The file is damaged, or it is no model of this library.
    """
    tensors, metadata = _read(path)
    if metadata.get("format") != FORMAT:
        raise ModelFileError(f"{path}: expected the format {FORMAT!r}, got {_short(metadata.get('format'))}")
    _check_version(path, metadata.get("version"))
    digest = metadata.pop("sha256", None)
    if digest != checksum(tensors, metadata):
        raise ModelFileError(
            f"{path}: expected the checksum of what it holds, got {_short(digest)}: the file is damaged"
        )
    architecture, preprocessing, history = (
        _json(path, metadata, key) for key in ("architecture", "preprocessing", "history")
    )
    # Shapes first, so that a forged architecture cannot ask for more neurons than the file has.
    if not _is_architecture(architecture):
        expected_keys = "nin, nouts, activation, output as the architecture"
        raise ModelFileError(f"{path}: expected {expected_keys}, got {_short(architecture)}")
    expected = _shapes(architecture["nin"], architecture["nouts"])
    got = {name: (tensor.shape, str(tensor.dtype)) for name, tensor in tensors.items()}
    if got != {name: (shape, "float64") for name, shape in expected.items()}:
        raise ModelFileError(f"{path}: expected float64 of shapes {_short(expected)}, got {_short(got)}")
    try:
        _check_finite("tensors", tensors)
        model = MLP(**architecture, rng=0)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: {_cut(str(error))}") from None
    for i, layer in enumerate(model.layers):
        weight, bias = tensors[f"layers.{i}.weight"].tolist(), tensors[f"layers.{i}.bias"].tolist()
        for neuron, row, number in zip(layer.neurons, weight, bias, strict=True):
            for parameter, data in zip(neuron.parameters(), [*row, number], strict=True):
                parameter.data = data
    model.loss = _loss(path, metadata)
    return ModelFile(model, preprocessing, history)


def checksum(tensors: Mapping[str, Any], metadata: Mapping[str, str]) -> str:
    """Return the SHA-256 of tensors and metadata, whatever their order in a file.

    Every text is preceded by its length, so that no two contents are one stream of bytes.
    """
    digest = hashlib.sha256()
    for key, text in sorted(metadata.items()):
        for part in (key.encode(), text.encode()):
            digest.update(len(part).to_bytes(8, "little") + part)
    for name, tensor in sorted(tensors.items()):
        head = f"{name} {tensor.dtype} {tensor.shape}".encode()
        digest.update(len(head).to_bytes(8, "little") + head + tensor.tobytes())
    return digest.hexdigest()


def _architecture(model: MLP) -> dict[str, Any]:
    """Return the arguments with which MLP makes the same network."""
    return {
        "nin": model.nin,
        "nouts": [len(layer.neurons) for layer in model.layers],
        "activation": [_activation(i, layer) for i, layer in enumerate(model.layers[:-1])],
        "output": _activation(len(model.layers) - 1, model.layers[-1]),
    }


def _is_architecture(found: dict[str, Any]) -> bool:
    """Return whether the arguments for MLP are those that `_architecture` gives, each of its type."""
    if found.keys() != {"nin", "nouts", "activation", "output"}:
        return False
    nouts, names = found["nouts"], found["activation"]
    if not isinstance(nouts, list) or not isinstance(names, list):
        return False
    sizes, texts = [found["nin"], *nouts], [*names, found["output"]]
    return all(type(size) is int for size in sizes) and all(isinstance(text, str) for text in texts)


def _activation(i: int, layer: Layer) -> str:
    """Return the name of a layer's activation."""
    names = list({neuron.activation: None for neuron in layer.neurons})
    if len(names) > 1:
        raise ValueError(f"save: expected one activation in layers[{i}], got {', '.join(map(str, names))}")
    if not isinstance(names[0], str):
        raise ValueError(f"save: expected an activation with a name in layers[{i}], got the function {names[0]!r}")
    return names[0]


def _shapes(nin: int, nouts: list[int]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each tensor, by name."""
    shapes: dict[str, tuple[int, ...]] = {}
    for i, (n_in, n_out) in enumerate(zip([nin, *nouts], nouts, strict=False)):
        shapes |= {f"layers.{i}.weight": (n_out, n_in), f"layers.{i}.bias": (n_out,)}
    return shapes


def _tensors(model: MLP) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415  (slow to load, and an extra)

    tensors = {}
    for i, layer in enumerate(model.layers):
        tensors[f"layers.{i}.weight"] = np.array([[w.data for w in neuron.w] for neuron in layer.neurons])
        tensors[f"layers.{i}.bias"] = np.array([neuron.b.data for neuron in layer.neurons])
    return tensors


def _check_finite(where: str, tensors: Mapping[str, Any]) -> None:
    import numpy as np  # noqa: PLC0415

    for name, tensor in tensors.items():
        strange = tensor[~np.isfinite(tensor)]
        if strange.size:
            raise ValueError(f"{where}: expected finite numbers, got {strange[0].item()!r} in {name}")


def _short(thing: object) -> str:
    return _cut(repr(thing))


def _cut(text: str) -> str:
    """Return the beginning of a text, of which a file may hold any amount."""
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415  (brings NumPy, and is an extra)

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelFileError(f"{path}: expected a safetensors file: {error}") from None
    except OSError as error:
        raise ModelFileError(f"{path}: expected a safetensors file: {error.strerror or error}") from None


def _check_version(path: str | os.PathLike[str], version: str | None) -> None:
    if version == VERSION:
        return
    newer = version is not None and version.isdecimal() and (len(version), version) > (len(VERSION), VERSION)
    cure = "it was written by a newer chainrule: update this one" if newer else "train and save the model anew"
    raise ModelFileError(f"{path}: expected version {VERSION!r}, got {_short(version)}; {cure}")


def _json(path: str | os.PathLike[str], metadata: dict[str, str], key: str) -> dict[str, Any]:
    try:
        found = json.loads(metadata[key])
    except (KeyError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ModelFileError(f"{path}: expected a JSON object as {key}, got {_short(metadata.get(key))}")
    return found


def _loss(path: str | os.PathLike[str], metadata: dict[str, str]) -> str | None:
    """Return the name of the loss, which decides what outputs mean."""
    allowed = {json.dumps(name): name for name in (None, *LOSSES)}
    if metadata.get("loss") not in allowed:
        raise ModelFileError(f"{path}: expected the name of a loss or null, got {_short(metadata.get('loss'))}")
    return allowed[metadata["loss"]]
