"""Functions of the primitives, on floats and Values alike.

On floats they return floats, as the functions of the standard `math` module do, and raise where
those raise. With a Value among the operands they record one node and return it.

    >>> from autograd import Value, math
    >>> math.exp(0.0)
    1.0
    >>> math.dot([Value(2.0), Value(3.0)], [10.0, 1.0]).partials
    (10.0, 1.0)

Every row of `autograd.primitives.PRIMITIVES` that is not an operator is a function here.
"""

from autograd import _backend

TYPE_CHECKING = False
if TYPE_CHECKING:
    from autograd._engine import *

__all__ = [name for name in _backend.__all__ if name not in {"BACKEND", "Value", "ancestors", "restore"}]
globals().update({name: getattr(_backend, name) for name in __all__})
