"""Differentiate ordinary scalar Python code, and see every number of it.

>>> from autograd import Value
>>> x = Value(3.0)
>>> y = x**2 + 1 / x
>>> y.backward()
>>> print(f"{x.grad:.4f}")          # 2 x - 1 / x**2
5.8889
"""

from autograd import math
from autograd._backend import BACKEND, Value
from autograd.errors import BackendMismatchError, DomainError, GraphError

__all__ = ["BACKEND", "BackendMismatchError", "DomainError", "GraphError", "Value", "math"]
__version__ = "0.1.0"
