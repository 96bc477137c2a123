#!/usr/bin/env python3
"""Time per nested cross-validation of one permuted target, ridge: this program and its peers, in one run, in turn.

    python3 tests/bench/ridge.py --ratings loans.csv --embeddings minilm_l6.npy [--rounds 3] [--permutations 399]

Data: the first 500 rows with all ratings, all rating columns (20), p = 384. Permuted targets are whole rows of Y moved by one permutation, as in
the program. Every peer gets 2 threads, f64, standardised columns inside each training fold, 30 penalties, 5 outer folds, and the call its own
documentation recommends for the purpose:

  ocean       the engine with the bundled ridge: 5 outer folds, inner folds the remaining four; all permuted targets, preparation included
  pts         scikit-learn permutation_test_score of StandardScaler + RidgeCV (leave-one-out in closed form), n_jobs = 2; few permutations
  ridgecv     scikit-learn RidgeCV(alpha_per_target=True), leave-one-out in closed form, all permuted targets as columns of one Y
  himalaya    himalaya RidgeCV, 5 inner folds, all permuted targets as columns of one Y

Only ratios are worth quoting: the rounds interleave, so a busy machine slows all alike. Needs numpy, pandas, scikit-learn, himalaya.
"""

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = 2
# Before numpy: BLAS reads them once.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import himalaya
import himalaya.ridge
import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold, permutation_test_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parent))
from program import cargo_bench, processor, save

N_SAMPLES, N_FOLDS, N_ALPHAS = 500, 5, 30
GOALS = {"pts": 1000, "ridgecv": 4, "himalaya": 15}


def main():
    arguments = parse()
    x, y = read(arguments.ratings, arguments.embeddings)
    permuted = permute(y, arguments.permutations)
    alphas = penalties(x)
    print(f"{processor()}, {THREADS} threads")
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, scipy {scipy.__version__}, "
        f"scikit-learn {sklearn.__version__}, himalaya {himalaya.__version__}"
    )
    print(f"n = {x.shape[0]}, p = {x.shape[1]}, {y.shape[1]} targets, {permuted.shape[1]} columns in all\n")
    with tempfile.TemporaryDirectory() as folder:
        ocean = Ocean(folder, x, permuted)
        runs = {
            "ocean": lambda: ocean.run(),
            "pts": lambda: by_permutation_test_score(x, y[:, 0], alphas, arguments.pts_permutations),
            "ridgecv": lambda: by_columns(x, permuted, RidgeCV(alphas=alphas, alpha_per_target=True)),
            "himalaya": lambda: by_columns(x, permuted, himalaya.ridge.RidgeCV(alphas=alphas, cv=N_FOLDS)),
        }
        compare(runs, arguments.rounds, y.shape[1])
        print(f"\nocean: {ocean.prepare_s:.3f} s of the last round prepared the designs, once for any number of columns")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", required=True, help="table with the rating columns RATER_TRAIT")
    parser.add_argument("--embeddings", required=True, help=".npy, one row a row of the table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--permutations", type=int, default=399, help="of all targets, for the methods that take them as columns")
    parser.add_argument("--pts-permutations", type=int, default=5, help="of one target, for permutation_test_score")
    return parser.parse_args()


def read(ratings, embeddings):
    table = pd.read_csv(ratings)
    columns = [name for name in table.columns if re.match(r"(llama|gpt|qwen|deepseek)_", name)]
    rated = np.flatnonzero(table[columns].notna().all(axis=1))[:N_SAMPLES]
    x = np.load(embeddings)[rated].astype(np.float64)
    return x, table[columns].to_numpy(np.float64)[rated]


def permute(y, n_permutations):
    """The observed targets, then each permutation of all of them."""
    random = np.random.default_rng(0)
    return np.hstack([y] + [y[random.permutation(len(y))] for _ in range(n_permutations)])


def penalties(x):
    """30 penalties over the range of the program's own grid: degrees of freedom 0.1 to 0.99 of the rank, on one training fold."""
    train, _ = next(folds().split(x))
    squares = np.linalg.svd(StandardScaler().fit_transform(x[train]), compute_uv=False) ** 2
    squares = squares[squares > 1e-10 * squares[0]]

    def penalty(target):
        low, high = -50.0, 50.0
        for _ in range(100):
            middle = (low + high) / 2
            if (squares / (squares + np.exp(middle))).sum() > target:
                low = middle
            else:
                high = middle
        return np.exp(low)

    return np.array([penalty(df) for df in np.geomspace(0.1, 0.99 * len(squares), N_ALPHAS)])


def folds():
    return KFold(N_FOLDS, shuffle=True, random_state=0)


class Ocean:
    """The engine, built once; each run is a process of its own, timed inside (reading the files is not counted)."""

    def __init__(self, folder, x, y):
        self.call = [cargo_bench(), *save(folder, x, y), str(THREADS)]

    def run(self):
        answer = json.loads(subprocess.run(self.call, check=True, capture_output=True, text=True).stdout)
        self.prepare_s = answer["prepare_s"]
        return answer["total_s"] / answer["columns"], np.array(answer["r2"])


def by_permutation_test_score(x, y, alphas, n_permutations):
    model = make_pipeline(StandardScaler(), RidgeCV(alphas=alphas))
    start = time.perf_counter()
    score, _, _ = permutation_test_score(model, x, y, cv=folds(), scoring="r2", n_permutations=n_permutations, n_jobs=THREADS, random_state=0)
    return (time.perf_counter() - start) / (n_permutations + 1), np.array([score])


def by_columns(x, y, model):
    start = time.perf_counter()
    y_hat, y_bar = np.empty_like(y), np.empty_like(y)
    for train, test in folds().split(x):
        scaler, mean = StandardScaler().fit(x[train]), y[train].mean(axis=0)
        model.fit(scaler.transform(x[train]), y[train] - mean)
        y_hat[test], y_bar[test] = model.predict(scaler.transform(x[test])) + mean, mean
    r2 = 1 - ((y - y_hat) ** 2).sum(axis=0) / ((y - y_bar) ** 2).sum(axis=0)
    return (time.perf_counter() - start) / y.shape[1], r2


def compare(runs, rounds, n_targets):
    times = {name: [] for name in runs}
    r2 = {}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds, r2[name] = run()
            times[name].append(seconds)
    ours = statistics.median(times["ocean"])
    print(f"{'':10} {'ms a target':>12} {'all rounds':>28} {'ratio':>8} {'goal':>6}  mean r2 observed / permuted")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        spread = " ".join(f"{1e3 * s:.3g}" for s in sorted(seconds))
        observed, null = r2[name][:n_targets].mean(), r2[name][n_targets:]
        null = f"{null.mean():.4f}" if null.size else "-"
        print(f"{name:10} {1e3 * median:12.4g} {spread:>28} {median / ours:8.1f} {GOALS.get(name, 1):6}  {observed:.4f} / {null}")


if __name__ == "__main__":
    sys.exit(main())
