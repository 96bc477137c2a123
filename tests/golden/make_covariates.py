#!/usr/bin/env python3
"""Makes covariates.json: nested ridge beside covariates, by numpy, scikit-learn and statsmodels, to compare the engine's with.

Needs numpy, scikit-learn and statsmodels. Run it here; the file is kept in the repository and is not made again in CI. It states the seed and the versions
that made it. In every training set scikit-learn's LinearRegression takes Z out of y and of each column of X; Ridge on what is left (columns divided by their
sd) adds the rest. The penalty is chosen over the remaining outer folds.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
import statsmodels
import statsmodels.api
from sklearn.linear_model import LinearRegression, Ridge

HERE = pathlib.Path(__file__).parent
SEED = 20261122
ALPHAS = [1000.0, 100.0, 10.0, 1.0, 0.1]


def main():
    rng = np.random.default_rng([SEED, 11])
    head = {
        "what": "Nested ridge beside covariates: out-of-fold predictions, four R², and the residuals that a permutation moves.",
        "made_by": "tests/golden/make_covariates.py",
        "seed": SEED,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "statsmodels": statsmodels.__version__,
        },
        "alphas": ALPHAS,
    }
    cases = {"fewer_features": case(rng, 50, 6), "more_features": case(rng, 40, 70)}
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in (head | {"cases": cases}).items()]
    (HERE / "covariates.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def case(rng, n, p):
    age = rng.integers(18, 80, n).astype(float)
    site = rng.integers(0, 3, n)
    z = np.column_stack([age, site == 1, site == 2]).astype(float)
    x = (rng.normal(size=(n, p)) + 0.03 * age[:, None]).round(3)
    y = (3 + 0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.05 * age + (site == 2) + rng.normal(size=n)).round(3)
    folds = rng.permutation(np.arange(n) % 5)
    y_hat, y_zero, y_bar, steps = np.empty(n), np.empty(n), np.empty(n), []
    for i in range(5):
        errors = sum(
            np.square(fit(x, y, z, (folds != i) & (folds != j), folds == j)[0] - y[folds == j]).sum(axis=1)
            for j in range(5)
            if j != i
        )
        step = int(np.flatnonzero(errors <= errors.min() * (1 + 1e-12))[0])
        path, zero = fit(x, y, z, folds != i, folds == i)
        y_hat[folds == i], y_zero[folds == i], y_bar[folds == i] = path[step], zero, y[folds != i].mean()
        steps.append(step)
    squares = lambda prediction: float(np.square(y - prediction).sum())
    total, covariates = 1 - squares(y_hat) / squares(y_bar), 1 - squares(y_zero) / squares(y_bar)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "z": z.tolist(),
        "folds": folds.tolist(),
        "steps": steps,
        "y_hat": y_hat.tolist(),
        "y_zero": y_zero.tolist(),
        "r2_partial": 1 - squares(y_hat) / squares(y_zero),
        "r2_covariates": covariates,
        "r2_total": total,
        "r2_increment": total - covariates,
        "residuals": statsmodels.api.OLS(y, statsmodels.api.add_constant(z)).fit().resid.tolist(),
    }


def fit(x, y, z, train, new):
    """Predictions of the rows `new`, one list a penalty, and those from Z alone."""
    of_x, of_y = LinearRegression().fit(z[train], x[train]), LinearRegression().fit(z[train], y[train])
    left, left_new = x[train] - of_x.predict(z[train]), x[new] - of_x.predict(z[new])
    sd = left.std(axis=0)
    zero = of_y.predict(z[new])
    residual = y[train] - of_y.predict(z[train])
    ridge = lambda alpha: Ridge(alpha, fit_intercept=False, solver="svd").fit(left / sd, residual)
    return np.array([zero + ridge(alpha).predict(left_new / sd) for alpha in ALPHAS]), zero


if __name__ == "__main__":
    main()
