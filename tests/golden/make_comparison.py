#!/usr/bin/env python3
"""Makes comparison.json: the differences of STATISTICS.md section 6, in numpy and scipy, written from the page.

Needs numpy and scipy. Run it here; the file is kept in the repository and is not made again in CI.
"""

import json
import pathlib
import platform

import numpy as np
import scipy
from scipy import stats

SEED = 20261123


def case(rng, n, k, unequal):
    """One target of n rows in k folds: what two recipes predict, their replicates and their permutations."""
    fold_of = np.sort(rng.integers(0, k, n)) if unequal else np.arange(n) % k
    y = rng.normal(size=n)
    y_bar = np.array([y[fold_of != fold].mean() for fold in fold_of])
    y_hat_a, y_hat_b = 0.5 * y + 0.4 * rng.normal(size=n), 0.3 * y + 0.5 * rng.normal(size=n)
    baseline = np.mean((y - y_bar) ** 2)
    gain = ((y - y_hat_b) ** 2 - (y - y_hat_a) ** 2) / baseline
    by_fold = np.array([gain[fold_of == fold].mean() for fold in range(k)])
    n_test = np.bincount(fold_of, minlength=k)
    # Nadeau & Bengio (2003), equation 7: (1/J + n2/n1) times the sample variance.
    t = by_fold.mean() / np.sqrt((1 / k + np.mean(n_test / (n - n_test))) * by_fold.var(ddof=1))

    delta, blocks = gain.mean(), 20
    replicates = delta + 0.02 * rng.normal(size=blocks)
    permuted = 0.05 * rng.normal(size=199)
    jackknife = np.sqrt((blocks - 1) / blocks * np.sum((replicates - replicates.mean()) ** 2))
    se = max(jackknife, permuted.std())
    half = stats.t.ppf(0.975, blocks - 1) * se
    return {
        "y": y, "y_bar": y_bar, "y_hat_a": y_hat_a, "y_hat_b": y_hat_b, "fold_of": fold_of,
        "by_fold": by_fold, "t": t, "p_corrected": 2 * stats.t.sf(abs(t), k - 1),
        "delta": delta, "replicates": replicates, "permuted": permuted,
        "se": se, "low": delta - half, "high": delta + half, "p": 2 * stats.t.sf(abs(delta) / se, blocks - 1),
    }


def plain(value):
    return {key: np.round(item, 15).tolist() if isinstance(item, np.ndarray) else float(item) for key, item in value.items()}


rng = np.random.default_rng(SEED)
content = {
    "what": "Differences of two recipes: STATISTICS section 6.",
    "made_by": "tests/golden/make_comparison.py",
    "seed": SEED,
    "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
    "cases": [plain(case(rng, 23, 4, False)), plain(case(rng, 40, 5, True))],
}
lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
(pathlib.Path(__file__).parent / "comparison.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
