"""Runs ocean-host and reads the folders it leaves. Tables are pandas'; nothing is computed here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Failed", "Run", "evaluate", "program", "read"]

#: Columns that are names, whatever they look like: an id "007" is no number.
_NAMES = [
    "id", "encoder", "regressor", "target", "verdict", "notes", "correction", "compared",
    "encoder_a", "regressor_a", "encoder_b", "regressor_b",
]
_CELL = ["encoder", "regressor", "target"]


class Failed(RuntimeError):
    """The program ended with an error: its words, and its exit code (1 failed or partial, 2 refused, 130 interrupted)."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Run:
    """A run directory. Each table is read when it is first asked for."""

    folder: Path

    @cached_property
    def results(self) -> dict[str, Any]:
        """results.json: everything that a report shows."""
        return self._json("results.json")

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """provenance.json: the plan with every default, versions, hashes, times."""
        return self._json("provenance.json")

    @cached_property
    def cells(self) -> pd.DataFrame:
        """results.csv: one row a cell, controls last."""
        return self._table("results.csv")

    @cached_property
    def comparisons(self) -> pd.DataFrame:
        """comparisons.csv: differences of encoders and of regressors; target NaN: the mean over targets."""
        return self._table("comparisons.csv")

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """predictions.csv: out of fold."""
        return self._table("predictions.csv")

    @cached_property
    def folds(self) -> pd.DataFrame:
        """folds.csv: the test fold of every row, by repeat."""
        return self._table("folds.csv")

    @cached_property
    def findings(self) -> pd.DataFrame:
        """What the doctor saw, worst first."""
        import pandas as pd

        columns = ["severity", "code", "about", "seen", "meaning", "try"]
        return pd.DataFrame(self.results["findings"], columns=columns)

    @cached_property
    def null(self) -> pd.DataFrame:
        """null.npy: r2 of the permuted targets (permutation × cell); columns are (encoder, regressor, target)."""
        return self._matrix("null.npy", "permutation")

    @cached_property
    def jackknife(self) -> pd.DataFrame:
        """jackknife.npy: r2 without each block of rows (block × cell)."""
        return self._matrix("jackknife.npy", "block")

    def _json(self, name: str) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / name).read_text(encoding="utf-8"))
        return loaded

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        path = self.folder / name
        header = pd.read_csv(path, nrows=0).columns
        names = {column: "string" for column in _NAMES if column in header}
        # Only an empty field is missing: an encoder may be called "None".
        return pd.read_csv(path, dtype=names, keep_default_na=False, na_values=[""])

    def _matrix(self, name: str, rows: str) -> pd.DataFrame:
        import numpy as np
        import pandas as pd

        values = np.load(self.folder / name, allow_pickle=False)
        cells = self._table("null.csv")[_CELL]
        columns = pd.MultiIndex.from_frame(cells.astype(object))
        return pd.DataFrame(values, columns=columns).rename_axis(index=rows)


def read(folder: str | os.PathLike[str]) -> Run:
    """A finished run directory."""
    run = Run(Path(folder))
    if not (run.folder / "results.json").is_file():
        raise FileNotFoundError(f"{run.folder} has no results.json: it is no finished run")
    return run


def program() -> str:
    """The program that came with this package, else the one on the path."""
    suffix = ".exe" if sys.platform == "win32" else ""
    own = Path(sysconfig.get_path("scripts")) / f"ocean-host{suffix}"
    found = str(own) if own.is_file() else shutil.which("ocean-host")
    if found is None:
        raise FileNotFoundError("ocean-host is neither beside this Python nor on the path")
    return found


def evaluate(
    config: str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    fresh: bool = False,
    threads: int | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
) -> Run:
    """`ocean-host eval`. `settings` are --set: {"evaluation.permutations": 99}. Raises Failed; a partial run leaves its folder all the same."""
    command = [program(), "eval", os.fspath(config), "--format", "json"]
    if out is not None:
        command += ["--out", os.fspath(out)]
    for key, value in (settings or {}).items():
        # TOML and JSON write numbers, texts, booleans and lists of them alike.
        command += ["--set", f"{key}={json.dumps(value)}"]
    if fresh:
        command.append("--fresh")
    if threads is not None:
        command += ["--threads", str(threads)]
    last: dict[str, Any] = {}
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8") as said,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, encoding="utf-8") as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            last = json.loads(line)
            if on_event is not None:
                on_event(last)
        process.wait()
        said.seek(0)
        words = said.read().strip()
    if process.returncode == 0:
        return read(last["out"])
    if last.get("event") == "finished":
        words = f"{last['failed']} cells have no result; the others are in {last['out']}"
    raise Failed(words, process.returncode)
