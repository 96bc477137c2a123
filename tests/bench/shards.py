#!/usr/bin/env python3
"""What a study costs in shards: measured on this machine in 1, 2, 4, 8 shards, and reckoned for as many nodes as a cluster has.

    python3 tests/bench/shards.py plugins.toml [--set evaluation.permutations=9999] [--shards 1 2 4 8] [--nodes 10 100 1000] [--as-if 99999]

Measured: `eval` on all cores; then for each number of shards, tasks of one thread each, as many at a time as there are cores, and the merge on all cores. Processor
seconds and peak memory are those that the system reports of each process. Every merge must leave the results.json of `eval`.

Reckoned: every task of a cluster of that many one-thread nodes, its share cut by the rule of host/src/commands/cluster/work.rs and costing what the plan measured, its start what
the tasks took here; then the merge, which takes what it took here, and reads more files. The reckoning is printed for the measured numbers of shards too, so that
one sees how far it is to be believed. Needs nothing but Python, and the program built (cargo build --release).
"""

import argparse
import copy
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from program import REPOSITORY, processor

CORES = os.cpu_count()
MAGIC = b"ocean-host shard 1\n"
COLUMNS = "{:>7} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>8} {:>9}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("config")
    parser.add_argument("--set", action="append", default=[], dest="sets", metavar="KEY=VALUE")
    parser.add_argument("--shards", nargs="+", type=int, default=[1, 2, 4, 8])
    parser.add_argument("--nodes", nargs="+", type=int, default=[1, 10, 100, 1_000])
    parser.add_argument("--as-if", nargs="*", type=int, default=[], metavar="PERMUTATIONS", help="reckon for so many permutations, too")
    parser.add_argument("--host", default=REPOSITORY / os.environ.get("CARGO_TARGET_DIR", "target") / "release/ocean-host")
    parser.add_argument("--keep", type=Path, help="a folder for the runs (default: a temporary one)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(arguments, arguments.keep or Path(folder))


def measure(arguments, folder):
    host, sets = str(arguments.host), [word for one in arguments.sets for word in ("--set", one)]
    plan = lambda out, shards: [
        host, "plan", arguments.config, *sets, "--quiet", "--out", str(out), "--shards", str(shards), "--threads", "1"]
    # The first plan fills the cache of the user, so that all others take the vectors over.
    run(plan(folder / "first", 1))
    whole = run([host, "eval", arguments.config, *sets, "--quiet", "--out", str(folder / "whole")])
    print(f"{processor()}, {CORES} cores; seconds")
    print(f"eval on {CORES} threads: {whole.wall:.1f} wall, {whole.cpu:.1f} of processor, {whole.megabytes} MB\n")
    print(COLUMNS.format("shards", "array", "reckoned", "cpu", "reckoned", "begin", "merge", "MB task", "MB merge"))
    starts, merges = [], []
    for shards in arguments.shards:
        out = folder / f"in-{shards}"
        run(plan(out, shards))
        began = time.monotonic()
        task = lambda index: run([host, "run", str(out), "--quiet", "--threads", "1", "--shard", f"{index}/{shards}"])
        with ThreadPoolExecutor(CORES) as pool:
            tasks = list(pool.map(task, range(1, shards + 1)))
        array = time.monotonic() - began
        merge = run([host, "merge", str(out), "--quiet"])
        if (out / "results.json").read_bytes() != (folder / "whole/results.json").read_bytes():
            sys.exit(f"{shards} shards: results.json is not that of eval")
        study = Study(out)
        starts += study.starts()
        merges.append((shards, merge.wall, study.read_s()))
        start = sum(starts) / len(starts)
        reckoned = [start + seconds for seconds in study.shards(shards)]
        print(COLUMNS.format(
            shards, f"{array:.1f}", f"{on_cores(reckoned, CORES):.1f}", f"{sum(one.cpu for one in tasks):.1f}", f"{sum(reckoned):.1f}", f"{start:.2f}",
            f"{merge.wall:.1f}", max(one.megabytes for one in tasks), merge.megabytes), flush=True)
    alone = sum(wall - read for _, wall, read in merges) / len(merges)
    each = sum(read for _, _, read in merges) / sum(shards for shards, _, _ in merges)
    print(f"\nA task begins in {start:.2f} s; the merge takes {alone:.1f} s and {1e3 * each:.1f} ms a file.")
    for permutations in [None, *arguments.as_if]:
        reckon(study.with_permutations(permutations), start, alone, each, arguments.nodes)


def reckon(study, start, alone, each, nodes):
    print(f"\n{study.pieces[0]['items']['permutations']:,} permutations")
    print("nodes    longest task    merge      wall     times faster    of the processor time is work")
    (work,) = study.shards(1)
    one = start + work + alone + each
    for count in nodes:
        tasks = [start + seconds for seconds in study.shards(count)]
        merge = alone + each * count
        wall = max(tasks) + merge
        print(f"{count:>5} {max(tasks):>15.1f} {merge:>8.1f} {wall:>9.1f} {one / wall:>16.1f} {work / (sum(tasks) + merge):>20.0%}")


class Study:
    """A planned study: its pieces, and what its tasks say of themselves."""

    def __init__(self, out):
        self.cluster = out / "cluster"
        self.pieces = json.loads((self.cluster / "plan.json").read_text())["pieces"]

    def with_permutations(self, permutations):
        """The same study with another number of permutations (None: its own)."""
        other = copy.deepcopy(self)
        for piece in other.pieces:
            piece["items"]["permutations"] = permutations or piece["items"]["permutations"]
        return other

    def starts(self):
        """Seconds of each task until it began to work."""
        tooks = [header(path)["took"] for path in sorted((self.cluster / "results").glob("*.ocean-shard"))]
        return [took["open_s"] + took["vectors_s"] for took in tooks]

    def read_s(self):
        """Seconds of the merge for reading the files of the shards."""
        stages = json.loads((self.cluster.parent / "provenance.json").read_text())["stages"]
        return next(stage["wall_s"] for stage in stages if stage["stage"] == "read shards")

    def shards(self, count):
        """Seconds of each of `count` shards: all items in one line, each as long as it costs, cut into equal lengths; an item belongs to the shard in which it begins."""
        total = sum(cost * items for piece in self.pieces for _, cost, items in self.runs(piece))
        seconds, touched = [0] * count, [set() for _ in range(count)]
        at, shard = 0, 0
        for piece in self.pieces:
            for kind, cost, items in self.runs(piece):
                for _ in range(items):
                    while shard + 1 < count and total * (shard + 1) // count <= at:
                        shard += 1
                    seconds[shard] += cost
                    touched[shard].add((piece["name"], kind))
                    at += cost
        # Blocks of a repeat need its designs; replicates build their own, and those of one repeat to compare machines.
        setup = {piece["name"]: piece["cost"]["setup_us"] for piece in self.pieces}
        for shard, those in enumerate(touched):
            for name in {name for name, _ in those}:
                repeats = sum(1 for other, kind in those if other == name and isinstance(kind, int))
                seconds[shard] += max(1, repeats) * setup[name]
        return [microseconds * 1e-6 for microseconds in seconds]

    @staticmethod
    def runs(piece):
        """Kind (a number: blocks of that repeat), cost of one, how many."""
        items, cost = piece["items"], piece["cost"]
        blocks = -(-(items["permutations"] + 1) // items["per_block"]) - 1
        for repeat in range(items["repeats"]):
            yield repeat, max(1, cost["block_us"]), blocks
        yield "jackknife", max(1, cost["jackknife_us"]), items["jackknife"]
        yield "redraws", max(1, cost["redraw_us"]), items["redraws"]


def header(path):
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data, len(MAGIC))
    return json.loads(data[len(MAGIC) + 8:][:length])


def on_cores(tasks, cores):
    """When the last of some tasks ends, each given to the first core that is free."""
    free = [0.0] * cores
    for task in tasks:
        free[free.index(min(free))] += task
    return max(free)


@dataclass
class Took:
    """Wall and processor seconds of a process, and the most memory it used."""

    wall: float
    cpu: float
    megabytes: int


def run(words):
    """Runs a program to its end."""
    began = time.monotonic()
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{' '.join(map(str, words))}: exit code {child.returncode}")
    return Took(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss >> 10)


if __name__ == "__main__":
    sys.exit(main())
