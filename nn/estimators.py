"""scikit-learn estimators: networks that work in pipelines, grid searches and cross-validation.

What they add to `MLP` is what a table needs: columns are scaled to mean 0 and deviation 1, so is the target of a
regression, and classes may have any names.

    >>> from sklearn.datasets import load_wine
    >>> from sklearn.model_selection import train_test_split
    >>> from nn import MLPClassifier
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> classifier = MLPClassifier(random_state=0).fit(X, y)
    >>> classifier.score(X_test, y_test) > 0.9
    True
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar, Self, TypeVar

try:
    import numpy as np
    from sklearn.base import (  # type: ignore[import-untyped]
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
    )
    from sklearn.preprocessing import StandardScaler  # type: ignore[import-untyped]
    from sklearn.utils import check_random_state  # type: ignore[import-untyped]
    from sklearn.utils.multiclass import check_classification_targets  # type: ignore[import-untyped]
    from sklearn.utils.validation import check_is_fitted, validate_data  # type: ignore[import-untyped]
except ModuleNotFoundError as missing:
    cure = 'pip install "chainrule[train]"'
    raise ModuleNotFoundError(
        f"nn.estimators: expected scikit-learn and NumPy, got no {missing.name}; {cure}", name=missing.name
    ) from None

from autograd import Value
from nn._words import known
from nn.activations import Activation
from nn.layers import MLP
from nn.losses import softmax
from nn.optim import Optimizer
from nn.schedules import Schedule
from nn.train import History

#: What makes an optimizer for parameters, given the learning rate.
OptimizerMaker = Callable[[list[Value], float], Optimizer]

_PARAMETERS = """\
hidden : sequence of int
    The number of neurons in each hidden layer, 1 or more; none at all is a linear model.
activation : str, callable, or a sequence of these
    The activation of the hidden layers: a name in `nn.activations`, or any function of a Value; a sequence has
    one for each layer.
loss : None, str or callable
    What is made small. By name: {losses}.
    Or any function of the outputs for a row and of its target, as described above, that returns a Value. None is
    {default}.
optimizer : "adam", "sgd" or callable
    A function takes the parameters and the learning rate and returns an Optimizer, such as
    ``functools.partial(SGD, momentum=0.9)``.
learning_rate : float, optional
    The length of a step. By default 0.01 for "adam" and 0.1 for "sgd"; a function needs a number.
l2 : float, >= 0
    The strength of the penalty on the parameters, see `nn.l2_penalty`: the more, the smoother the function.
epochs : int
    How many times to go through the rows, 1 or more, unless `patience` ends it.
batch_size : int or None
    The number of rows of a step; 1 is one-sample SGD, None is all rows: gradient descent.
schedule : "cosine", "constant" or callable
    How the learning rate changes from epoch to epoch; see `nn.schedules`.
validation : float or None, above 0 and below 1
    The part of the rows, drawn at random, that is held out to tell when to stop; nothing is learned from these
    but the scaling of columns. None learns from all rows.
patience : int or None
    Stop after so many epochs without a smaller loss of the rows held out, and keep the best epoch's parameters;
    without validation, that of the others. None trains for all epochs, and keeps the last one's.
random_state : None, int or numpy.random.RandomState
    Where initial weights, the rows held out and the order of rows come from: with an int, fits repeat to the
    last bit.
progress : bool or None
    Whether to show a progress bar on stderr; None does if that is a terminal and tqdm is installed.
callbacks : sequence of callable
    Each is called with the `History` so far after each epoch; what it returns, if true, ends the training."""

_ATTRIBUTES = """\
model_ : MLP
    The network, of scaled columns. After Ctrl-C in `fit` it has the parameters of the best epoch so far.
scaler_ : StandardScaler
    Mean and scale of each column.
history_ : History
    What happened in each epoch.
n_iter_ : int
    How many epochs there were.
loss_curve_ : list of float, length n_iter_
    The mean loss of the rows learned from in each epoch, without the penalty.
n_features_in_ : int
    The number of columns.
feature_names_in_ : array of str
    Their names, after a `fit` to a frame that has some."""

_RAISES = """\
ValueError, TypeError
    In `fit`: the table, or an option, is not what it should be; there are fewer than two rows, or all targets are
    the same. Later: there are more columns than in `fit`, or fewer, or others.
sklearn.exceptions.NotFittedError
    There was no `fit`.
FloatingPointError
    The loss ceased to be finite; see `nn.train`."""

_Class = TypeVar("_Class", bound="type[_Estimator]")


def _documented(estimator: _Class) -> _Class:
    """Put what both classes share into the docstring of one."""
    parameters = _PARAMETERS.format(losses=", ".join(estimator._losses), default=estimator._losses[0])
    shared = {"{parameters}": parameters, "{attributes}": _ATTRIBUTES, "{raises}": _RAISES}
    documentation = inspect.cleandoc(str(estimator.__doc__))
    for place, text in shared.items():
        documentation = documentation.replace(place, text)
    estimator.__doc__ = documentation
    return estimator


class _Estimator(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """What both estimators have in common: the options, and the network on scaled columns."""

    #: The losses by name that fit the task; the first is the default.
    _losses: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        hidden: Sequence[int] = (32,),
        *,
        activation: Activation | Sequence[Activation] = "relu",
        loss: str | Callable[[Any, Any], Any] | None = None,
        optimizer: str | OptimizerMaker = "adam",
        learning_rate: float | None = None,
        l2: float = 0.01,
        epochs: int = 100,
        batch_size: int | None = 16,
        schedule: str | Schedule = "cosine",
        validation: float | None = 0.2,
        patience: int | None = 20,
        random_state: Any = None,
        progress: bool | None = False,
        callbacks: Sequence[Callable[[History], object]] = (),
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.l2 = l2
        self.epochs = epochs
        self.batch_size = batch_size
        self.schedule = schedule
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.progress = progress
        self.callbacks = callbacks

    def _forget(self) -> None:
        """Undo a fit, so that the next, should it fail, does not pass for the one before."""
        self.__dict__.pop("history_", None)

    def _fit(self, X: Any, targets: list[Any], n_outputs: int) -> Self:
        where = type(self).__name__
        if not isinstance(self.hidden, Iterable):
            raise TypeError(f"{where}: expected hidden to be a sequence of sizes, such as (32,), got {self.hidden!r}")
        loss = self._losses[0] if self.loss is None else self.loss
        if not callable(loss):
            known(where, "a loss", loss, self._losses)
        rng = random.Random(int(check_random_state(self.random_state).randint(2**31)))
        model = MLP(X.shape[1], [*self.hidden, n_outputs], activation=self.activation, rng=rng)
        optimizer, learning_rate = self._optimizer(model.parameters())
        self.model_, self.scaler_ = model, _scaler(where, "X", X)
        self.history_ = model.fit(
            self.scaler_.transform(X),
            targets,
            loss=loss,
            optimizer=optimizer,
            learning_rate=learning_rate,
            l2=self.l2,
            epochs=self.epochs,
            batch_size=self.batch_size,
            schedule=self.schedule,
            validation=self.validation,
            patience=self.patience,
            rng=rng,
            progress=self.progress,
            callbacks=self.callbacks,
        )
        self.n_iter_, self.loss_curve_ = self.history_.epochs, self.history_.loss
        return self

    def _optimizer(self, parameters: list[Value]) -> tuple[str | Optimizer, float | None]:
        """Return the optimizer and the learning rate as `MLP.fit` takes them."""
        if isinstance(self.optimizer, str):
            return self.optimizer, self.learning_rate
        where = type(self).__name__
        expected = f"{where}: expected optimizer to be a name, or a function of parameters and learning rate"
        if not callable(self.optimizer):
            raise TypeError(f"{expected}, such as functools.partial(SGD, momentum=0.9), got {self.optimizer!r}")
        if self.learning_rate is None:
            raise ValueError(f"{where}: expected a learning_rate for an optimizer that is a function, got None")
        made = self.optimizer(parameters, self.learning_rate)
        if not isinstance(made, Optimizer):
            raise TypeError(f"{expected} that returns an Optimizer, got {made!r} from it")
        return made, None

    def _outputs(self, X: Any) -> Any:
        """Return the outputs of the network, a row of numbers for each row."""
        check_is_fitted(self, "history_")
        scaled = self.scaler_.transform(validate_data(self, X, order="C", reset=False))
        return np.array(self.model_.outputs(scaled))


@_documented
class MLPClassifier(ClassifierMixin, _Estimator):  # type: ignore[misc]
    r"""A multi-layer perceptron that tells classes apart.

    The network has one output for each class, their logits z; the probabilities are their softmax, and the largest
    one wins. Two classes are no exception. A loss of your own takes the logits, as a list of Values, and the index of
    the right class in `classes_`.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : array of length n_classes
        The classes, in order.
    {attributes}

    Raises
    ------
    {raises}

    Notes
    -----
    The cost of a batch is the mean loss of its rows, and :math:`\frac\lambda2 \sum w^2` for :math:`\lambda` = `l2`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from nn import MLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> all(score > 0.9 for score in cross_val_score(MLPClassifier(epochs=40, random_state=0), X, y, cv=3))
    True

    A loss of your own is a plain function: this one wants no output to be too sure.

    >>> from autograd import math
    >>> from nn import softmax_cross_entropy
    >>> def smoothed(logits, label):
    ...     return 0.9 * softmax_cross_entropy(logits, label) + 0.1 * (math.logsumexp(logits) - math.mean(logits))
    >>> classifier = MLPClassifier(loss=smoothed, epochs=40, random_state=0).fit(X, y)
    >>> classifier.score(X, y) > 0.9
    True
    """

    _losses = ("softmax_cross_entropy",)

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows and the classes they belong to.

        Parameters
        ----------
        X : array or frame of shape (n, n_columns), n >= 2
            Finite numbers.
        y : sequence of length n
            Classes: strings, whole numbers or truth values, two or more different ones.

        Returns
        -------
        self
        """
        self._forget()
        X, y = validate_data(self, X, y, order="C", ensure_min_samples=2)
        try:
            check_classification_targets(y)
            classes, labels = np.unique(y, return_inverse=True)
        except TypeError:  # they cannot be put in order
            kinds = ", ".join(sorted({type(label).__name__ for label in y.tolist()}))
            raise TypeError(f"MLPClassifier: expected classes of one kind in y, got some of each of {kinds}") from None
        if len(classes) == 1:
            only = classes.tolist()[0]
            raise ValueError(
                f"MLPClassifier: expected two classes or more in y, got {only!r} in all {len(y)} rows: "
                "add rows of another class, or stratify the split that these are from"
            )
        self.classes_ = classes
        return self._fit(X, labels.tolist(), len(classes))

    def predict(self, X: Any) -> Any:
        """Return the most probable class of each row, as an array."""
        best = self._outputs(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X: Any) -> Any:
        """Return the probability of each class, in the order of `classes_`, for each row, as an array."""
        return np.array([softmax(logits) for logits in self._outputs(X).tolist()])


@_documented
class MLPRegressor(RegressorMixin, _Estimator):  # type: ignore[misc]
    r"""A multi-layer perceptron that predicts a number.

    The network has one output, and learns the target scaled to mean 0 and deviation 1. A loss of your own takes the
    output, a Value, and the scaled target, a float.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    target_scaler_ : StandardScaler
        Mean and scale of the target.
    {attributes}

    Raises
    ------
    {raises}

    Notes
    -----
    The cost of a batch is the mean loss of its rows, and :math:`\frac\lambda2 \sum w^2` for :math:`\lambda` = `l2`.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from nn import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> MLPRegressor(random_state=0).fit(X, y).score(X, y) > 0.4
    True

    A loss of your own is a plain function: this one makes the network predict what 9 of 10 patients stay below.

    >>> def pinball(output, target):
    ...     return 0.9 * (target - output) if target > output else 0.1 * (output - target)
    >>> high = MLPRegressor(loss=pinball, epochs=30, random_state=0).fit(X, y).predict(X)
    >>> bool(0.85 < (y < high).mean() < 0.95)
    True
    """

    _losses = ("half_squared_error", "squared_error", "mean_squared_error", "mean_absolute_error", "huber")

    def fit(self, X: Any, y: Any) -> Self:
        """Train on rows and the numbers that belong to them.

        Parameters
        ----------
        X : array or frame of shape (n, n_columns), n >= 2
            Finite numbers.
        y : sequence of length n
            Finite numbers, not all the same.

        Returns
        -------
        self
        """
        self._forget()
        X, y = validate_data(self, X, y, order="C", y_numeric=True, ensure_min_samples=2)
        if y.dtype.kind not in "fiub":
            raise ValueError(
                f"MLPRegressor: expected numbers in y, got {y.tolist()[0]!r}; for classes take MLPClassifier"
            )
        target = y.reshape(-1, 1)
        scaler = _scaler("MLPRegressor", "y", target)
        if scaler.scale_ != np.sqrt(scaler.var_):  # what does not vary is left as it is
            least, most = y.min().item(), y.max().item()
            raise ValueError(
                f"MLPRegressor: expected a target that varies, got {least!r} to {most!r} in {len(y)} rows: "
                "there is nothing to learn; is y the right column?"
            )
        self.target_scaler_ = scaler
        return self._fit(X, scaler.transform(target).tolist(), 1)

    def predict(self, X: Any) -> Any:
        """Return the number for each row, as an array."""
        outputs = self._outputs(X)
        return self.target_scaler_.inverse_transform(outputs).ravel()


def _scaler(where: str, what: str, numbers: Any) -> Any:
    """Return what scales columns to mean 0 and deviation 1."""
    with np.errstate(over="ignore", invalid="ignore"):
        scaler = StandardScaler().fit(numbers)
    overflown = ~np.isfinite(scaler.var_)
    if overflown.any():
        k = int(overflown.argmax())
        got = f"got numbers of size {abs(numbers[:, k]).max():g} in column {k} of {what}"
        raise ValueError(f"{where}: expected a variance that a float can hold, {got}")
    # Of a column of equal numbers the mean is rounded, and what is left would not be scaled.
    equal = numbers.min(axis=0) == numbers.max(axis=0)
    scaler.mean_[equal], scaler.scale_[equal] = numbers[0, equal], 1.0
    return scaler
