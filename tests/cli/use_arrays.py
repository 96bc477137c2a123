# Run by the test of the wheel, in an empty folder: arrays in memory, interrupts, what a notebook shows, estimators as plugins.
import os
import signal
from pathlib import Path

import numpy as np
import ocean_host
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge

rng = np.random.default_rng(1)
n = 60
index = [f"p{row:03}" for row in range(n)]
X = pd.DataFrame(rng.normal(size=(n, 8)), index=index)
y = pd.DataFrame({"größe \"x\"": X[0] + rng.normal(size=n), "noise": rng.normal(size=n)}, index=index)
y.iloc[3, 1] = None
groups = np.repeat(range(15), 4)
settings = {"evaluation.permutations": 99, "evaluation.sensitivity": 0, "study.seed": 3}


def error_of(kind, call, *words):
    try:
        call()
    except kind as error:
        assert all(word in str(error) for word in words), error
        return error
    raise AssertionError(f"no {kind.__name__}")


# Rows are named by the index; every digit of y arrives; missing values are missing.
run = ocean_host.evaluate(X=X, y=y, groups=groups, settings=settings, out="run", progress=False)
assert set(run.cells["target"]) == set(y.columns)
assert list(run.cells.query("target == 'noise'")["n"])[0] == n - 1
rows = run.predictions[run.predictions.target == y.columns[0]].query("encoder == 'X'").set_index("id")
assert (rows["y"] == y.iloc[:, 0].reindex(rows.index)).all()
folds = run.folds.set_index("id")["fold"].reindex(index).to_numpy().reshape(15, 4)
assert (folds == folds[:, :1]).all()  # groups are whole
assert ocean_host.read("run").cells.equals(run.cells)

# A notebook gets the table, escaped; a temporary run is gone with its object.
quick = {**settings, "evaluation.permutations": 19}
shown = ocean_host.evaluate(X={"a & b": X.to_numpy()}, y=list(y.iloc[:, 0]), settings=quick)
code = shown._repr_html_()
assert "<td>a &amp; b</td>" in code and "≤ .050" in code and "95 % CI" in code, code
folder = shown.folder
assert (folder / "report.html").is_file()
del shown
assert not folder.exists()

# Rows that are not in one order, and what else cannot be.
error_of(ValueError, lambda: ocean_host.evaluate(X=X[::-1], y=y), "indices")
error_of(ValueError, lambda: ocean_host.evaluate(X=X.to_numpy()[1:], y=y), "59 rows", "60")
error_of(ocean_host.Failed, lambda: ocean_host.evaluate(X=X, y=y, settings={"evaluation.permutatons": 9}), "did you mean `permutations`")
error_of(ValueError, lambda: ocean_host.permutation_test_score("ridge", X, y.iloc[:, 0], cv=[(range(30), range(30, 60))]), "never tested")

# Ctrl-C: the program ends, what is finished is kept, and the same call ends in the same bytes.
longer = {**settings, "evaluation.permutations": 999}


def interrupt(event):
    if event["event"] == "stage-started" and event["stage"].startswith("evaluate"):
        os.kill(os.getpid(), signal.SIGINT)


before = set(Path(os.environ["TMPDIR"]).iterdir())
for out in ["interrupted", None]:
    error_of(KeyboardInterrupt, lambda: ocean_host.evaluate(X=X, y=y, settings=longer, out=out, on_event=interrupt))
assert set(Path(os.environ["TMPDIR"]).iterdir()) == before  # neither texts nor half a run
assert not Path("interrupted/results.json").exists()
resumed = ocean_host.evaluate(X=X, y=y, settings=longer, out="interrupted")
whole = ocean_host.evaluate(X=X, y=y, settings=longer, out="whole")
for file in ["results.csv", "null.npy", "predictions.csv"]:
    assert (resumed.folder / file).read_bytes() == (whole.folder / file).read_bytes(), file

# An estimator of scikit-learn is a plugin, built once, that says what the program's own ridge says.
ridge = ocean_host.plugin(Ridge(alpha=10.0))
changed = ridge.library.stat().st_mtime_ns
assert ocean_host.plugin(Ridge(alpha=10.0)) == ridge and ridge.library.stat().st_mtime_ns == changed
assert ocean_host.plugin(Ridge(alpha=9.0)).library != ridge.library
by_plugin, own = (
    ocean_host.permutation_test_score(regressor, X, y.iloc[:, 0], n_permutations=19) for regressor in (ridge, {"plugin": "ridge", "alphas": [10.0]})
)
assert np.allclose(by_plugin.permutation_scores, own.permutation_scores, rtol=0, atol=1e-9) and by_plugin.pvalue == own.pvalue


class Local(BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


error_of(TypeError, lambda: ocean_host.plugin(Local()), "Local", "module")
error_of(TypeError, lambda: ocean_host.plugin(3), "no estimator")
Path("mine").mkdir()
Path("mine/thesis.txt").write_text("years of work")
error_of(FileExistsError, lambda: ocean_host.plugin(Ridge(), folder="mine"), "mine")
assert Path("mine/thesis.txt").exists()
os.environ["PATH"] = ""
error_of(RuntimeError, lambda: ocean_host.plugin(Ridge(alpha=8.0)), "C compiler", "apt install")
print("all is well")
