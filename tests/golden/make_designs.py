#!/usr/bin/env python3
"""Makes designs.json: folds that a column has, and a test sample, as scikit-learn evaluates them.

Needs numpy and scikit-learn. Run it here; the file is kept in the repository and is not made again in CI.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

SEED = 20261201
ALPHAS = [300.0, 100.0, 30.0, 10.0, 3.0, 1.0, 0.3]


def minus_squared_error(model, x, y):
    """Summed, so that the mean over splits of unequal size orders penalties as the pooled error does."""
    return -np.sum((y - model.predict(x)) ** 2)


def search(cv):
    model = make_pipeline(StandardScaler(), Ridge(solver="cholesky"))
    # Strongest first: of equal scores the first wins.
    return GridSearchCV(model, {"ridge__alpha": ALPHAS}, scoring=minus_squared_error, cv=cv)


def leave_one_site_out(rng):
    """Five sites of 9 to 17 rows whose X and y have levels of their own."""
    site = rng.permutation(np.repeat(np.arange(5), [9, 11, 13, 15, 17]))
    n = len(site)
    level = rng.normal(size=(5, 7))
    x = rng.normal(size=(n, 6)) + level[site, :6]
    y = x[:, 0] + 0.5 * x[:, 1] + level[site, 6] + rng.normal(size=n)
    y_hat, y_bar, alphas = np.empty(n), np.empty(n), []
    for train, test in LeaveOneGroupOut().split(x, y, site):
        found = search(LeaveOneGroupOut()).fit(x[train], y[train], groups=site[train])
        y_hat[test], y_bar[test] = found.predict(x[test]), y[train].mean()
        alphas.append(found.best_params_["ridge__alpha"])
    r2 = lambda rows: 1 - np.sum((y - y_hat)[rows] ** 2) / np.sum((y - y_bar)[rows] ** 2)
    return {
        "x": x, "y": y, "site": site, "y_hat": y_hat, "alphas": alphas, "r2": r2(np.arange(n)),
        "r2_by_site": [r2(site == one) for one in range(5)],
    }


def test_sample(rng):
    """Sixty rows to learn from in five given folds, and twenty-five to test on."""
    n, n_test = 60, 25
    x, x_test = rng.normal(size=(n, 6)), 0.3 + rng.normal(size=(n_test, 6))
    signal = lambda x: x[:, 0] - 0.6 * x[:, 2]
    y, y_test = signal(x) + rng.normal(size=n), 0.5 + signal(x_test) + rng.normal(size=n_test)
    fold = rng.permutation(np.arange(n) % 5)
    found = search(PredefinedSplit(fold)).fit(x, y)
    y_hat = found.predict(x_test)
    return {
        "x": x, "y": y, "fold": fold, "x_test": x_test, "y_test": y_test, "y_hat": y_hat,
        "alpha": found.best_params_["ridge__alpha"], "y_bar": y.mean(),
        "r2_test": 1 - np.sum((y_test - y_hat) ** 2) / np.sum((y_test - y.mean()) ** 2),
    }


def side_by_side(rng):
    """Two blocks of three and twelve columns; after scaling every column is divided by the root of its block's width."""
    n, n_test, widths = 60, 25, [3, 12]
    p = sum(widths)
    x, x_test = 5 + 3 * rng.normal(size=(n, p)), 5 + 3 * rng.normal(size=(n_test, p))
    y = 0.3 * x[:, 0] + 0.2 * x[:, 4] + rng.normal(size=n)
    weights = np.concatenate([np.full(width, 1 / np.sqrt(width)) for width in widths])
    fold = rng.permutation(np.arange(n) % 5)
    model = make_pipeline(StandardScaler(), FunctionTransformer(lambda x: x * weights), Ridge(solver="cholesky"))
    found = GridSearchCV(model, {"ridge__alpha": ALPHAS}, scoring=minus_squared_error, cv=PredefinedSplit(fold)).fit(x, y)
    return {
        "x": x, "y": y, "fold": fold, "x_test": x_test, "weights": weights,
        "alpha": found.best_params_["ridge__alpha"], "y_hat": found.predict(x_test),
    }


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


rng = np.random.default_rng(SEED)
content = {
    "what": "Folds that a column has: nested LeaveOneGroupOut. A test sample: one model, its penalty from a PredefinedSplit. Blocks of columns side by side.",
    "made_by": "tests/golden/make_designs.py",
    "seed": SEED,
    "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    "penalties": ALPHAS,
    "leave_one_site_out": plain(leave_one_site_out(rng)),
    "test_sample": plain(test_sample(rng)),
    "side_by_side": plain(side_by_side(rng)),
}
lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
(pathlib.Path(__file__).parent / "designs.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
