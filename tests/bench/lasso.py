#!/usr/bin/env python3
"""Time of lasso and elastic net, this program and its peers, in one run, in turn.

    python3 tests/bench/lasso.py --ratings loans.csv --embeddings minilm_l6.npy [--rounds 3] [--permutations 31] [--question path|nested]

Data: the first 500 rows with all ratings, all rating columns (20), p = 384, columns standardised. Every peer gets 2 threads and f64. Two questions:

  whole path    50 penalties from α_max to α_max/1000, every row, no fold and no choice, one target after the other: the seconds of a path. Everybody
                stops at a duality gap of about 1e-9 of the empty model's objective: scikit-learn lasso_path / enet_path and celer_path (lasso) by their tol, glmnet,
                which has no gap, at the thresh that leaves one like it. Reported with it: the worst gap along the last path, computed here for all alike.
  nested        one nested cross-validation of one permuted target, 5 outer folds: here the engine, inner folds the other four, patience 5; scikit-learn's
                LassoCV / ElasticNetCV with 5 inner folds inside 5 outer ones (its default tol); glmnet's cv.glmnet likewise (its default thresh).

Only ratios are worth quoting: the rounds interleave, so a busy machine slows all alike. Needs numpy, pandas, scikit-learn, celer; R with glmnet (Debian:
r-base-core r-cran-glmnet) or --no-glmnet.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

THREADS = 2
# Before numpy: BLAS reads them once.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(THREADS)

import celer
import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNetCV, LassoCV, enet_path
from sklearn.preprocessing import StandardScaler

sys.path.insert(0, str(Path(__file__).parent))
from program import cargo_bench, processor, save
from ridge import folds, permute, read

N_ALPHAS, MIN_RATIO, TOL = 50, 1e-3, 1e-9
L1_RATIOS = {"lasso": [1.0], "elastic-net": [0.9, 0.5, 0.1]}
GLMNET = """
suppressMessages(library(glmnet))
a <- commandArgs(TRUE); n <- as.integer(a[2]); p <- as.integer(a[3]); t <- as.integer(a[4])
x <- matrix(readBin(file.path(a[1], "x.f64"), "double", n * p), n); y <- matrix(readBin(file.path(a[1], "y.f64"), "double", n * t), n)
ratios <- as.numeric(strsplit(a[6], ",")[[1]])
if (a[5] == "path") {
  start <- proc.time()[["elapsed"]]; worst <- 0
  fits <- lapply(seq_len(t), function(k) { s <- sqrt(mean(y[, k]^2)); r <- ratios[1]
    lambda <- max(abs(crossprod(x, y[, k]))) / n / r * 1e-3^((0:49) / 49)
    # glmnet divides y by s itself: lambda/s on y/s is lambda on y for the lasso; for an elastic net y has to come at s = 1.
    glmnet(x, y[, k] / s, alpha = r, lambda = lambda / s, standardize = FALSE, intercept = FALSE, thresh = 1e-11, maxit = 1e8) })
  seconds <- (proc.time()[["elapsed"]] - start) / t
  k <- t; s <- sqrt(mean(y[, k]^2)); w <- as.matrix(fits[[k]]$beta); r <- ratios[1]; v <- y[, k] / s
  for (i in 2:ncol(w)) { l <- fits[[k]]$lambda[i]; l1 <- l * r; l2 <- l * (1 - r); e <- v - x %*% w[, i]; g <- crossprod(x, e) / n - l2 * w[, i]
    kappa <- min(1, l1 / max(abs(g))); penalty <- l2 * sum(w[, i]^2); square <- sum(e^2) / n + penalty
    gap <- square / 2 + l1 * sum(abs(w[, i])) - kappa * sum(v * e) / n + kappa^2 * square / 2; worst <- max(worst, gap / (sum(v^2) / n / 2)) }
} else {
  fold <- as.integer(strsplit(a[7], ",")[[1]]); start <- proc.time()[["elapsed"]]; worst <- NA
  for (k in seq_len(t)) for (f in 1:5) for (r in ratios) { train <- fold != f
    fit <- cv.glmnet(x[train, ], y[train, k], alpha = r, nlambda = 50, lambda.min.ratio = 1e-3, nfolds = 5)
    predict(fit, x[!train, ], s = "lambda.min") }
  seconds <- (proc.time()[["elapsed"]] - start) / t
}
cat(sprintf('{"seconds": %.9g, "worst": %s, "version": "%s"}', seconds, ifelse(is.na(worst), "null", sprintf("%.3g", worst)), packageVersion("glmnet")))
"""


def main():
    arguments = parse()
    warnings.simplefilter("ignore", ConvergenceWarning)
    x, y = read(arguments.ratings, arguments.embeddings)
    permuted = permute(y, arguments.permutations)[:, y.shape[1] :]
    print(f"{processor()}, {THREADS} threads; numpy {np.__version__}, scikit-learn {sklearn.__version__}, celer {celer.__version__}")
    bench = cargo_bench()
    with tempfile.TemporaryDirectory() as folder:
        for model, ratios in L1_RATIOS.items():
            if arguments.question != "nested":
                whole_paths(arguments, bench, folder, model, ratios, x, y)
            if arguments.question != "path":
                nested(arguments, bench, folder, model, ratios, x, permuted)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", required=True, help="table with the rating columns RATER_TRAIT")
    parser.add_argument("--embeddings", required=True, help=".npy, one row a row of the table")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--permutations", type=int, default=31, help="of all targets, for this program; peers get a few columns")
    parser.add_argument("--question", choices=["path", "nested"], help="only this one of the two")
    parser.add_argument("--no-glmnet", action="store_true")
    return parser.parse_args()


def run_json(*call):
    return json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)


# ---- whole paths --------------------------------------------------------------------------------------------------------------------


def whole_paths(arguments, bench, folder, model, ratios, x, y):
    x = StandardScaler().fit_transform(x)
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    for ratio in ratios:
        runs = {
            "ocean": lambda: by_ocean_path(bench, folder, x, y, ratio),
            "scikit-learn": lambda: by_path(x, y[:, -1:], ratio, by_sklearn),
        }
        if ratio == 1.0:
            runs["celer"] = lambda: by_path(x, y[:, -4:], ratio, by_celer)
        if not arguments.no_glmnet:
            runs["glmnet"] = lambda: by_glmnet(folder, x, y[:, -4:], "path", [ratio])
        compare(f"whole path, {model} {ratio}", runs, arguments.rounds, "worst gap")


def by_ocean_path(bench, folder, x, y, ratio):
    answer = run_json(bench, *save(folder, x, y), "1", f"path-{ratio}")
    return answer["seconds"], answer["gap"]


def by_path(x, y, ratio, path):
    start = time.perf_counter()
    fits = [path(np.asfortranarray(x), y[:, k], ratio, grid(x, y[:, k], ratio)) for k in range(y.shape[1])]
    seconds = (time.perf_counter() - start) / y.shape[1]
    return seconds, worst_gap(x, y[:, -1], ratio, grid(x, y[:, -1], ratio), fits[-1])


def grid(x, y, ratio):
    return np.abs(x.T @ y).max() / len(x) / ratio * MIN_RATIO ** (np.arange(N_ALPHAS) / (N_ALPHAS - 1))


def by_sklearn(x, y, ratio, alphas):
    return enet_path(x, y, l1_ratio=ratio, alphas=alphas, tol=TOL, max_iter=1_000_000)[1]


def by_celer(x, y, _ratio, alphas):
    return celer.celer_path(x, y, pb="lasso", alphas=alphas, tol=TOL, max_iter=1000)[1]


def worst_gap(x, y, ratio, alphas, coefs):
    """The worst duality gap along the path, as a share of the empty model's objective; see gap.rs."""
    worst, n = 0.0, len(x)
    for alpha, w in zip(alphas[1:], coefs.T[1:]):
        l1, l2, e = alpha * ratio, alpha * (1 - ratio), y - x @ w
        g = x.T @ e / n - l2 * w
        kappa = min(1.0, l1 / np.abs(g).max())
        square = e @ e / n + l2 * w @ w
        gap = square / 2 + l1 * np.abs(w).sum() - kappa * y @ e / n + kappa**2 * square / 2
        worst = max(worst, gap / (y @ y / n / 2))
    return worst


# ---- nested cross-validation --------------------------------------------------------------------------------------------------------


def nested(arguments, bench, folder, model, ratios, x, permuted):
    runs = {
        "ocean": lambda: by_ocean_nested(bench, folder, x, permuted, model),
        "ocean-whole": lambda: by_ocean_nested(bench, folder, x, permuted[:, :40], f"{model}-whole"),
        "scikit-learn": lambda: by_cv(x, permuted[:, :1], ratios),
    }
    if not arguments.no_glmnet:
        runs["glmnet"] = lambda: by_glmnet(folder, x, permuted[:, :1], "nested", ratios)
    compare(f"nested cross-validation of a permuted target, {model}", runs, arguments.rounds, "mean r2")


def by_ocean_nested(bench, folder, x, y, model):
    answer = run_json(bench, *save(folder, x, y), str(THREADS), model)
    return answer["total_s"] / answer["columns"], float(np.mean(answer["r2"]))


def by_cv(x, y, ratios):
    settings = {"n_alphas" if "n_alphas" in LassoCV().get_params() else "alphas": N_ALPHAS}
    settings |= {"eps": MIN_RATIO, "cv": 5, "n_jobs": THREADS}
    start = time.perf_counter()
    y_hat, y_bar = np.empty_like(y), np.empty_like(y)
    for train, test in folds().split(x):
        scaler = StandardScaler().fit(x[train])
        for k in range(y.shape[1]):
            model = LassoCV(**settings) if ratios == [1.0] else ElasticNetCV(l1_ratio=ratios, **settings)
            model.fit(scaler.transform(x[train]), y[train, k])
            y_hat[test, k], y_bar[test, k] = model.predict(scaler.transform(x[test])), y[train, k].mean()
    seconds = (time.perf_counter() - start) / y.shape[1]
    return seconds, float(np.mean(1 - ((y - y_hat) ** 2).sum(axis=0) / ((y - y_bar) ** 2).sum(axis=0)))


def by_glmnet(folder, x, y, what, ratios):
    fold = np.empty(len(x), int)
    for k, (_, test) in enumerate(folds().split(x)):
        fold[test] = k + 1
    call = [*save(folder, x, y), what, ",".join(map(str, ratios)), ",".join(map(str, fold))]
    answer = run_json("Rscript", "-e", GLMNET, *call)
    return answer["seconds"], answer["worst"]


def compare(title, runs, rounds, second):
    times, other = {name: [] for name in runs}, {}
    for _ in range(rounds):
        for name, run in runs.items():
            seconds, other[name] = run()
            times[name].append(seconds)
    ours = statistics.median(times["ocean"])
    print(f"\n{title}\n{'':14} {'ms':>10} {'all rounds':>30} {'ratio':>8}  {second}")
    for name, seconds in times.items():
        median = statistics.median(seconds)
        spread = " ".join(f"{1e3 * s:.3g}" for s in sorted(seconds))
        what = "-" if other[name] is None else f"{other[name]:.2g}"
        print(f"{name:14} {1e3 * median:10.4g} {spread:>30} {median / ours:8.1f}  {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
