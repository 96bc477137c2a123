#!/usr/bin/env python3
"""Makes ordering.json: AUC, balanced accuracy and Spearman's r of out-of-fold predictions, by scikit-learn and SciPy.

Needs numpy, scipy and scikit-learn. Run it here; the file is kept in the repository and is not made again in CI.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
import sklearn
from scipy.stats import spearmanr
from sklearn.linear_model import Ridge
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict

SEED = 20261201


def out_of_fold(x, y, fold):
    """Predictions to two decimals, so that some are equal, and the training means."""
    y_hat = cross_val_predict(Ridge(alpha=20.0), x, y, groups=fold, cv=LeaveOneGroupOut())
    y_bar = np.array([y[fold != one].mean() for one in fold])
    return np.round(y_hat, 2), y_bar


def study(rng, n, values):
    x = rng.normal(size=(n, 8))
    latent = x[:, 0] + 0.7 * x[:, 1] + 1.5 * rng.normal(size=n)
    y = np.digitize(latent, np.quantile(latent, values)).astype(float)
    fold = rng.permutation(np.arange(n) % 5)
    y_hat, y_bar = out_of_fold(x, y, fold)
    return y, fold, y_hat, y_bar


def two_values(rng):
    y, fold, y_hat, y_bar = study(rng, 83, [0.72])
    auc, pairs = [], []
    for one in range(5):
        rows = fold == one
        auc.append(roc_auc_score(y[rows], y_hat[rows]))
        pairs.append((y[rows] == 1).sum() * (y[rows] == 0).sum())
    return {
        "y": y, "fold": fold, "y_hat": y_hat, "y_bar": y_bar,
        "auc": np.average(auc, weights=pairs),
        "balanced_accuracy": balanced_accuracy_score(y, y_hat > y_bar),
    }


def steps(rng):
    y, fold, y_hat, _ = study(rng, 83, [0.1, 0.3, 0.6, 0.9])
    rho = [spearmanr(y[fold == one], y_hat[fold == one]).statistic for one in range(5)]
    return {"y": y, "fold": fold, "y_hat": y_hat, "spearman_r": np.average(rho, weights=np.bincount(fold))}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else float(value)


rng = np.random.default_rng(SEED)
content = {
    "what": "AUC within folds (roc_auc_score of each, weighted by its pairs), balanced accuracy at the training share, Spearman's r within folds (spearmanr of each, weighted by its rows).",
    "made_by": "tests/golden/make_ordering.py",
    "seed": SEED,
    "versions": {
        "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__, "scikit-learn": sklearn.__version__,
    },
    "two_values": plain(two_values(rng)),
    "steps": plain(steps(rng)),
}
lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
(pathlib.Path(__file__).parent / "ordering.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
