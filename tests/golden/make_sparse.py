#!/usr/bin/env python3
"""Makes sparse.json: coefficients of scikit-learn's Lasso and ElasticNet, to compare this project's with.

Needs numpy and scikit-learn. Run it here; the file is kept in the repository and is not made again in CI. It states the seed and the versions that made it.
No intercept, nothing centred: the objective is the same, so the numbers have to be.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.linear_model import ElasticNet, Lasso

HERE = pathlib.Path(__file__).parent
SEED = 20261122


def main():
    rng = np.random.default_rng([SEED, 7])
    cases = {
        "fewer_features": case(rng, rng.normal(size=(30, 8))),
        "more_features": case(rng, rng.normal(size=(15, 25))),
        "correlated": case(rng, rng.normal(size=(40, 12)) + 1.5 * rng.normal(size=(40, 1))),
        "unlike_scales": case(rng, rng.normal(size=(25, 6)) * [100.0, 10.0, 1.0, 1.0, 0.1, 0.01]),
    }
    head = {
        "what": "Coefficients of Lasso and ElasticNet without intercept, stopped at a duality gap of 1e-14 of y'y.",
        "made_by": "tests/golden/make_sparse.py",
        "seed": SEED,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in (head | {"cases": cases}).items()]
    (HERE / "sparse.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def case(rng, x):
    x = x.round(3)
    y = (x[:, :3] @ [1.0, -0.7, 0.4] + rng.normal(size=len(x))).round(3)
    fits = []
    for l1_ratio in (1.0, 0.9, 0.5, 0.1):
        strongest = np.abs(x.T @ y).max() / len(x) / l1_ratio
        for share in (0.9, 0.5, 0.2, 0.05, 0.01, 0.001):
            for positive in (False, True):
                fits.append(fit(x, y, float(strongest * share), l1_ratio, positive))
    return {"x": x.tolist(), "y": y.tolist(), "fits": fits}


def fit(x, y, alpha, l1_ratio, positive):
    settings = {"fit_intercept": False, "tol": 1e-14, "max_iter": 10_000_000, "positive": positive}
    model = Lasso(alpha, **settings) if l1_ratio == 1.0 else ElasticNet(alpha, l1_ratio=l1_ratio, **settings)
    model.fit(x, y)
    return {"alpha": alpha, "l1_ratio": l1_ratio, "positive": positive, "coef": model.coef_.tolist()}


if __name__ == "__main__":
    main()
