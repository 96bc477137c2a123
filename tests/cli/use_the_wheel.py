# Run by the test of the wheel, in an empty folder, with a study as its argument.
import sys
from pathlib import Path

import ocean_host
import pandas as pd

assert Path(ocean_host.program()).parent == Path(sys.executable).parent, ocean_host.program()
events = []
run = ocean_host.evaluate(sys.argv[1], out="run", on_event=events.append)
assert [event["event"] for event in (events[0], events[-1])] == ["started", "finished"]

cells = run.cells
assert len(cells) == len(run.results["cells"]) == 12
assert (cells["r2"].to_list()) == [cell["r2"] for cell in run.results["cells"]]
assert cells["p_fwer"].isna().sum() == 6  # the controls
assert run.null.shape == (999, 12)
column = run.null[("lexical", "ridge", "openness")]
observed = cells.loc[0, "r2"]
assert (1 + (column >= observed).sum()) / (1 + len(column)) == cells.loc[0, "p"]
assert run.jackknife.shape == (20, 12)
assert pd.api.types.is_string_dtype(run.predictions["id"])
rows = run.predictions.query("encoder == 'lexical' and target == 'openness'")
r2 = 1 - ((rows.y - rows.y_hat) ** 2).sum() / ((rows.y - rows.y_baseline) ** 2).sum()
assert abs(r2 - observed) < 1e-12  # sums in another order
assert set(run.folds.columns) == {"id", "repeat", "fold"}
assert run.comparisons["target"].isna().sum() == 1  # the mean over targets
assert list(run.findings["severity"].unique()) == ["note"]
assert "machine" in run.provenance
assert ocean_host.read("run").cells.equals(cells)

for wrong, code in [(lambda: ocean_host.evaluate("nowhere.toml"), 2), (lambda: ocean_host.evaluate(sys.argv[1], out="run", settings={"study.seed": 7}), 2)]:
    try:
        wrong()
    except ocean_host.Failed as error:
        assert error.exit_code == code and str(error), (error.exit_code, error)
    else:
        raise AssertionError("no error")
try:
    ocean_host.read(".")
except FileNotFoundError as error:
    assert "results.json" in str(error)
print("all is well")
