#!/usr/bin/env python3
"""Makes designs.json: folds that a column has, as scikit-learn evaluates them.

Needs numpy and scikit-learn. Run it here; the file is kept in the repository and is not made again in CI.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

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


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


rng = np.random.default_rng(SEED)
content = {
    "what": "Folds that a column has: nested LeaveOneGroupOut.",
    "made_by": "tests/golden/make_designs.py",
    "seed": SEED,
    "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    "penalties": ALPHAS,
    "leave_one_site_out": plain(leave_one_site_out(rng)),
}
lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
(pathlib.Path(__file__).parent / "designs.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
