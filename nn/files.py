"""Model files: the weights as safetensors, with the architecture in the metadata.

The format holds arrays and text and nothing that could run, and other programs read it too:
``layers.0.weight`` of shape (neurons, inputs) and ``layers.0.bias``, as float64, layer by layer.
Source: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nn.layers import MLP

FORMAT, VERSION = "chainrule.mlp", "1"


class ModelFileError(ValueError):
    """A file that does not hold a model; the text says why."""


def save(model: MLP, path: str | os.PathLike[str], *, preprocessing: Mapping[str, Any] | None = None) -> None:
    """Write a model to a file, all of it or nothing: a file that was there stays until the end.

    Parameters
    ----------
    model : MLP
        The network.
    path : path
        Where to, usually named ``*.safetensors``.
    preprocessing : mapping, optional
        What to do to the inputs before and to the outputs after, as JSON can hold it.
    """
    from safetensors.numpy import save as to_bytes  # noqa: PLC0415  (brings NumPy, and is an extra)

    metadata = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": json.dumps(_architecture(model)),
        "preprocessing": json.dumps(dict(preprocessing or {}), allow_nan=False),
    }
    path = Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(to_bytes(_tensors(model), metadata))
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> tuple[MLP, dict[str, Any]]:
    """Read the model and the preprocessing that `save` wrote, to the last bit.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    model : MLP
        The network.
    preprocessing : dict
        What `save` was given, empty if nothing.

    Raises
    ------
    ModelFileError
        The file is damaged, or it is no model of this library.
    """
    tensors, metadata = _read(path)
    if metadata.get("format") != FORMAT:
        raise ModelFileError(f"{path}: expected the format {FORMAT!r}, got {metadata.get('format')!r}")
    if metadata.get("version") != VERSION:
        raise ModelFileError(f"{path}: expected version {VERSION!r}, got {metadata.get('version')!r}")
    architecture, preprocessing = (_json(path, metadata, key) for key in ("architecture", "preprocessing"))
    # Shapes first, so that a damaged architecture cannot ask for more neurons than the file has.
    try:
        expected = _shapes(architecture["nin"], architecture["nouts"])
    except (KeyError, TypeError):
        raise ModelFileError(f"{path}: expected nin and nouts in the architecture, got {architecture}") from None
    got = {name: (tensor.shape, str(tensor.dtype)) for name, tensor in tensors.items()}
    if got != {name: (shape, "float64") for name, shape in expected.items()}:
        raise ModelFileError(f"{path}: expected float64 of shapes {expected}, got {got}")
    try:
        model = MLP(**architecture, rng=0)
    except (TypeError, ValueError) as error:
        raise ModelFileError(f"{path}: architecture: {error}") from None
    for i, layer in enumerate(model.layers):
        weight, bias = tensors[f"layers.{i}.weight"].tolist(), tensors[f"layers.{i}.bias"].tolist()
        for neuron, row, number in zip(layer.neurons, weight, bias, strict=True):
            for parameter, data in zip(neuron.parameters(), [*row, number], strict=True):
                parameter.data = data
    return model, preprocessing


def _architecture(model: MLP) -> dict[str, Any]:
    """Return the arguments with which MLP makes the same network."""
    hidden = {neuron.activation for layer in model.layers[:-1] for neuron in layer.neurons}
    output = {neuron.activation for neuron in model.layers[-1].neurons}
    if len(hidden) > 1 or len(output) > 1:
        raise ValueError("save: expected one activation for all hidden layers and one for the output, got more")
    return {
        "nin": len(model.layers[0].neurons[0].w),
        "nouts": [len(layer.neurons) for layer in model.layers],
        "activation": hidden.pop() if hidden else "linear",
        "output": output.pop(),
    }


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


def _read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    from safetensors import SafetensorError, safe_open  # noqa: PLC0415  (brings NumPy, and is an extra)

    try:
        with safe_open(path, framework="numpy") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise ModelFileError(f"{path}: expected a safetensors file: {error}") from None
    except OSError as error:
        raise ModelFileError(f"{path}: expected a safetensors file: {error.strerror or error}") from None


def _json(path: str | os.PathLike[str], metadata: dict[str, str], key: str) -> dict[str, Any]:
    try:
        found = json.loads(metadata[key])
    except (KeyError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise ModelFileError(f"{path}: expected a JSON object as {key}, got {metadata.get(key)!r}")
    return found
