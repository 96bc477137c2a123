#!/usr/bin/env python3
"""How the cost of a permutation test grows: with permuted targets, rows, features and threads.

    python3 tests/bench/growth.py [--models ridge lasso elastic-net] [--quick]

Every table changes one number of n = 500, p = 384, 1,024 permuted targets, 2 threads (permutations × targets are columns alike, so one table serves both) and
prints, for each model, the milliseconds of one nested cross-validation of one target (5 folds, designs included) and the peak memory. X is random with the spectrum of sentence
embeddings (standard deviations falling as a power law), y is noise, as a permuted y is. Needs numpy.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from program import cargo_bench, processor, save

BASE = {"n": 500, "p": 384, "columns": 1024, "threads": 2}
TABLES = {
    "columns": [100, 1_000, 10_000, 100_000],
    "n": [500, 1_000, 2_000, 5_000, 10_000],
    "p": [384, 768, 1_024, 4_096],
    "threads": [1, 2],
}
QUICK = {"columns": [100, 1_000, 10_000], "n": [500, 2_000, 10_000], "p": [384, 1_024, 4_096], "threads": [1, 2]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["ridge", "lasso", "elastic-net"])
    parser.add_argument("--quick", action="store_true", help="smaller tables")
    arguments = parser.parse_args()
    bench = cargo_bench()
    print(f"{processor()}; milliseconds a target (peak MB)")
    for name, values in (QUICK if arguments.quick else TABLES).items():
        print(f"\n{name:>8}" + "".join(f"{model:>22}" for model in arguments.models))
        for value in values:
            size = BASE | {name: value}
            if name in ("n", "p") and value > BASE[name]:
                size["columns"] = 256
            cells = [cell(bench, size, model) for model in arguments.models]
            print(f"{value:>8}" + "".join(f"{text:>22}" for text in cells), flush=True)


def cell(bench, size, model):
    rng = np.random.default_rng(1)
    n, p, columns = size["n"], size["p"], size["columns"]
    rank = min(p, 384)
    latent = rng.normal(size=(n, rank)) / np.arange(1, rank + 1) ** 0.6
    x = latent @ rng.normal(size=(rank, p)) + 0.1 * rng.normal(size=(n, p))
    with tempfile.TemporaryDirectory() as folder:
        call = [bench, *save(folder, x, rng.normal(size=(n, columns))), str(size["threads"]), model]
        answer = json.loads(subprocess.run(call, check=True, capture_output=True, text=True).stdout)
    return f"{1e3 * answer['total_s'] / columns:.3g} ({answer['peak_mb']})"


if __name__ == "__main__":
    sys.exit(main())
