"""Neural networks over the scalar engine: every weight is a Value, every number can be seen.

>>> from autograd import Value
>>> from nn import MLP, softmax_cross_entropy
>>> model = MLP(2, [3, 2], activation="tanh", rng=0)
>>> loss = softmax_cross_entropy(model([0.5, -1.0]), label=1)
>>> loss.backward()
>>> all(isinstance(p, Value) and p.grad != 0 for p in model.parameters())
True

Read `nn.layers` first, then `nn.losses`, `nn.optim` and `nn.train`; `nn.fitting` has `fit` and `predict`.
``python -m nn`` is the command line.
"""

import importlib

from nn import activations, init, schedules
from nn.checkpoints import CheckpointError
from nn.data import DataError
from nn.files import ModelFileError, load, save
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    binary_cross_entropy,
    half_squared_error,
    hinge,
    huber,
    l1_penalty,
    l2_penalty,
    mean,
    mean_absolute_error,
    mean_squared_error,
    softmax,
    softmax_cross_entropy,
    squared_error,
)
from nn.module import Module
from nn.optim import SGD, Adam, Optimizer, clip_gradients
from nn.train import History, train

__all__ = [
    "MLP",
    "SGD",
    "Adam",
    "CheckpointError",
    "DataError",
    "History",
    "Layer",
    "MLPClassifier",
    "MLPRegressor",
    "ModelFileError",
    "Module",
    "Neuron",
    "Optimizer",
    "TableModel",
    "activations",
    "binary_cross_entropy",
    "clip_gradients",
    "datasets",
    "half_squared_error",
    "hinge",
    "huber",
    "init",
    "l1_penalty",
    "l2_penalty",
    "load",
    "mean",
    "mean_absolute_error",
    "mean_squared_error",
    "plot",
    "save",
    "schedules",
    "softmax",
    "softmax_cross_entropy",
    "squared_error",
    "train",
]

#: What is loaded when it is first asked for, as it brings scikit-learn or matplotlib, by the module it is in.
_LATER = {
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "TableModel": "tables",
    "datasets": "datasets",
    "plot": "plot",
}

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nn import datasets, plot
    from nn.estimators import MLPClassifier, MLPRegressor
    from nn.tables import TableModel


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'nn' has no attribute {name!r}")
    module = importlib.import_module(f"nn.{_LATER[name]}")
    globals()[name] = module if name == _LATER[name] else getattr(module, name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
