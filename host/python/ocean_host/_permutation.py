"""scikit-learn's `permutation_test_score`, computed by the program."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ._evaluate import evaluate_arrays
from ._progress import progress
from ._run import Run


class PermutationTest(NamedTuple):
    """What scikit-learn returns."""

    score: float
    permutation_scores: Any
    pvalue: float


def permutation_test_score(
    estimator: Any,
    X: Any,
    y: Any,
    *,
    groups: Any = None,
    cv: Any = None,
    n_permutations: int = 100,
    n_jobs: int | None = None,
    random_state: Any = 0,
    verbose: int = 0,
    scoring: str | None = None,
) -> PermutationTest:
    """Whether y is predicted better than permuted y, as `sklearn.model_selection.permutation_test_score` asks.

    `estimator`: "ridge", "lasso", "elastic-net", a mapping of keys ({"plugin": "ridge", "alphas": [10.0]}), or a scikit-learn estimator. Columns of X
    are centred and scaled, and y is centred, on the training rows of each fold; penalties are chosen there, in every permutation anew.

    `cv`: a number of folds (those of scikit-learn's KFold: contiguous rows; None: 5), a splitter, or train and test rows. Every row must be tested once.
    `groups`: as in scikit-learn, values are permuted inside groups, and a splitter gets them. (`ocean_host.evaluate` permutes whole groups.)

    The score is not scikit-learn's default, the mean of the folds' r2 with the mean of the test rows as baseline. It is r2 of all out-of-fold
    predictions together, with the mean of the training rows as baseline: 1 − Σ(y − ŷ)² / Σ(y − ȳ_train)². p is of that score:
    (1 + permutations that reach it) / (1 + n_permutations).
    """
    if scoring not in (None, "r2"):
        raise ValueError(f"scoring={scoring!r}: the program tests r2 alone; scoring=\"r2\"")
    targets = y.tolist() if hasattr(y, "tolist") else list(y)
    if targets and isinstance(targets[0], (list, tuple)):
        raise ValueError("y has several columns; ocean_host.evaluate tests several targets, with p adjusted for all of them")
    folds = _folds(cv, X, targets, groups)
    settings = {
        "study.seed": _seed(random_state), "evaluation.folds": "fold", "evaluation.permutations": n_permutations,
        "evaluation.exchange": "free" if groups is None else "within", "evaluation.controls": False, "evaluation.sensitivity": 0,
    }
    threads = ["--threads", str(n_jobs)] if n_jobs is not None and n_jobs > 0 else []
    run = evaluate_arrays(
        threads, progress(bool(verbose)), True, X=X, y={"y": targets}, groups=groups, regressor=estimator, columns={"fold": folds}, settings=settings
    )
    cell = run.results["cells"][0]
    return PermutationTest(cell["r2"], _scores(run), cell["p"])


def _scores(run: Run) -> Any:
    import numpy as np

    return np.load(run.folder / "null.npy", allow_pickle=False)[:, 0]


def _seed(random_state: Any) -> int:
    if random_state is None:
        return secrets.randbits(31)
    if hasattr(random_state, "randint"):
        return int(random_state.randint(2**31 - 1))
    return int(random_state)


def _folds(cv: Any, X: Any, y: Sequence[Any], groups: Any) -> list[str]:
    """The test fold of every row."""
    n_rows = len(y)
    if cv is None or isinstance(cv, int):
        n_folds = 5 if cv is None else cv
        # Contiguous, the first ones a row longer: KFold(n_folds).
        sizes = [n_rows // n_folds + (fold < n_rows % n_folds) for fold in range(n_folds)]
        splits: Iterable[tuple[Any, Any]] = _contiguous(sizes)
    else:
        splits = cv.split(X, y, groups) if hasattr(cv, "split") else cv
    folds = [""] * n_rows
    for fold, (train, test) in enumerate(splits):
        test_rows = {int(row) for row in test}
        if len(test_rows) + len({int(row) for row in train} - test_rows) != n_rows:
            raise ValueError(f"cv: fold {fold} leaves rows out of both parts; each must be trained on all rows that it does not test")
        for row in test_rows:
            if folds[row]:
                raise ValueError(f"cv: row {row} is tested twice; folds that do not overlap are expected, as those of KFold")
            folds[row] = f"f{fold + 1}"
    if "" in folds:
        raise ValueError(f"cv: row {folds.index('')} is never tested; every row must be, once")
    return folds


def _contiguous(sizes: Sequence[int]) -> Iterable[tuple[list[int], range]]:
    start, n_rows = 0, sum(sizes)
    for size in sizes:
        yield [*range(start), *range(start + size, n_rows)], range(start, start + size)
        start += size
