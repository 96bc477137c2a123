"""Seconds and memory of reading a large .csv: this program, with all that it checks before a study, beside polars and pyarrow.

pip install numpy polars pyarrow, then: python tests/bench/tables.py target/release/ocean-host [megabytes]

The table has an id, an author, texts (a seventh with line breaks, commas and quotes), two scores and thirty columns of numbers that the study does not use.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time

import numpy as np

WORDS = np.array("the a rain music weather happy sad I you went home today tomorrow friend walk long short really never always money work loan pay family house".split())
POLARS = "import sys, polars; print(polars.read_csv(sys.argv[1]).shape)"
PYARROW = """
import sys, pyarrow.csv
options = pyarrow.csv.ParseOptions(newlines_in_values=True)
print(pyarrow.csv.read_csv(sys.argv[1], parse_options=options).shape)
"""
STUDY = """
[study]
name = "large"
[data]
path = "{path}"
id = "id"
text = "text"
targets = ["score"]
group = "author"
[evaluation]
controls = false
[[encoder]]
name = "lexical"
plugin = "lexical"
dim = 16
[[regressor]]
name = "ridge"
plugin = "ridge"
"""


def make(path, size):
    rng = np.random.default_rng(1)
    row = 0
    with open(path, "w") as file:
        file.write("id,author,text,score,other," + ",".join(f"f{i}" for i in range(30)) + "\n")
        while file.tell() < size:
            for _ in range(2000):
                text = " ".join(WORDS[rng.integers(0, len(WORDS), rng.integers(20, 90))])
                if row % 7 == 0:
                    text += ', he said ""no""\nand left'
                numbers = ",".join(f"{x:.6f}" for x in rng.normal(size=32))
                file.write(f'm{row},u{row % 9000},"{text}",{numbers}\n')
                row += 1


def measured(command):
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    assert status == 0, command
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1e6


def main():
    program, megabytes = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    with tempfile.TemporaryDirectory() as folder:
        path, study = os.path.join(folder, "large.csv"), os.path.join(folder, "plugins.toml")
        make(path, megabytes * 1_000_000)
        with open(study, "w") as file:
            file.write(STUDY.format(path=path))
        print(f"{megabytes} MB, {os.cpu_count()} cores, {platform.processor() or platform.machine()}; the best of three")
        commands = {
            "eval --dry-run": [program, "eval", study, "--dry-run"],
            "polars": [sys.executable, "-c", POLARS, path],
            "pyarrow": [sys.executable, "-c", PYARROW, path],
        }
        for name, command in commands.items():
            seconds, cpu, memory = min(measured(command) for _ in range(3))
            print(f"{name:16} {seconds:6.1f} s {cpu:6.1f} s CPU {memory:5.2f} GB")


main()
