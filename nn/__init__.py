"""Neural networks over the scalar engine: every weight is a Value, every number can be seen.

>>> from autograd import Value
>>> from nn import MLP, softmax_cross_entropy
>>> model = MLP(2, [3, 2], activation="tanh", rng=0)
>>> loss = softmax_cross_entropy(model([0.5, -1.0]), label=1)
>>> loss.backward()
>>> all(isinstance(p, Value) and p.grad != 0 for p in model.parameters())
True

Read `nn.layers` first, then `nn.losses`, `nn.optim` and `nn.train`. ``python -m nn train`` is the
command line.
"""

from nn.data import DataError
from nn.files import ModelFileError, load, save
from nn.layers import MLP, Layer, Neuron
from nn.losses import (
    half_squared_error,
    mean,
    mean_squared_error,
    softmax,
    softmax_cross_entropy,
    squared_error,
)
from nn.module import Module
from nn.optim import SGD
from nn.train import train

__all__ = [
    "MLP",
    "SGD",
    "DataError",
    "Layer",
    "ModelFileError",
    "Module",
    "Neuron",
    "half_squared_error",
    "load",
    "mean",
    "mean_squared_error",
    "save",
    "softmax",
    "softmax_cross_entropy",
    "squared_error",
    "train",
]
