#!/usr/bin/env python3
"""Makes kernel_ridge.json: what scikit-learn's KernelRidge predicts, for examples/plugins/kernel-ridge.

Needs numpy and scikit-learn. Run it here; the file is kept in the repository and is not made again in CI.
"""

import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.kernel_ridge import KernelRidge

HERE = pathlib.Path(__file__).parent
SEED = 20261123
N, N_NEW, P = 40, 12, 6
# gamma in the plugin's units of 1 / n_features.
GAMMAS = [0.05, 1.0, 20.0]
ALPHAS = [0.01, 1.0, 100.0]


def main():
    rng = np.random.default_rng(SEED)
    x, x_new = rng.standard_normal((N, P)), rng.standard_normal((N_NEW, P))
    y = np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.3 * rng.standard_normal(N)
    y -= y.mean()
    cases = []
    for gamma in GAMMAS:
        for alpha in ALPHAS:
            model = KernelRidge(kernel="rbf", alpha=alpha, gamma=gamma / P).fit(x, y)
            cases.append({"gamma": gamma, "alpha": alpha, "y_hat": model.predict(x_new).tolist()})
    content = {
        "what": "KernelRidge(kernel='rbf', alpha=alpha, gamma=gamma / n_features); x and x_new row by row",
        "made_by": "tests/golden/make_kernel_ridge.py",
        "seed": SEED,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scikit-learn": sklearn.__version__},
        "x": x.tolist(),
        "y": y.tolist(),
        "x_new": x_new.tolist(),
        "cases": cases,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
    (HERE / "kernel_ridge.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()
