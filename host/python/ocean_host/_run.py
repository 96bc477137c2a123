"""A results folder: its tables are pandas'."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._html import html

if TYPE_CHECKING:
    import pandas as pd

#: Columns that are names, whatever they look like: an id "007" is no number.
_NAMES = [
    "id", "encoder", "regressor", "target", "verdict", "notes", "correction", "compared",
    "encoder_a", "regressor_a", "encoder_b", "regressor_b",
]
_CELL = ["encoder", "regressor", "target"]


@dataclass(frozen=True)
class Run:
    """A run directory. Each table is read when it is first asked for."""

    folder: Path
    #: A temporary folder, which is gone with the last reference to its run.
    _kept: object = field(default=None, repr=False, compare=False)

    def _repr_html_(self) -> str:
        """The table of results, for notebooks."""
        return html(self.results, self.folder)

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
