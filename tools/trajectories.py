"""Train the networks of tests/trajectories.py in PyTorch too, compare, and write tests/trajectories.json.

    python tools/trajectories.py           all training runs
    python tools/trajectories.py NAME...   compare these, and write nothing

The environment needs PyTorch: ``pip install torch==2.13.0 numpy``. It takes half a minute. The exit code is 1 if the
losses of all steps, or the weights after them, are further from PyTorch's than the tolerance.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional
from torch.nn.utils import clip_grads_with_norm_, get_total_norm
from torch.optim import lr_scheduler

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "tests" / "trajectories.json"
EVERY = 10  # of how many steps one is kept in the file, besides the last
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from trajectories import CASES, STEPS, TOLERANCE, Case, Trajectory, batches, data, ours, start  # noqa: E402


class Sin(torch.nn.Module):
    """The sine, which is no module of PyTorch's."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return the sine of every number."""
        return torch.sin(z)


ACTIVATIONS: dict[str, Callable[[], torch.nn.Module]] = {
    "linear": torch.nn.Identity,
    "relu": torch.nn.ReLU,
    "leaky_relu": torch.nn.LeakyReLU,
    "elu": torch.nn.ELU,
    "gelu": torch.nn.GELU,
    "silu": torch.nn.SiLU,
    "softplus": torch.nn.Softplus,
    "sigmoid": torch.nn.Sigmoid,
    "tanh": torch.nn.Tanh,
    "sin": Sin,
}

#: Each is the mean over a batch: PyTorch's own, or in words where it has none.
LOSSES: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "half_squared_error": lambda out, targets: ((out - targets) ** 2).sum(1).mean() / 2,
    "squared_error": lambda out, targets: ((out - targets) ** 2).sum(1).mean(),
    "mean_squared_error": functional.mse_loss,
    "mean_absolute_error": functional.l1_loss,
    "huber": functional.huber_loss,
    "hinge": lambda out, labels: functional.relu(1 - labels * out[:, 0]).mean(),
    "binary_cross_entropy": lambda out, labels: functional.binary_cross_entropy_with_logits(out[:, 0], labels),
    "softmax_cross_entropy": functional.cross_entropy,
}

PENALTIES: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "L1": lambda weights: weights.abs().sum(),
    "L2": lambda weights: (weights**2).sum() / 2,
}

SCHEDULES: dict[str, Callable[..., Any]] = {
    "step_decay": lr_scheduler.StepLR,
    "exponential_decay": lr_scheduler.ExponentialLR,
    "inverse_decay": lambda optimizer, rate: lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + rate * epoch)),
    "cosine_decay": lambda optimizer, epochs, least: lr_scheduler.CosineAnnealingLR(
        optimizer, epochs, least * optimizer.param_groups[0]["lr"]
    ),
    "warm_up": lambda optimizer, epochs: lr_scheduler.LinearLR(optimizer, 1 / (epochs + 1), total_iters=epochs),
}


def network(case: Case) -> torch.nn.Sequential:
    """Return the network of a case, with the weights to begin with."""
    layers: list[torch.nn.Module] = []
    numbers = torch.tensor(start(case))
    for n_in, n_out in zip(case.sizes, case.sizes[1:], strict=False):
        rows = numbers[: (n_in + 1) * n_out].reshape(n_out, n_in + 1)  # the weights of a unit, then its bias
        numbers = numbers[rows.numel() :]
        layer = torch.nn.Linear(n_in, n_out)
        layer.load_state_dict({"weight": rows[:, :-1], "bias": rows[:, -1]})
        layers += [layer, ACTIVATIONS[case.activation]()]
    return torch.nn.Sequential(*layers[:-1])  # the outputs are linear


def optimizer_of(case: Case, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """Return the optimiser of a case."""
    options = {"eps" if name == "epsilon" else name: option for name, option in case.options.items()}
    kind = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[case.optimizer]
    return kind(parameters, lr=case.learning_rate, **options)


def theirs(case: Case) -> Trajectory:
    """Train a network of PyTorch's, and write down what happens."""
    model = network(case)
    parameters = list(model.parameters())
    optimizer = optimizer_of(case, parameters)
    schedule = SCHEDULES[case.schedule[0]](optimizer, *case.schedule[1:]) if case.schedule else None
    inputs, targets = map(torch.tensor, data(case))
    losses = []
    for step, batch in enumerate(batches(case), 1):
        loss = LOSSES[case.loss](model(inputs[batch]), targets[batch])
        if case.penalty:
            loss = loss + case.strength * sum(map(PENALTIES[case.penalty], parameters))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if case.clip is not None:
            # PyTorch adds 1e-6 to the norm that it divides by; Pascanu, Mikolov and Bengio do not, nor do we.
            norm = get_total_norm([parameter.grad for parameter in parameters])
            clip_grads_with_norm_(parameters, case.clip, norm - 1e-6)
        optimizer.step()
        if schedule and step * case.epochs % STEPS == 0:
            schedule.step()
    layers = [layer for layer in model if isinstance(layer, torch.nn.Linear)]
    weights = [torch.cat([layer.weight, layer.bias[:, None]], 1).flatten() for layer in layers]
    return Trajectory(losses, torch.cat(weights).tolist())


def main(names: list[str]) -> int:
    """Compare the cases that have these names, or all of them; print a table; return the exit code."""
    if unknown := set(names) - CASES.keys():
        raise SystemExit(f"trajectories: expected names of {', '.join(CASES)}, got {', '.join(sorted(unknown))}")
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)  # so that sums are added up in the same order everywhere
    worst = 0.0
    kept = {}
    print(f"{'relative deviation from PyTorch ' + torch.__version__:50}  losses  weights")
    for name in names or CASES:
        expected = theirs(CASES[name])
        losses, weights = ours(CASES[name]).deviation(expected)
        print(f"{name:50} {losses:7.1e}  {weights:7.1e}", flush=True)
        worst = max(worst, losses, weights)
        kept[name] = [[*expected.losses[::EVERY], expected.losses[-1]], expected.weights]
    print(f"{'worst':50} {worst:7.1e}")
    if not names:
        rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(row, allow_nan=False)}" for name, row in kept.items())
        head = f'"torch": "{torch.__version__}",\n"every": {EVERY},\n"columns": ["losses", "weights"]'
        FILE.write_text(f'{{{head},\n"trajectories": {{\n{rows}\n}}}}\n', encoding="utf-8")
        print(f"wrote {FILE.relative_to(ROOT)}")
    return int(worst > TOLERANCE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
