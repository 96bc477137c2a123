#!/usr/bin/env python3
"""Makes reliability.json: intraclass correlations by pingouin, PRMSE by rsmtool, to compare the engine's with.

Needs numpy, pandas, pingouin and, as the first argument, the file rsmtool/utils/prmse.py of rsmtool's source (12.0.0), which wants older packages than the
rest of this folder and is loaded by itself. Run it here; the file is kept in the repository and is not made again in CI.
"""

import importlib.util
import json
import pathlib
import platform
import sys

import numpy as np
import pandas as pd
import pingouin

HERE = pathlib.Path(__file__).parent
SEED = 20261122


def main():
    rng = np.random.default_rng([SEED, 13])
    spec = importlib.util.spec_from_file_location("prmse", sys.argv[1])
    rsmtool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rsmtool)
    head = {
        "what": "Intraclass correlations of complete ratings, PRMSE of complete and of sparse ones. Null: no rating.",
        "made_by": "tests/golden/make_reliability.py",
        "seed": SEED,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "pingouin": pingouin.__version__,
            "rsmtool": "12.0.0",
        },
    }
    cases = {
        "equal_means": case(rng, rsmtool, 30, [0.0, 0.0], 0.0),
        "unequal_means": case(rng, rsmtool, 25, [0.0, 1.5, -1.0], 0.0),
        "sparse": case(rng, rsmtool, 40, [0.0, 0.5, -0.5, 0.2], 0.3),
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in (head | {"cases": cases}).items()]
    (HERE / "reliability.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


def case(rng, rsmtool, n, levels, missing):
    truth = rng.normal(size=n)
    ratings = (truth[:, None] + levels + 0.7 * rng.normal(size=(n, len(levels)))).round(2)
    ratings[(rng.random(ratings.shape) < missing) & (np.arange(len(levels)) > 0)] = np.nan
    y_hat = (0.6 * truth + 0.4 * rng.normal(size=n)).round(3)
    complete = ratings[~np.isnan(ratings).any(axis=1)]
    long = pd.DataFrame(complete).melt(ignore_index=False).reset_index()
    table = pingouin.intraclass_corr(long, targets="index", raters="variable", ratings="value")
    values = dict(zip(table["Type"], table["ICC"]))
    named = lambda *names: next(float(values[name]) for name in names if name in values)
    return {
        "ratings": [[None if np.isnan(rating) else rating for rating in row] for row in ratings],
        "y_hat": y_hat.tolist(),
        "n_complete": len(complete),
        "icc_2_1": named("ICC2", "ICC(A,1)"),
        "icc_3_1": named("ICC3", "ICC(C,1)"),
        "icc_2_k": named("ICC2k", "ICC(A,k)"),
        "icc_3_k": named("ICC3k", "ICC(C,k)"),
        "prmse": float(rsmtool.prmse_true(y_hat, ratings)),
        "means": np.nanmean(ratings, axis=0).tolist(),
        "sds": np.nanstd(ratings, axis=0, ddof=1).tolist(),
    }


if __name__ == "__main__":
    main()
