#!/usr/bin/env python3
"""Makes compat.json: nested cross-validation of a lasso and an elastic net as scikit-learn's LassoCV and glmnet's cv.glmnet do it.

Needs numpy, scikit-learn and Rscript with glmnet. Run it here; the file is kept in the repository and is not made again in CI. It states the seed and the
versions that made it. Folds are given, the inner folds of a split are the others, and each training set, inner ones too, is scaled by itself.
"""

import json
import pathlib
import platform
import subprocess
import tempfile

import numpy as np
import sklearn
from sklearn.linear_model import enet_path

HERE = pathlib.Path(__file__).parent
SEED = 20261122
K, N, P = 5, 100, 20


def main():
    rng = np.random.default_rng([SEED, 11])
    x = (rng.normal(size=(N, P)) + rng.normal(size=(N, 1))).round(3)
    y = (x[:, :4] @ [0.8, -0.6, 0.5, 0.3] + 1.5 * rng.normal(size=N)).round(3)
    fold = np.arange(N) % K
    cases = [
        {"program": "sklearn", "l1_ratio": ratio, **sklearn_nested(x, y, fold, ratio)} for ratio in (1.0, 0.5)
    ] + [{"program": "glmnet", "l1_ratio": ratio, **glmnet_nested(x, y, fold, ratio)} for ratio in (1.0, 0.5)]
    version = subprocess.run(
        ["Rscript", "-e", "cat(R.version$major, R.version$minor, as.character(packageVersion('glmnet')))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    golden = {
        "what": "r2 and the chosen penalty of each split, of nested cross-validation with one grid a split.",
        "made_by": "tests/golden/make_compat.py",
        "seed": SEED,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scikit-learn": sklearn.__version__,
            "R": ".".join(version[:2]),
            "glmnet": version[2],
        },
        "n": N,
        "p": P,
        "x_by_column": x.T.ravel().tolist(),
        "y": y.tolist(),
        "fold": fold.tolist(),
        "cases": cases,
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in golden.items()]
    (HERE / "compat.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def scaled(x, train):
    return (x - x[train].mean(0)) / x[train].std(0)


def path(x, y, train, ratio, alphas):
    """Predictions of all rows at every penalty."""
    z, mean = scaled(x, train), y[train].mean()
    coefs = enet_path(z[train], y[train] - mean, l1_ratio=ratio, alphas=alphas, tol=1e-13, max_iter=10**6)[1]
    return mean + z @ coefs


def sklearn_nested(x, y, fold, ratio):
    """LassoCV's grid of 100 penalties down to 1e-3 of the largest, its inner mean squared error, its choice."""
    sse, sst, chosen = 0.0, 0.0, []
    for test in range(K):
        train = fold != test
        largest = np.abs(scaled(x, train)[train].T @ (y[train] - y[train].mean())).max() / (train.sum() * ratio)
        alphas = np.geomspace(largest, largest * 1e-3, 100)
        error = 0
        for inner in set(range(K)) - {test}:
            rows, held_out = train & (fold != inner), fold == inner
            error = error + ((y[held_out, None] - path(x, y, rows, ratio, alphas)[held_out]) ** 2).sum(0)
        best = int(np.argmin(error))
        y_hat = path(x, y, train, ratio, alphas[: best + 1])[fold == test, -1]
        sse += ((y[fold == test] - y_hat) ** 2).sum()
        sst += ((y[fold == test] - y[train].mean()) ** 2).sum()
        chosen.append(float(alphas[best]))
    return {"r2": 1 - sse / sst, "alpha": chosen}


GLMNET = r"""
suppressMessages(library(glmnet))
args <- commandArgs(TRUE); d <- as.matrix(read.csv(args[1])); ratio <- as.numeric(args[2])
fold <- d[, 1]; y <- d[, 2]; x <- d[, -(1:2)]
glmnet.control(fdev = 0, devmax = 1)
sse <- 0; sst <- 0
for (k in sort(unique(fold))) {
  train <- fold != k
  inner <- as.integer(factor(fold[train]))
  m <- cv.glmnet(x[train, ], y[train], foldid = inner, alpha = ratio, thresh = 1e-14, maxit = 1e7)
  y_hat <- predict(m, x[!train, ], s = "lambda.min")
  sse <- sse + sum((y[!train] - y_hat)^2); sst <- sst + sum((y[!train] - mean(y[train]))^2)
  cat(sprintf("%.17g\n", m$lambda.min))
}
cat(sprintf("%.17g\n", 1 - sse / sst))
"""


def glmnet_nested(x, y, fold, ratio):
    with tempfile.TemporaryDirectory() as folder:
        data, script = pathlib.Path(folder) / "data.csv", pathlib.Path(folder) / "nested.R"
        head = ",".join(["fold", "y"] + [f"x{j}" for j in range(P)])
        np.savetxt(data, np.column_stack([fold, y, x]), delimiter=",", header=head, comments="", fmt="%.17g")
        script.write_text(GLMNET)
        out = subprocess.run(
            ["Rscript", str(script), str(data), str(ratio)], capture_output=True, text=True, check=True
        ).stdout.split()
    *alphas, r2 = map(float, out)
    return {"r2": r2, "alpha": alphas}


if __name__ == "__main__":
    main()
