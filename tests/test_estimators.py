"""The scikit-learn estimators: scikit-learn's own checks, its tools, real tables, and mistakes."""

import copy
import functools
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.utils.estimator_checks import parametrize_with_checks

from autograd import Value, math
from nn import MLP, SGD, Adam, History, MLPClassifier, MLPRegressor, half_squared_error, softmax_cross_entropy

#: Options that make a fit short.
SHORT = {"hidden": (4,), "epochs": 4, "random_state": 0}

FLOWERS, SPECIES = load_iris(return_X_y=True)
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)

both = pytest.mark.parametrize(
    ("make", "X", "y"),
    [(MLPClassifier, FLOWERS, SPECIES), (MLPRegressor, PATIENTS, PROGRESSION)],
    ids=["classifier", "regressor"],
)


@parametrize_with_checks(
    [MLPClassifier(hidden=(8,), epochs=8, batch_size=4), MLPRegressor(hidden=(8,), epochs=8, batch_size=4)]
)
def test_scikit_learns_own_checks(estimator, check):
    """All of them; few epochs, so that they do not take long."""
    check(estimator)


# ---- how well they do ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "least", "options"),
    [(load_iris, 0.93, {}), (load_wine, 0.93, {}), (load_digits, 0.95, {"epochs": 10})],
)
def test_classes_of_real_tables(load, least, options):
    """The defaults find the classes of flowers, wines and digits; ten epochs do for digits."""
    X, y = load(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
    assert MLPClassifier(random_state=0, **options).fit(X, y).score(X_test, y_test) >= least


def test_numbers_of_a_real_table():
    """The defaults explain as much of the diabetes data as a linear model does, on rows not learned from."""
    folds = KFold(5, shuffle=True, random_state=0)
    assert cross_val_score(MLPRegressor(random_state=0), PATIENTS, PROGRESSION, cv=folds).mean() >= 0.40


def test_a_curve_is_found():
    """A regression is no straight line."""
    x = np.linspace(-3, 3, 120).reshape(-1, 1)
    assert MLPRegressor(random_state=0).fit(x, np.sin(x[:, 0])).score(x, np.sin(x[:, 0])) > 0.9


# ---- at work in scikit-learn -----------------------------------------------------------------------


@both
def test_pipeline(make, X, y):
    """An estimator ends a pipeline, and its options have names there."""
    pipeline = make_pipeline(PolynomialFeatures(2), make(**SHORT))
    pipeline.set_params(**{f"{make.__name__.lower()}__hidden": (3,)}).fit(X, y)
    assert pipeline[-1].model_.nin == pipeline[-1].n_features_in_ > X.shape[1]
    assert len(pipeline[-1].model_.layers[0].neurons) == 3
    assert pipeline.predict(X).shape == y.shape


@both
def test_grid_search(make, X, y):
    """A grid search finds that learning takes more than one epoch."""
    search = GridSearchCV(make(**SHORT, batch_size=4), {"epochs": [1, 12], "activation": ["tanh", math.relu]}, cv=3)
    order = np.random.default_rng(0).permutation(len(y))
    assert search.fit(X[order], y[order]).best_params_["epochs"] == 12
    assert search.best_estimator_.n_iter_ == 12


@both
def test_copies(make, X, y):
    """A clone has the options alone; a copy and a pickle predict the same to the last bit."""
    fitted = make(**SHORT, optimizer=functools.partial(SGD, momentum=0.9), learning_rate=0.1).fit(X, y)
    fresh = clone(fitted)
    assert repr(fresh) == repr(fitted)
    with pytest.raises(NotFittedError):
        fresh.predict(X)
    for twin in (copy.deepcopy(fitted), pickle.loads(pickle.dumps(fitted)), fresh.fit(X, y)):
        assert twin.predict(X).tolist() == fitted.predict(X).tolist()


@both
def test_frames(make, X, y):
    """A frame and its array give the same fit; columns are known by their names from there on."""
    frame = pd.DataFrame(X, columns=[f"column {k}" for k in range(X.shape[1])])
    fitted = make(**SHORT).fit(frame, pd.Series(y))
    assert fitted.feature_names_in_.tolist() == list(frame)
    assert fitted.predict(frame).tolist() == make(**SHORT).fit(X, y).predict(X).tolist()
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[list(frame)[::-1]])


# ---- what a fit leaves -----------------------------------------------------------------------------


@both
@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_seeds_repeat_to_the_last_bit(make, X, y, seed):
    """Weights, rows held out and the order of rows come from random_state alone."""
    one, two, other = (make(**SHORT | {"random_state": s}).fit(X[::3], y[::3]) for s in (seed, seed, seed ^ 1))
    assert one.model_.parameter_vector() == two.model_.parameter_vector()
    assert one.history_ == two.history_
    assert one.model_.parameter_vector() != other.model_.parameter_vector()


@both
def test_attributes(make, X, y):
    """The network is there to look at, and works on scaled columns."""
    seen = []
    fitted = make(**SHORT, callbacks=[seen.append]).fit(X, y)
    assert isinstance(fitted.model_, MLP)
    assert isinstance(fitted.history_, History)
    assert (fitted.n_iter_, fitted.loss_curve_) == (4, fitted.history_.loss)
    assert len(fitted.history_.validation_loss) == len(seen) == 4
    assert fitted.n_features_in_ == fitted.model_.nin == X.shape[1]
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    outputs = np.array([[z.data for z in np.atleast_1d(fitted.model_(row))] for row in scaled])
    if make is MLPClassifier:
        assert fitted.classes_.tolist() == [0, 1, 2]
        assert fitted.predict(X).tolist() == outputs.argmax(axis=1).tolist()
    else:
        assert fitted.predict(X) == pytest.approx(outputs[:, 0] * y.std() + y.mean(), rel=1e-9)


@given(scale=st.floats(1e-6, 1e6), shift=st.floats(-1e3, 1e3))
@settings(max_examples=10)
def test_units_of_the_target_do_not_matter(scale, shift):
    """A target in other units is learned as well: predictions are in its units."""
    X, y = PATIENTS[:40], np.round(PROGRESSION[:40])
    plain, other = MLPRegressor(**SHORT).fit(X, y), MLPRegressor(**SHORT).fit(X, y * scale + shift * scale)
    assert other.predict(X) == pytest.approx((plain.predict(X) + shift) * scale, rel=1e-4, abs=1e-4 * scale)


def test_probabilities():
    """They sum to 1, and the largest is that of the class predicted; two classes are no exception."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    names = y.map({0: "malignant", 1: "benign"})
    fitted = MLPClassifier(**SHORT).fit(X, names)
    assert fitted.classes_.tolist() == ["benign", "malignant"]
    probabilities = fitted.predict_proba(X)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert fitted.predict(X).tolist() == fitted.classes_[probabilities.argmax(axis=1)].tolist()
    assert fitted.score(X, names) > 0.9
    assert len(fitted.model_.layers[-1].neurons) == 2


@pytest.mark.parametrize("once", [0, 149])
def test_a_class_seen_once_is_a_class(once):
    """It has a probability, whether its row is learned from or held out."""
    y = np.where(np.arange(150) == once, "rare", "common")
    for seed in range(3):
        fitted = MLPClassifier(**SHORT | {"random_state": seed}).fit(FLOWERS, y)
        assert fitted.classes_.tolist() == ["common", "rare"]
        assert (fitted.predict_proba(FLOWERS) > 0).all()


# ---- options ---------------------------------------------------------------------------------------


@both
def test_early_stopping(make, X, y):
    """A fit stops `patience` epochs after the best one and goes back to it; without patience it ends the last epoch."""
    stopped = make(hidden=(16,), optimizer="adam", learning_rate=0.3, schedule="constant", patience=2, random_state=0)
    history = stopped.fit(X, y).history_
    assert (history.stopped, stopped.n_iter_) == ("patience", history.best_epoch + 2)
    whole = make(**SHORT, validation=None, patience=None).fit(X, y)
    assert (whole.history_.stopped, whole.history_.validation_loss, whole.n_iter_) == ("all epochs", [], 4)


@both
@pytest.mark.parametrize("maker", [SGD, Adam, functools.partial(SGD, momentum=0.9, nesterov=True)])
def test_optimizers_of_ones_own(make, X, y, maker):
    """A function makes the optimizer once the network is there; the class of a named one is no different."""
    fitted = make(**SHORT, optimizer=maker, learning_rate=0.01).fit(X, y)
    if isinstance(maker, type):
        named = make(**SHORT, optimizer=maker.__name__.lower(), learning_rate=0.01).fit(X, y)
        assert named.model_.parameter_vector() == fitted.model_.parameter_vector()
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


def square(z: Value) -> Value:
    """Return z squared: an activation of one's own."""
    return z * z


@both
def test_functions_of_ones_own(make, X, y):
    """Activations and losses are plain functions; those that say the same as a name do the same."""
    name, loss = {
        MLPClassifier: ("softmax_cross_entropy", lambda logits, label: softmax_cross_entropy(logits, label)),
        MLPRegressor: ("half_squared_error", lambda output, target: half_squared_error(output, target)),
    }[make]
    default, named, own = (make(**SHORT, loss=given).fit(X, y) for given in (None, name, loss))
    assert own.predict(X).tolist() == named.predict(X).tolist() == default.predict(X).tolist()
    tanh = [make(**SHORT, activation=f).fit(X, y).loss_curve_ for f in ("tanh", math.tanh, [lambda z: math.tanh(z)])]
    assert tanh[0] == tanh[1]
    assert tanh[0] != default.loss_curve_
    deep = make(**SHORT | {"hidden": (4, 3)}, activation=["relu", square]).fit(X, y)
    assert [layer.neurons[0].activation for layer in deep.model_.layers] == ["relu", square, "linear"]
    assert pickle.loads(pickle.dumps(deep)).predict(X).tolist() == deep.predict(X).tolist()


@pytest.mark.parametrize("loss", ["squared_error", "mean_squared_error", "mean_absolute_error", "huber"])
def test_losses_of_a_regression(loss):
    """All of them by name."""
    fitted = MLPRegressor(hidden=(8,), epochs=20, loss=loss, random_state=0).fit(PATIENTS, PROGRESSION)
    assert fitted.score(PATIENTS, PROGRESSION) > 0.4


def test_outliers_pull_less_at_the_absolute_error():
    """A few absurd targets do not move the median, and do move the mean."""
    y = PROGRESSION.copy()
    y[::20] = 1e5
    squares, absolutes = (
        MLPRegressor(hidden=(4,), epochs=15, loss=loss, random_state=0).fit(PATIENTS, y).predict(PATIENTS).mean()
        for loss in ("half_squared_error", "mean_absolute_error")
    )
    assert abs(absolutes - PROGRESSION.mean()) < abs(squares - PROGRESSION.mean()) / 2


@both
def test_no_hidden_layer_is_a_linear_model(make, X, y):
    """The outputs of two points and of the point between them are on a line."""
    fitted = make(**SHORT | {"hidden": ()}).fit(X, y)
    ends = fitted.model_.outputs(np.stack([X[0], (X[0] + X[-1]) / 2, X[-1]]))
    assert np.mean([ends[0], ends[2]], axis=0) == pytest.approx(np.array(ends[1]))


def test_shared_documentation():
    """Each option and attribute is told in the docstring of both classes, each loss where it fits."""
    for make in (MLPClassifier, MLPRegressor):
        for option in make().get_params():
            assert f"\n{option} : " in make.__doc__
        fitted = make(**SHORT).fit(pd.DataFrame({"x": [0.0, 1.0, 2.0]}), [0, 1, 1])
        for attribute in vars(fitted):
            assert f"\n{attribute} : " in make.__doc__
        assert "{" not in make.__doc__.split("Examples")[0]
    assert "huber" in MLPRegressor.__doc__
    assert "huber" not in MLPClassifier.__doc__


# ---- mistakes --------------------------------------------------------------------------------------

BROKEN = FLOWERS.copy()
BROKEN[3, 1] = np.nan
ENDLESS = FLOWERS.copy()
ENDLESS[3, 1] = np.inf
VAST = FLOWERS.copy()
VAST[3, 1] = 1e308


@pytest.mark.parametrize("make", [MLPClassifier, MLPRegressor])
@pytest.mark.parametrize(
    ("X", "y", "text"),
    [
        (BROKEN, SPECIES, "X contains NaN"),
        (ENDLESS, SPECIES, "X contains infinity"),
        (VAST, SPECIES, r"expected a variance that a float can hold, got numbers of size 1e\+308 in column 1 of X"),
        (FLOWERS[:0], SPECIES[:0], "0 sample.* minimum of 2"),
        (FLOWERS[:1], SPECIES[:1], "1 sample.* minimum of 2"),
        (FLOWERS, SPECIES[:9], "inconsistent numbers of samples"),
        (FLOWERS, None, "requires y"),
        (FLOWERS, [float("nan"), *SPECIES[1:]], "y contains NaN"),
        (FLOWERS, [float("inf"), *SPECIES[1:]], "y contains infinity"),
        (pd.DataFrame({"colour": ["red", "blue"], "size": [1.0, 2.0]}), [0, 1], "convert string to float: 'red'"),
    ],
)
def test_bad_tables(make, X, y, text):
    """What is wrong with the table is said, most of it by scikit-learn."""
    with pytest.raises(ValueError, match=text):
        make(**SHORT).fit(X, y)


@pytest.mark.parametrize(
    ("make", "y", "error", "text"),
    [
        (
            MLPClassifier,
            ["setosa"] * 150,
            ValueError,
            "MLPClassifier: expected two classes or more in y, got 'setosa' in all 150 rows: "
            "add rows of another class, or stratify the split that these are from",
        ),
        (
            MLPClassifier,
            np.array(["setosa", None] * 75),
            TypeError,
            "MLPClassifier: expected classes of one kind in y, got some of each of NoneType, str",
        ),
        (
            MLPRegressor,
            [3.0] * 150,
            ValueError,
            "MLPRegressor: expected a target that varies, got 3.0 to 3.0 in 150 rows: "
            "there is nothing to learn; is y the right column?",
        ),
        (
            MLPRegressor,
            [1e9, 1e9 + 1e-6] * 75,
            ValueError,
            "MLPRegressor: expected a target that varies, got 1000000000.0 to 1000000000.000001 in 150 rows: "
            "there is nothing to learn; is y the right column?",
        ),
        (
            MLPRegressor,
            ["setosa"] * 150,
            ValueError,
            "MLPRegressor: expected numbers in y, got 'setosa'; for classes take MLPClassifier",
        ),
        (
            MLPRegressor,
            [1e300, -1e300] * 75,
            ValueError,
            "MLPRegressor: expected a variance that a float can hold, got numbers of size 1e+300 in column 0 of y",
        ),
    ],
)
def test_bad_targets(make, y, error, text):
    """What is wrong with the target is said, with a cure."""
    with pytest.raises(error) as caught:
        make(**SHORT).fit(FLOWERS, y)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"hidden": 16}, TypeError, "MLPRegressor: expected hidden to be a sequence of sizes, such as (32,), got 16"),
        ({"hidden": (0,)}, ValueError, "MLP: expected sizes of 1 or more, got 0"),
        (
            {"loss": "hubert"},
            ValueError,
            "MLPRegressor: expected a loss of half_squared_error, squared_error, mean_squared_error, "
            "mean_absolute_error, huber, got 'hubert'; did you mean 'huber'?",
        ),
        (
            {"optimizer": "adan"},
            ValueError,
            "fit: expected an optimizer of sgd, adam, got 'adan'; did you mean 'adam'?",
        ),
        (
            {"optimizer": None},
            TypeError,
            "MLPRegressor: expected optimizer to be a name, or a function of parameters and learning rate, "
            "such as functools.partial(SGD, momentum=0.9), got None",
        ),
        (
            {"optimizer": SGD},
            ValueError,
            "MLPRegressor: expected a learning_rate for an optimizer that is a function, got None",
        ),
        (
            {"optimizer": lambda parameters, learning_rate: None, "learning_rate": 0.1},
            TypeError,
            "MLPRegressor: expected optimizer to be a name, or a function of parameters and learning rate "
            "that returns an Optimizer, got None from it",
        ),
        (
            {"validation": 1},
            ValueError,
            "fit: expected validation to be a part of the rows, above 0 and below 1, got 1 of 442",
        ),
    ],
)
def test_bad_options(options, error, text):
    """They are found in `fit`, as is the custom; after that there is no fit to predict with, not even an older one."""
    regressor = MLPRegressor(**SHORT).fit(PATIENTS, PROGRESSION)
    with pytest.raises(error) as caught:
        regressor.set_params(**options).fit(PATIENTS, PROGRESSION)
    assert str(caught.value) == text
    with pytest.raises(NotFittedError):
        regressor.predict(PATIENTS)


@both
def test_divergence(make, X, y):
    """A learning rate that diverges is told, with one to try."""
    with pytest.raises(FloatingPointError, match=r"finite.*at step.*try 1e\+29"):
        make(**SHORT, optimizer="sgd", learning_rate=1e300).fit(X, y)


@both
def test_predictions_need_a_fit_and_its_columns(make, X, y):
    """Not fitted, and more or fewer columns, are scikit-learn's errors."""
    with pytest.raises(NotFittedError, match=f"This {make.__name__} instance is not fitted yet"):
        make().predict(X)
    fitted = make(**SHORT).fit(X, y)
    for columns in (X[:, :2], np.hstack([X, X])):
        with pytest.raises(ValueError, match=f"X has {columns.shape[1]} features, but {make.__name__} is expecting"):
            fitted.predict(columns)


@both
def test_interrupts(make, X, y):
    """After Ctrl-C the network is that of the best epoch so far."""

    def interrupt(history):
        if history.epochs == 3:
            raise KeyboardInterrupt

    estimator = make(**SHORT, callbacks=[interrupt])
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(X, y)
    ended = make(**SHORT, callbacks=[lambda history: history.epochs == 3]).fit(X, y)
    assert estimator.model_.parameter_vector() == ended.model_.parameter_vector()


@both
def test_quiet(make, X, y, capsys):
    """A fit prints nothing and warns of nothing, unless a progress bar is asked for."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(**SHORT).fit(X, y)
    assert capsys.readouterr() == ("", "")
    make(**SHORT, progress=True).fit(X, y)
    assert "4/4" in capsys.readouterr().err


@pytest.mark.parametrize("number", [6.02214076e23, 0.1, 12345678901234567890.0])
def test_a_constant_column_changes_nothing(number):
    """Whatever its size: the mean of equal numbers is that number."""
    wider = np.column_stack([FLOWERS, np.full(len(FLOWERS), number)])
    scaler = MLPClassifier(**SHORT).fit(wider, SPECIES).scaler_
    assert scaler.transform(wider)[:, -1].tolist() == [0.0] * len(FLOWERS)


def test_a_fit_that_fails_early_is_none():
    """Before the network is made, too."""
    classifier = MLPClassifier(**SHORT).fit(FLOWERS, SPECIES)
    with pytest.raises(ValueError, match="expected two classes"):
        classifier.fit(FLOWERS, ["one"] * len(FLOWERS))
    with pytest.raises(NotFittedError):
        classifier.predict(FLOWERS)


def test_without_scikit_learn_the_cure_is_told():
    """What is missing, and what brings it."""
    code = "import sys; sys.modules['sklearn'] = None; import nn; nn.MLPClassifier"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1].startswith("ModuleNotFoundError: nn.estimators: expected scikit-learn")
    assert 'pip install "chainrule[train]"' in done.stderr.splitlines()[-1]
