#!/usr/bin/env python3
"""Makes words.json: correlations of the use of terms with two targets, by plain numpy.

Needs numpy. Run it here; the file is kept in the repository and is not made again in CI. What permutations make of
them is compared with a slow loop, `core/engine/src/words/tests.rs`.
"""

import json
import pathlib
import platform

import numpy as np

SEED = 20261201
N, TERMS = 40, 12


def residual(values, z):
    return values - z @ np.linalg.lstsq(z, values, rcond=None)[0]


def case(rng, has_covariate):
    share = rng.uniform(0.01, 0.2, (N, TERMS)) * (rng.uniform(size=(N, TERMS)) < 0.4)
    age = rng.normal(size=N)
    y = np.column_stack([6 * share[:, 0] ** 0.5 + rng.normal(size=N), age + rng.normal(size=N)])
    z = np.column_stack([np.ones(N), age]) if has_covariate else np.ones((N, 1))
    both = np.corrcoef(residual(np.sqrt(share), z), residual(y, z), rowvar=False)
    # Target by target, term by term.
    return {"share": share, "y": y, "age": age if has_covariate else [], "r": both[:TERMS, TERMS:].T.ravel()}


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


rng = np.random.default_rng(SEED)
content = {
    "what": "r of the square root of each term's share with two targets; without and with a covariate taken out of both.",
    "made_by": "tests/golden/make_words.py",
    "seed": SEED,
    "versions": {"python": platform.python_version(), "numpy": np.__version__},
    "plain": plain(case(rng, False)),
    "covariate": plain(case(rng, True)),
}
lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
(pathlib.Path(__file__).parent / "words.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
