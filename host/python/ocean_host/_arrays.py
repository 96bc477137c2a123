"""Arrays in memory become the files of a study: data.csv, vectors, plugins.toml."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _toml
from ._plugin import regressor_keys


def write_study(
    folder: Path,
    *,
    X: Any,
    y: Any,
    keys: Mapping[str, Mapping[str, Any]],
    texts: Any = None,
    ids: Any = None,
    groups: Any = None,
    encoder: Any = None,
    regressor: Any = "ridge",
    columns: Mapping[str, Sequence[str]] | None = None,
) -> Path:
    """Writes the study and returns its plugins.toml. `keys`: what more its sections say; `columns`: of the table, for these keys."""
    targets = _targets(y)
    n_rows = len(next(iter(targets.values())))
    vectors = _vectors(X)
    names = _ids(ids, X, y, n_rows)
    table: dict[str, Sequence[str]] = {"id": names, **_with_texts(targets), **(columns or {})}
    extra: dict[str, str] = {}
    for role, given in (("text", texts), ("group", groups)):
        if given is not None:
            extra[role] = _free(role, table)
            table[extra[role]] = [_field(item) for item in _items(given)]
    for name, values in {**table, **vectors}.items():
        if len(values) != n_rows:
            raise ValueError(f"`{name}` has {len(values)} rows, but y has {n_rows}")
    _write_table(folder / "data.csv", table)
    sections = [
        _toml.section("[study]", {"name": "arrays", **keys.get("study", {})}),
        _toml.section("[data]", {"path": "data.csv", "id": "id", "targets": list(targets), **extra, **keys.get("data", {})}),
    ]
    sections += [_toml.section(f"[{name}]", more) for name, more in keys.items() if name not in ("study", "data")]
    for place, (name, matrix) in enumerate(vectors.items()):
        sections.append(_toml.section("[[encoder]]", {"name": name, **_write_vectors(folder, f"vectors{place}", matrix, names)}))
    for spec in _several(encoder):
        sections.append(_toml.section("[[encoder]]", named({"plugin": spec} if isinstance(spec, str) else spec)))
    for spec in _several(regressor):
        sections.append(_toml.section("[[regressor]]", named(regressor_keys(spec))))
    path = folder / "plugins.toml"
    path.write_text("".join(sections), encoding="utf-8")
    return path


def named(spec: Mapping[str, Any]) -> dict[str, Any]:
    """With a label: its own, or the plugin's id."""
    return {"name": spec.get("name") or Path(str(spec.get("plugin", "combined"))).stem, **spec}


def _several(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, (list, tuple)) else [given]


def _items(column: Any) -> list[Any]:
    """The values of a list, an array or a pandas column, as Python's own."""
    return list(column.tolist() if hasattr(column, "tolist") else column)


def _targets(y: Any) -> dict[str, list[Any]]:
    """A frame, a mapping, or one or two dimensions of numbers."""
    if hasattr(y, "columns"):
        return {str(name): _items(y[name]) for name in y.columns}
    if isinstance(y, Mapping):
        return {str(name): _items(column) for name, column in y.items()}
    values = _items(y)
    if not values:
        raise ValueError("y is empty")
    if isinstance(values[0], (list, tuple)):
        return {f"y{place + 1}": list(column) for place, column in enumerate(zip(*values))}
    name = getattr(y, "name", None)
    return {str(name) if name is not None else "y": values}


def _with_texts(targets: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
    if "id" in targets:
        raise ValueError("a target cannot be called `id`, which is the name of the column of ids")
    return {name: [_field(item) for item in column] for name, column in targets.items()}


def _field(item: Any) -> str:
    """A field of the table: nothing where a value is missing, every digit of a number."""
    if item is None or item != item or str(item) in ("<NA>", "NaT"):
        return ""
    if isinstance(item, bool):
        return str(int(item))
    if hasattr(item, "tolist"):  # a number of numpy's
        item = item.tolist()
    return repr(item) if isinstance(item, float) else str(item)


def _free(name: str, taken: Iterable[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _vectors(X: Any) -> dict[str, Any]:
    import numpy as np

    if X is None:
        return {}
    given = X if isinstance(X, Mapping) else {"X": X}
    arrays = {str(name): np.asarray(matrix) for name, matrix in given.items()}
    for name, matrix in arrays.items():
        if matrix.ndim != 2:
            raise ValueError(f"`{name}` has {matrix.ndim} dimensions; two are expected: rows × features")
        if matrix.dtype.kind not in "fiub":
            arrays[name] = matrix.astype(np.float64)
    return arrays


def _write_vectors(folder: Path, stem: str, matrix: Any, ids: Sequence[str]) -> dict[str, str]:
    import numpy as np

    matrix = matrix if matrix.dtype in (np.float32, np.float64) else matrix.astype(np.float64)
    np.save(folder / f"{stem}.npy", matrix, allow_pickle=False)
    (folder / f"{stem}_ids.txt").write_text("\n".join(ids) + "\n", encoding="utf-8")
    return {"embeddings": f"{stem}.npy", "ids": f"{stem}_ids.txt"}


def _ids(ids: Any, X: Any, y: Any, n_rows: int) -> list[str]:
    """Names of the rows: what was given, or the index that y and X have in common, or their numbers."""
    frames = [frame for frame in ([*X.values()] if isinstance(X, Mapping) else [X]) + [y] if hasattr(frame, "index") and hasattr(frame, "iloc")]
    for frame in frames[1:]:
        if not frame.index.equals(frames[0].index):
            raise ValueError("X and y have different indices: their rows are not in one order; try: X = X.loc[y.index]")
    if ids is None:
        ids = frames[0].index if frames else range(n_rows)
    names = [_field(name) for name in _items(ids)]
    if len(names) != n_rows:
        raise ValueError(f"ids has {len(names)} rows, but y has {n_rows}")
    broken = [name for name in names if "\n" in name or "\r" in name]
    if broken:
        raise ValueError(f"the id {broken[0]!r} has a line break in it")
    return names


def _write_table(path: Path, columns: Mapping[str, Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
