"""What a notebook shows of a run: findings that must be read first, and the table of results as the report has it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

_HEAD = ["target", "encoder", "regressor", "n", "r2", "CI", "p", "p_fwer", "verdict"]


def html(results: Mapping[str, Any], folder: Path) -> str:
    """Results.json as a table."""
    level = results["level"]
    head = [f"{100 * (1 - level):g} % CI" if name == "CI" else name for name in _HEAD]
    order = {target["name"]: place for place, target in enumerate(results["targets"])}
    cells = sorted(results["cells"], key=lambda cell: (order.get(cell["target"], len(order)), cell["is_control"]))
    title = f"{results['study']}: {results['data']['n_rows']} rows, {results['folds']} folds, {results['permutations']} permutations"
    failed = [f"{len(results['failed'])} cells have no result: {results['failed'][0]['reason']}"] if results["failed"] else []
    findings = [f"{one['severity']}: {one['seen']} {one['meaning']}" for one in results["findings"] if one["severity"] != "note"]
    return "".join(
        [
            f"<p><b>{escape(title)}</b></p>",
            *(f"<p>{escape(line)}</p>" for line in failed + findings),
            "<table><thead><tr>",
            *(f"<th>{escape(name)}</th>" for name in head),
            "</tr></thead><tbody>",
            *(_row(cell, level) for cell in cells),
            f"</tbody></table><p><a href='{escape((folder.resolve() / 'report.html').as_uri())}'>the whole report</a></p>",
        ]
    )


def _row(cell: Mapping[str, Any], level: float) -> str:
    interval = "" if cell["ci_low"] is None else f"[{score(cell['ci_low'])}, {score(cell['ci_high'])}]"
    shown = [
        cell["target"], cell["encoder"], cell["regressor"], str(cell["n"]), score(cell["r2"]), interval,
        p_value(cell["p"], cell["p_floor"], level), p_value(cell["p_fwer"], cell["p_floor"], level),
        "control" if cell["is_control"] else cell["verdict"],
    ]
    style = " style='opacity: .6'" if cell["is_control"] else ""
    return f"<tr{style}>" + "".join(f"<td>{escape(text)}</td>" for text in shown) + "</tr>"


def score(x: float) -> str:
    """APA: three decimals, no leading zero, a true minus."""
    text = f"{x:.2f}" if abs(x) >= 0.9995 else f"{x:.3f}".replace("0.", ".", 1)
    return text.lstrip("-") if not text.strip("-.0") else text.replace("-", "−")


def p_value(p: float | None, floor: float | None, level: float) -> str:
    """Three decimals, more where they are needed: never 0, never rounded to the other side of the level."""
    if p is None:
        return ""
    if p >= 0.9995:
        return "> .999" if p < 1 else "1.000"
    texts = (f"{p:.{digits}f}" for digits in range(3, 10))
    text = next((text for text in texts if float(text) > 0 and (float(text) <= level) == (p <= level)), f"{p:.1e}")
    at_floor = floor is not None and p <= floor * (1 + 1e-9)
    return ("≤ " if at_floor else "") + text.replace("0.", ".", 1)
