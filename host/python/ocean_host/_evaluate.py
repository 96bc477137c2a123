"""A study from beginning to end: a plugins.toml, or arrays in memory."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import _toml
from ._arrays import write_study
from ._program import Failed, run
from ._progress import progress as shown
from ._run import Run, read


def evaluate(
    config: str | os.PathLike[str] | None = None,
    *,
    X: Any = None,
    y: Any = None,
    texts: Any = None,
    ids: Any = None,
    groups: Any = None,
    encoder: Any = None,
    regressor: Any = "ridge",
    out: str | os.PathLike[str] | None = None,
    settings: Mapping[str, Any] | None = None,
    fresh: bool = False,
    threads: int | None = None,
    progress: bool | None = None,
    on_event: Callable[[dict[str, Any]], None] | None = None,
) -> Run:
    """`ocean-host eval`, of a plugins.toml or of arrays.

    `X`: rows × features, an array or frame, or a mapping of several by name. `y`: scores, a frame with a column a target, or one column. `texts`: one
    a row, for encoders that are plugins (`encoder="lexical"`, or a mapping of keys, or a list of them) and for the controls. `groups`: whose row it is.
    `ids`: names of the rows; without them the index of X and y, which must be one, or numbers. `regressor`: a plugin's id, a mapping of keys,
    `ocean_host.plugin(estimator)`, a scikit-learn estimator, or a list of them.

    `settings` are dotted keys of plugins.toml: {"evaluation.permutations": 99}. `out`: the results folder; without it that of plugins.toml, or for arrays
    one that is gone with the returned Run. `progress`: None shows it in a notebook and at a terminal.

    Raises Failed; a partial or interrupted run leaves its folder all the same, and the same call goes on from there.
    """
    arguments = [] if out is None else ["--out", os.fspath(out)]
    if fresh:
        arguments.append("--fresh")
    if threads is not None:
        arguments += ["--threads", str(threads)]
    show = shown(progress)

    def on(event: dict[str, Any]) -> None:
        show(event)
        if on_event is not None:
            on_event(event)

    if config is not None:
        if any(given is not None for given in (X, y, texts, ids, groups, encoder)) or regressor != "ridge":
            raise TypeError("a plugins.toml says data, encoders and regressors itself; change keys with `settings`")
        for key, value in (settings or {}).items():
            arguments += ["--set", f"{key}={_toml.value(value)}"]
        return read(run(["eval", os.fspath(config), *arguments], on))
    if y is None:
        raise TypeError("evaluate needs a plugins.toml, or y and X or texts")
    return evaluate_arrays(arguments, on, out is None, X=X, y=y, texts=texts, ids=ids, groups=groups, encoder=encoder, regressor=regressor,
                           settings=settings or {})


def evaluate_arrays(
    arguments: Sequence[str], on_event: Callable[[dict[str, Any]], None], is_temporary: bool, *, settings: Mapping[str, Any], **arrays: Any
) -> Run:
    """A study of arrays. The results of one without a folder of its own are gone with the last reference to its Run."""
    kept = None
    if is_temporary:
        kept = tempfile.TemporaryDirectory(prefix="ocean-run-")
        arguments = [*arguments, "--out", str(Path(kept.name) / "run")]
    # Texts and scores lie on the disk as long as the program reads them.
    with tempfile.TemporaryDirectory(prefix="ocean-study-") as folder:
        study = write_study(Path(folder), keys=_by_section(settings), **arrays)
        try:
            return Run(read(run(["eval", str(study), *arguments], on_event)).folder, kept)
        except Failed as error:
            # Where the study lay for a moment is no news to anybody.
            words = re.sub(rf"\S*{re.escape(Path(folder).name)}[/\\]", "", str(error))
            raise Failed(words, error.exit_code) from None


def _by_section(settings: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    sections: dict[str, dict[str, Any]] = {}
    for dotted, value in settings.items():
        section, _, key = dotted.partition(".")
        if not key or "." in key or section in ("encoder", "regressor"):
            raise ValueError(f"settings: {dotted!r} is no key of a section, as \"evaluation.permutations\" is; keys of encoders and "
                             "regressors stand in their mappings: regressor={\"plugin\": \"ridge\", \"n_alphas\": 40}")
        sections.setdefault(section, {})[key] = value
    return sections
