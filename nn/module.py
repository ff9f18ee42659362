"""Module: anything that has parameters to learn, and ways to list, read and replace them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograd import Value


class Module:
    """The base of neurons, layers and networks, and of your own: its parameters are found in its attributes.

    An attribute that is a Value is a parameter; one that is a Module brings its own, and so do lists, tuples,
    dicts and arrays of them. The order is that of the attributes, always the same, and what occurs twice counts once.

    Examples
    --------
    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Value(2.0), Value(1.0)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> line = Line()
    >>> line(3.0).backward()
    >>> list(line.named_parameters()), line.parameter_vector(), line.gradient_vector()
    (['slope', 'offset'], [2.0, 1.0], [3.0, 1.0])
    """

    def parameters(self) -> list[Value]:
        """Return the parameters, always in the same order."""
        return list(self.named_parameters().values())

    def named_parameters(self) -> dict[str, Value]:
        """Return the parameters by where they are, such as ``layers[0].neurons[2].w[1]``."""
        names: dict[Value, str] = {}
        for name, parameter in _found_in(self, "", set()):
            names.setdefault(parameter, name)
        return {name: parameter for parameter, name in names.items()}

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero, as the next sweep adds to it."""
        for parameter in self.parameters():
            parameter.zero_grad()

    # ---- as numbers --------------------------------------------------------------------------------------

    def parameter_vector(self) -> list[float]:
        """Return the numbers of all parameters, in order."""
        return [parameter.data for parameter in self.parameters()]

    def gradient_vector(self) -> list[float]:
        """Return the gradients of all parameters, in order: layer by layer, the gradient of the cost as one vector."""
        return [parameter.grad for parameter in self.parameters()]

    def load_vector(self, numbers: Sequence[float]) -> None:
        """Give all parameters the numbers of a `parameter_vector`."""
        parameters = self.parameters()
        if len(numbers) != len(parameters):
            raise ValueError(f"load_vector: expected {len(parameters)} numbers, got {len(numbers)}")
        for parameter, number in zip(parameters, [*map(float, numbers)], strict=True):
            parameter.data = number

    def state_dict(self) -> dict[str, float]:
        """Return the numbers of all parameters by name."""
        return {name: parameter.data for name, parameter in self.named_parameters().items()}

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Give all parameters the numbers of a `state_dict`; the names must be just those."""
        parameters = self.named_parameters()
        for what, names in (("lacks", parameters.keys() - state), ("has no", state.keys() - parameters)):
            if names:
                who = "the state" if what == "lacks" else f"the {type(self).__name__}"
                raise KeyError(f"load_state_dict: {who} {what} {', '.join(sorted(map(repr, names)))}")
        self.load_vector([state[name] for name in parameters])


def _found_in(thing: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Value]]:
    """Yield the Values in a module, a list, a dict or an array, with the way to them; each module counts once."""
    if isinstance(thing, Value):
        yield path, thing
    elif isinstance(thing, Module):
        if id(thing) in seen:  # it may hold itself, by way of its parts
            return
        seen.add(id(thing))
        for name, attribute in vars(thing).items():
            yield from _found_in(attribute, f"{path}.{name}" if path else name, seen)
    elif isinstance(thing, list | tuple):
        for i, item in enumerate(thing):
            yield from _found_in(item, f"{path}[{i}]", seen)
    elif isinstance(thing, dict):
        for key, item in thing.items():
            yield from _found_in(item, f"{path}[{key!r}]", seen)
    elif str(getattr(thing, "dtype", "")) == "object":  # an array of NumPy's
        yield from _found_in(thing.tolist(), path, seen)
