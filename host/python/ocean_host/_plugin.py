"""A scikit-learn estimator as a regressor plugin, without writing one."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ._program import Failed, program


@dataclass(frozen=True)
class Plugin:
    """A plugin that was built: what `plugin` and `name` of a [[regressor]] say."""

    library: Path
    name: str


def plugin(estimator: Any, *, name: str | None = None, folder: str | os.PathLike[str] | None = None) -> Plugin:
    """Builds a regressor plugin around a scikit-learn estimator and returns it, for `regressor=` of `evaluate`, or for a plugins.toml:
    `plugin = "…/libocean_plugin_NAME.so"`.

    A clone of the estimator is fitted on the training rows of every fold and of every permutation: X centred and scaled, y centred. Whatever it tunes
    itself (RidgeCV, GridSearchCV) is tuned there. A `random_state` that is None follows from the seed of the study; `n_jobs` is 1, since a plugin
    starts no processes.

    Needs a C compiler, make, and a Python with its header and its shared library. `folder` keeps the plugin; without it it is kept beside other caches,
    and built once for each estimator and Python.
    """
    for method in ("fit", "predict", "get_params"):
        if not hasattr(estimator, method):
            raise TypeError(f"{type(estimator).__name__} has no `{method}`: it is no estimator of scikit-learn")
    _can_be_imported(estimator)
    innermost = _innermost(estimator)
    label = name or f"{innermost.__module__.split('.')[0]}-{_kebab(innermost.__name__)}".replace("_", "-")
    if not re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", label):
        raise ValueError(f"name={label!r}: lower-case letters, digits and `-` are allowed")
    source = _source(estimator, label)
    if folder is None:
        folder = _cache() / f"{label}-{hashlib.sha256((source + sys.executable + sys.version).encode()).hexdigest()[:16]}"
    folder = Path(folder)
    library = folder / f"libocean_plugin_{label.replace('-', '_')}{'.dylib' if sys.platform == 'darwin' else '.so'}"
    code = folder / "plugin.py"
    if not (library.is_file() and code.is_file() and code.read_text(encoding="utf-8") == source):
        _build(folder, label, source, library)
    return Plugin(library.resolve(), label)


def regressor_keys(given: Any) -> Mapping[str, Any]:
    """The keys of a [[regressor]]: of an id, a mapping, a plugin or an estimator."""
    if isinstance(given, str):
        return {"plugin": given}
    if isinstance(given, Plugin):
        return {"name": given.name, "plugin": str(given.library)}
    if isinstance(given, Mapping):
        return {**given, **(regressor_keys(given["plugin"]) if isinstance(given.get("plugin"), Plugin) else {}), **_label(given)}
    return regressor_keys(plugin(given))


def _label(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": given["name"]} if "name" in given else {}


def _innermost(estimator: Any) -> type:
    """The class of the estimator, of a pipeline that of its last step."""
    steps = getattr(estimator, "steps", None)
    return type(steps[-1][1] if steps else estimator)


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower().strip("_").replace("_", "-")


def _can_be_imported(estimator: Any) -> None:
    parts = [estimator, *estimator.get_params(deep=True).values()]
    own = [type(part).__name__ for part in parts if type(part).__module__ == "__main__"]
    if own:
        raise TypeError(f"{own[0]} is defined in this notebook or script, where a plugin cannot find it; put it into a module that is installed")


def _source(estimator: Any, label: str) -> str:
    pickled = base64.b64encode(pickle.dumps(estimator, protocol=4)).decode()
    lines = "\n".join(f'    "{pickled[at:at + 120]}"' for at in range(0, len(pickled), 120))
    about = " ".join(repr(estimator).split())[:300]
    return _TEMPLATE.format(label=label, title=repr(_innermost(estimator).__name__), about=repr(about), lines=lines)


# INFO and PARAMS are literals, and the estimator is part of the file: the hash of the library stands for it.
_MADE = "made by ocean_host.plugin"
_TEMPLATE = '''"""{label}: made by ocean_host.plugin from an estimator of scikit-learn. Not to be changed: call it again."""

import base64
import pickle

import numpy as np

INFO = {{
    "kind": "regressor", "id": "{label}", "name": {title}, "version": "0.1.0", "vendor": "", "license": "", "url": "", "family": "scikit-learn",
    "description": {about},
}}
PARAMS = {{}}
ESTIMATOR = (
{lines}
)


class Plugin:
    def __init__(self, params, call):
        self.pickled = base64.b64decode(ESTIMATOR)

    def fit(self, x, y, alpha, call):
        # A new one each time: nothing is remembered. X and y are copies, since many estimators keep them.
        estimator = pickle.loads(self.pickled)
        for name, value in estimator.get_params(deep=True).items():
            part = name.rpartition("__")[2]
            if part == "random_state" and value is None:
                estimator.set_params(**{{name: call.seed % 2**32}})
            if part == "n_jobs" and value not in (None, 1):
                estimator.set_params(**{{name: 1}})
        return estimator.fit(np.array(x, order="C"), y.copy())

    def predict(self, model, x_new, call):
        return np.asarray(model.predict(np.array(x_new, order="C")), dtype=float).reshape(len(x_new))
'''


def _cache() -> Path:
    """Beside the vectors of the program, where caches are kept."""
    home = Path.home()
    usual = {"darwin": home / "Library" / "Caches", "win32": home / "AppData" / "Local"}.get(sys.platform, home / ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or usual) / "ocean-host-python"


def _build(folder: Path, label: str, source: str, library: Path) -> None:
    if sys.platform == "win32":
        raise RuntimeError("plugins in Python cannot be built on Windows; try: WSL, where Linux's can")
    missing = [tool for tool in ("make", os.environ.get("CC", "cc").split()[0]) if shutil.which(tool) is None]
    if missing:
        raise RuntimeError(f"a plugin is built with make and a C compiler, and {' and '.join(missing)} cannot be found; "
                           "Debian and Ubuntu: apt install gcc make python3-dev; macOS: xcode-select --install")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Built aside and moved there as a whole: an interrupt leaves nothing half made.
    with tempfile.TemporaryDirectory(prefix="building-", dir=folder.parent) as aside:
        _sound([program(), "plugin", "new", "--kind", "regressor", "--lang", "python", label, "--dir", aside])
        made = Path(aside) / label
        (made / "plugin.py").write_text(source, encoding="utf-8")
        _sound(["make", "-C", str(made), f"PYTHON={sys.executable}"])
        if not (made / library.name).is_file():
            raise RuntimeError(f"make left no {library.name} in {made}")
        if folder.exists():
            if not (code := folder / "plugin.py").is_file() or _MADE not in code.read_text(encoding="utf-8", errors="replace"):
                raise FileExistsError(f"{folder} is there, and ocean_host.plugin did not make it; name another one")
            shutil.rmtree(folder)
        os.replace(made, folder)


def _sound(command: list[str]) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", errors="replace", check=False)
    if ended.returncode != 0:
        raise Failed((ended.stderr or ended.stdout).strip(), ended.returncode)
