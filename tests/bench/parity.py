"""r2 of a finished run against scikit-learn, on the same folds and penalties.

    python tests/bench/parity.py RUN DATA.csv VECTORS.npy VECTORS_ids.txt ALPHA...

RUN is a run directory of one encoder (the vectors given) and `ridge` with `alphas = [ALPHA...]`, one repeat, inner folds made of the outer ones. The
script does what STATISTICS says with StandardScaler and Ridge alone: for every outer split it chooses, among the penalties, the strongest with
the smallest pooled squared error over the other folds, fits again, and pools the held-out errors. Prints the largest difference in r2.
"""

import csv
import sys

import numpy as np
import sklearn
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler


def fit_predict(x, y, train, new, alpha):
    scaler = StandardScaler().fit(x[train])
    model = Ridge(alpha=alpha, solver="cholesky").fit(scaler.transform(x[train]), y[train])
    return model.predict(scaler.transform(x[new]))


def nested_r2(x, y, fold, alphas):
    folds = np.unique(fold)
    squared = {}
    for i in folds:
        for j in folds[folds > i]:
            train = (fold != i) & (fold != j)
            for alpha in alphas:
                for validated, of in ((j, i), (i, j)):
                    new = fold == validated
                    error = y[new] - fit_predict(x, y, train, new, alpha)
                    squared[of, alpha] = squared.get((of, alpha), 0.0) + error @ error
    residual = total = 0.0
    for k in folds:
        least = min(squared[k, alpha] for alpha in alphas)
        alpha = next(a for a in alphas if squared[k, a] <= least * (1 + 1e-12))
        train, new = fold != k, fold == k
        residual += np.sum((y[new] - fit_predict(x, y, train, new, alpha)) ** 2)
        total += np.sum((y[new] - y[train].mean()) ** 2)
    return 1 - residual / total


def main(run, data, vectors, ids, *alphas):
    alphas = sorted(map(float, alphas), reverse=True)
    row_of = {name: row for row, name in enumerate(open(ids, encoding="utf-8").read().split("\n")) if name}
    table = {row["id"]: row for row in csv.DictReader(open(data, encoding="utf-8"))}
    fold_of = {row["id"]: int(row["fold"]) for row in csv.DictReader(open(f"{run}/folds.csv", encoding="utf-8"))}
    matrix = np.load(vectors).astype(float)
    largest = 0.0
    for cell in csv.DictReader(open(f"{run}/results.csv", encoding="utf-8")):
        names = [name for name in fold_of if table[name][cell["target"]] != ""]
        x = matrix[[row_of[name] for name in names]]
        y = np.array([float(table[name][cell["target"]]) for name in names])
        theirs = nested_r2(x, y, np.array([fold_of[name] for name in names]), alphas)
        difference = abs(theirs - float(cell["r2"]))
        largest = max(largest, difference)
        print(f"{cell['target']:28} n={len(names):5} ours {float(cell['r2']):.12f} scikit-learn {theirs:.12f} difference {difference:.1e}", flush=True)
    print(f"largest difference {largest:.1e}, scikit-learn {sklearn.__version__}, numpy {np.__version__}")


main(*sys.argv[1:])
