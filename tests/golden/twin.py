"""A numpy twin of the evaluation: STATISTICS.md sections 1 to 4, written from the page and in the most obvious way.

Nothing is shared between designs, nothing is fast. It exists so that the engine's numbers have a second, independent origin.
All matrices are (n_samples, n_features); a fold id per row; row 0 of every grid is the strongest penalty.
"""

import numpy as np


def scale(x_train, x_new):
    """Centre and divide by the training sd (ddof 0); a constant column stays 0."""
    mean = x_train.mean(axis=0)
    sd = x_train.std(axis=0)
    is_constant = np.ptp(x_train, axis=0) == 0
    sd = np.where(is_constant, 1.0, sd)
    return np.where(is_constant, 0.0, (x_train - mean) / sd), np.where(is_constant, 0.0, (x_new - mean) / sd)


def dof_grid(x_scaled, n_alphas=30):
    """Ridge penalties whose effective degrees of freedom are log-spaced from 0.1 to 0.99 rank, by bisection of log(alpha)."""
    eigenvalues = np.linalg.svd(x_scaled, compute_uv=False) ** 2
    eigenvalues = eigenvalues[eigenvalues > 1e-10 * eigenvalues.max()]
    dofs = np.geomspace(0.1, 0.99 * len(eigenvalues), n_alphas)
    low = np.full(n_alphas, np.log(eigenvalues.min()) - 20.0)
    high = np.full(n_alphas, np.log(eigenvalues.sum()) + 20.0)
    for _ in range(200):
        middle = (low + high) / 2
        dof = (eigenvalues[:, None] / (eigenvalues[:, None] + np.exp(middle))).sum(axis=0)
        low, high = np.where(dof > dofs, middle, low), np.where(dof > dofs, high, middle)
    return np.exp((low + high) / 2)


def ridge_coef(x_scaled, y_centred, alpha):
    """argmin |y - Xw|^2 + alpha |w|^2 as ordinary least squares on rows augmented with sqrt(alpha) I."""
    p = x_scaled.shape[1]
    rows = np.vstack([x_scaled, np.sqrt(alpha) * np.eye(p)])
    return np.linalg.lstsq(rows, np.concatenate([y_centred, np.zeros(p)]), rcond=None)[0]


def path_predictions(x, y, train, test, alphas):
    """(alphas, predictions of the test rows: one row per alpha) of one design. `alphas` None: the relative grid of this design."""
    x_train, x_test = scale(x[train], x[test])
    grid = dof_grid(x_train) if alphas is None else np.sort(np.asarray(alphas, float))[::-1]
    mean = y[train].mean()
    if np.ptp(y[train]) == 0:
        return grid, np.full((len(grid), test.sum()), mean)
    return grid, np.array([mean + x_test @ ridge_coef(x_train, y[train] - mean, alpha) for alpha in grid])


def strongest_at_minimum(errors):
    """The first index (strongest penalty) whose error is at most min (1 + 1e-12)."""
    return int(np.flatnonzero(errors <= errors.min() * (1 + 1e-12))[0])


def nested_ridge(x, y, folds, alphas=None, predict=path_predictions):
    """Section 1: inner folds are the remaining outer folds, the grid index travels from the inner designs to the outer one.

    Rows whose y is NaN take no part. Returns a dict over all rows; NaN where y is missing.
    """
    observed = np.isfinite(y)
    labels = np.unique(folds)
    y_hat, y_bar = np.full(len(y), np.nan), np.full(len(y), np.nan)
    steps, chosen = [], []
    for i in labels:
        errors = 0.0
        for j in labels[labels != i]:
            train = observed & (folds != i) & (folds != j)
            test = observed & (folds == j)
            _, predictions = predict(x, y, train, test, alphas)
            errors = errors + ((y[test] - predictions) ** 2).sum(axis=1)
        step = strongest_at_minimum(errors)
        train, test = observed & (folds != i), observed & (folds == i)
        grid, predictions = predict(x, y, train, test, alphas)
        y_hat[test], y_bar[test] = predictions[step], y[train].mean()
        steps.append(step)
        chosen.append(float(grid[step]))
    return {"steps": steps, "alphas": chosen, "y_hat": y_hat, "y_bar": y_bar, "r2": r2(y[observed], y_hat[observed], y_bar[observed])}


def r2(y, y_hat, y_bar):
    """1 - A/B against the training means, pooled."""
    return float(1 - ((y - y_hat) ** 2).sum() / ((y - y_bar) ** 2).sum())


def first_return(permutation, observed):
    """source[i] for observed i: the first of pi(i), pi(pi(i)), ... that is observed. None elsewhere."""
    source = []
    for i in range(len(permutation)):
        if not observed[i]:
            source.append(None)
            continue
        j = permutation[i]
        while not observed[j]:
            j = permutation[j]
        source.append(int(j))
    return source


def permute_target(y, permutation):
    """Row i of the permuted target receives y of source[i]; missing rows stay missing."""
    source = first_return(permutation, np.isfinite(y))
    return np.array([np.nan if j is None else y[j] for j in source])


def step_down_max_t(statistics, n_samples):
    """Section 4 on (m+1, J) statistics, row 0 the observed: (z of the observed, adjusted p), both in the given order of cells."""
    m1, n_cells = statistics.shape
    z = (statistics - statistics.mean(axis=0)) / np.maximum(statistics.std(axis=0), 1.0 / n_samples)
    order = np.argsort(-z[0], kind="stable")
    adjusted, running = np.empty(n_cells), 0.0
    for rank, cell in enumerate(order):
        successive_max = z[1:, order[rank:]].max(axis=1)
        running = max(running, (1 + (successive_max >= z[0, cell]).sum()) / m1)
        adjusted[cell] = running
    return z[0], adjusted
