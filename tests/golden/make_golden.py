#!/usr/bin/env python3
"""Makes the golden numbers of this folder: scores.json, multiplicity.json, ridge.json, missing.json.

Needs numpy, scikit-learn, scipy and statsmodels; R with multtest (Debian: r-base-core, r-bioc-multtest).
Run it here; the files are kept in the repository and are not made again in CI. Each states the seed and the versions that made it.
Wherever two origins exist (page and package), both are computed and must agree before anything is written.
"""

import json
import pathlib
import platform
import subprocess
import tempfile
from itertools import combinations

import numpy as np
import scipy
import sklearn
import statsmodels
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from statsmodels.stats.multitest import multipletests

import twin

HERE = pathlib.Path(__file__).parent
SEED = 20261122


def r(*arguments):
    """Lines that multiplicity.R prints."""
    command = ["Rscript", str(HERE / "multiplicity.R"), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def write(name, what, content):
    """One fixture: what it is, what made it, then the numbers, one key a line. NaN becomes null."""
    r_version, multtest = r("versions")[0].split()
    head = {
        "what": what,
        "made_by": "tests/golden/make_golden.py",
        "seed": SEED,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
            "statsmodels": statsmodels.__version__,
            "R": r_version,
            "multtest": multtest,
        },
    }
    lines = [f"{json.dumps(key)}: {json.dumps(plain(value), allow_nan=False)}" for key, value in (head | content).items()]
    (HERE / name).write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{name}: {(HERE / name).stat().st_size} bytes")


def plain(value):
    """Arrays to lists, NaN to None, numpy numbers to Python's."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and np.isnan(value) else value


# ---- scores -------------------------------------------------------------------------------------------------------------------------


def scores():
    rng = np.random.default_rng([SEED, 1])
    folds = np.array([0] * 7 + [1] * 6 + [2] * 6 + [3] * 4)
    rng.shuffle(folds)
    y = rng.normal(3.0, 1.0, len(folds)).round(3)
    y_hat = (3.0 + 0.6 * (y - 3.0) + rng.normal(0, 0.7, len(y))).round(3)
    constant_fold = y.copy()
    constant_fold[folds == 2] = 2.5
    cases = {
        "signal": score_case(y, y_hat, folds),
        "worse_than_the_mean": score_case(y, (6.0 - y_hat).round(3), folds),
        "a_fold_with_constant_y": score_case(constant_fold, y_hat, folds),
        "empty_model": score_case(y, training_means(y, folds), folds),
    }
    write("scores.json", "Scores of STATISTICS section 2 on given out-of-fold predictions.", {"cases": cases})


def training_means(y, folds):
    return np.array([y[folds != fold].mean() for fold in folds])


def score_case(y, y_hat, folds):
    y_bar, n = training_means(y, folds), len(y)
    per_fold = {f: (y[folds == f], y_hat[folds == f]) for f in np.unique(folds)}
    usable = [r2_score(a, b) for a, b in per_fold.values() if np.ptp(a) > 0]
    total = y.var(ddof=1) * (n + 1) / n
    is_empty = np.array_equal(y_hat, y_bar)
    numerator, spread = ((y - y_bar) * (y_hat - y_bar)).sum(), ((y_hat - y_bar) ** 2).sum()
    return {
        "y": y,
        "y_hat": y_hat,
        "y_bar": y_bar,
        "folds": folds,
        "r2": twin.r2(y, y_hat, y_bar),
        "r2_test_mean": r2_score(y, y_hat),
        "r2_fold_mean": np.mean(usable),
        "folds_left_out": len(per_fold) - len(usable),
        "r2_oosse": 1 - ((y - y_hat) ** 2).mean() / total,
        "pearson_r": np.nan if is_empty else numerator / np.sqrt(((y - y_bar) ** 2).sum() * spread),
        "calibration_slope": np.nan if is_empty else numerator / spread,
        "rmse": root_mean_squared_error(y, y_hat),
        "mae": mean_absolute_error(y, y_hat),
        "rmse_baseline": root_mean_squared_error(y, y_bar),
    }


# ---- many cells ---------------------------------------------------------------------------------------------------------------------


def multiplicity():
    rng = np.random.default_rng([SEED, 2])
    p_values = [
        [0.01, 0.04, 0.03, 0.005],
        [0.5],
        [0.02, 0.02, 0.02],
        [1.0, 0.2, 1.0, 0.001, 0.2, 0.7],
        (rng.beta(0.4, 2.0, 25).round(3) + 0.001).round(3).tolist(),
    ]
    adjusted = [{"p": p, "q_bh": adjust(p, "BH", "fdr_bh"), "p_holm": adjust(p, "holm", "holm")} for p in p_values]
    write(
        "multiplicity.json",
        "BH and Holm (R p.adjust and statsmodels agree); step-down maxT, `enumeration` also from R's multtest::mt.maxT.",
        {"adjusted": adjusted, "max_t": {"enumeration": enumeration(rng), "sampled": sampled(rng), "nearly_empty": nearly_empty(rng)}},
    )


def adjust(p, r_name, statsmodels_name):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(" ".join(map(repr, p)) + "\n")
        file.flush()
        from_r = np.array(list(map(float, r("adjust", file.name, r_name)[0].split())))
    from_statsmodels = multipletests(p, method=statsmodels_name)[1]
    assert np.abs(from_r - from_statsmodels).max() < 1e-14, (p, from_r, from_statsmodels)
    return from_statsmodels


def enumeration(rng):
    """All 252 ways to call 5 of 10 people treated, 6 outcomes, difference of means.

    With outcomes of equal mean and sd, each cell's differences have the same mean (0) and sd over the arrangements, and the t statistic is one
    increasing function of the difference for all cells: multtest's maxT on t must give what the page's maxT on z gives, exactly.
    """
    people, treated, outcomes = 10, 5, 6
    y = rng.normal(size=(people, outcomes))
    y[:treated] += [2.0, 1.3, 0.9, 0.6, 0.0, 0.0]
    y = (y - y.mean(axis=0)) / y.std(axis=0)
    arrangements = [list(chosen) for chosen in combinations(range(people), treated)]  # the first is the observed one
    difference = np.array([y[a].mean(axis=0) - np.delete(y, a, axis=0).mean(axis=0) for a in arrangements])
    z, p_fwer = twin.step_down_max_t(difference, n_samples=people)
    with tempfile.TemporaryDirectory() as folder:
        np.savetxt(f"{folder}/x", y.T, fmt="%.17g")
        np.savetxt(f"{folder}/labels", [[1] * treated + [0] * (people - treated)], fmt="%d")
        from_r = np.array(list(map(float, r("maxt", f"{folder}/x", f"{folder}/labels")[-1].split())))
    assert np.abs(from_r - p_fwer).max() < 1e-12, (from_r, p_fwer)
    return max_t_case(difference, people, z, p_fwer)


def sampled(rng):
    """39 permutations, 5 cells of unlike spread, two of them correlated: the scale of a cell must not matter."""
    common = rng.normal(size=(40, 1))
    statistics = rng.normal(size=(40, 5)) * [0.01, 0.2, 0.05, 0.05, 1.0] - 0.03
    statistics[:, 2:3] += 0.1 * common
    statistics[:, 3:4] += 0.1 * common
    statistics[0] = [0.05, 0.31, 0.35, -0.02, 0.9]
    statistics = statistics.round(4)
    return max_t_case(statistics, 200, *twin.step_down_max_t(statistics, 200))


def nearly_empty(rng):
    """A null that is all but one empty model (r2 = 0): its sd is below 1/n and the floor decides."""
    statistics = (rng.normal(size=(40, 3)) * 0.05).round(4)
    statistics[:, 1] = 0.0
    statistics[7, 1] = 0.002
    statistics[0] = [0.12, 0.0, 0.04]
    assert statistics[:, 1].std() < 1 / 100
    return max_t_case(statistics, 100, *twin.step_down_max_t(statistics, 100))


def max_t_case(statistics, n_samples, z, p_fwer):
    return {"n_samples": n_samples, "statistics": statistics, "z": z, "p_fwer": p_fwer}


# ---- ridge --------------------------------------------------------------------------------------------------------------------------


def ridge():
    cases = {
        "fewer_features": ridge_case([SEED, 3], 60, 20, [5], 0.6),
        "more_features": ridge_case([SEED, 4], 60, 100, [5], 0.8),
        "two_repeats_noise": ridge_case([SEED, 5], 40, 12, [4, 4], 0.0),
        "a_constant_column": ridge_case([SEED, 6], 45, 15, [5], 0.5, constant_column=3),
    }
    write("ridge.json", "Nested ridge of STATISTICS section 1: the relative grid (numpy twin) and an absolute one (twin and scikit-learn agree).", {"cases": cases})


def ridge_case(seed, n, p, folds_of_repeats, signal, constant_column=None):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(n, p)) * rng.uniform(0.1, 3.0, p) + rng.normal(size=p)).round(3)
    if constant_column is not None:
        x[:, constant_column] = 0.7
    direction = stats.zscore(x[:, :5] @ rng.normal(size=5))
    y = (2.0 + signal * direction + np.sqrt(1 - signal**2) * rng.normal(size=n)).round(3)
    partitions = [rng.permutation(np.arange(n) % k) for k in folds_of_repeats]
    absolute = [3000.0, 300.0, 30.0, 3.0, 0.3]
    return {
        "x": x,
        "y": y,
        "partitions": partitions,
        "relative": [twin.nested_ridge(x, y, folds) for folds in partitions],
        "absolute_alphas": absolute,
        "absolute": [absolute_twice(x, y, folds, absolute) for folds in partitions],
    }


def absolute_twice(x, y, folds, alphas):
    """The twin, and the same walk with scikit-learn's own pipeline for every fit."""
    ours = twin.nested_ridge(x, y, folds, alphas)
    theirs = twin.nested_ridge(x, y, folds, alphas, predict=sklearn_path)
    assert ours["steps"] == theirs["steps"]
    assert np.abs(ours["y_hat"] - theirs["y_hat"]).max() < 1e-11
    return theirs


def sklearn_path(x, y, train, test, alphas):
    models = [make_pipeline(StandardScaler(), Ridge(alpha=alpha)).fit(x[train], y[train]) for alpha in alphas]
    return np.asarray(alphas), np.array([model.predict(x[test]) for model in models])


# ---- missing values -----------------------------------------------------------------------------------------------------------------


def missing():
    rng = np.random.default_rng([SEED, 7])
    n, p, k = 50, 60, 5
    x = rng.normal(size=(n, p)).round(3)
    y = (x[:, :3] @ rng.normal(size=(3, 3)) + rng.normal(size=(n, 3))).round(3)
    y[rng.random(n) < 0.2, 1] = np.nan
    y[rng.random(n) < 0.3, 2] = np.nan
    folds = rng.permutation(np.arange(n) % k)
    permutations = [rng.permutation(n) for _ in range(4)]
    targets = []
    for target in y.T:
        moved = [twin.permute_target(target, permutation) for permutation in permutations]
        targets.append(
            {
                "y": target,
                "observed": twin.nested_ridge(x, target, folds),
                "sources": [twin.first_return(permutation, np.isfinite(target)) for permutation in permutations],
                "permuted_r2": [twin.nested_ridge(x, column, folds)["r2"] for column in moved],
                "permuted_steps": [twin.nested_ridge(x, column, folds)["steps"] for column in moved],
            }
        )
    content = {"x": x, "folds": folds, "permutations": permutations, "targets": targets, "by_hand": first_return_by_hand()}
    write("missing.json", "First-return maps and permuted r2 of STATISTICS section 3, for given permutations.", content)


def first_return_by_hand():
    """Six rows, 1 and 4 missing, pi = 1 4 0 3 5 2: 0 -> 1 (missing) -> 4 (missing) -> 5; 2 -> 0; 3 -> 3; 5 -> 2."""
    permutation, is_observed = [1, 4, 0, 3, 5, 2], [True, False, True, True, False, True]
    source = twin.first_return(permutation, is_observed)
    assert source == [5, None, 0, 3, None, 2]
    return {"permutation": permutation, "is_observed": is_observed, "source": source}


if __name__ == "__main__":
    scores()
    multiplicity()
    ridge()
    missing()
