"""Module: anything that has parameters to learn."""

from __future__ import annotations

from autograd import Value


class Module:
    """The base of neurons, layers and networks: it lists parameters and clears their gradients."""

    def parameters(self) -> list[Value]:
        """Return the parameters, always in the same order."""
        return []

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to zero, as the next sweep adds to it."""
        for parameter in self.parameters():
            parameter.zero_grad()
