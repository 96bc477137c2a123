"""What the benchmark scripts have in common: this program's side, its input and the machine. Needs nothing but Python."""

import json
import platform
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def cargo_bench():
    """The path of the engine's benchmark (nested.rs), built if need be."""
    built = subprocess.run(
        ["cargo", "bench", "--quiet", "--no-run", "--package", "ocean-tests", "--bench", "nested", "--message-format=json"],
        cwd=REPOSITORY, check=True, capture_output=True, text=True,
    )
    messages = map(json.loads, built.stdout.splitlines())
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "nested")


def save(folder, x, y):
    """Writes the matrices that nested.rs reads; returns the arguments that say where and how large."""
    for name, matrix in (("x", x), ("y", y)):
        (Path(folder) / f"{name}.f64").write_bytes(matrix.astype("<f8").tobytes(order="F"))
    return [str(folder), *map(str, (*x.shape, y.shape[1]))]


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
