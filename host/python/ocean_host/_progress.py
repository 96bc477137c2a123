"""How far a run is: a bar in a notebook, a line at a terminal."""

from __future__ import annotations

import html
import importlib
import sys
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]


def progress(wanted: bool | None) -> Callable[[Event], None]:
    """What to call with every event. None: where somebody is looking."""
    if wanted is False:
        return _silent
    display = _notebook()
    if display is not None:
        return _Bar(display)
    return _line if wanted or sys.stderr.isatty() else _silent


def _silent(_: Event) -> None:
    pass


def _notebook() -> Any:
    """IPython's `display`, where this runs in a notebook. Nothing is imported that is not there already."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return importlib.import_module("IPython.display").display


def _words(event: Event) -> str:
    left = "" if event.get("eta_s") is None else f", {event['eta_s']:.0f} s left"
    return f"{event['stage']}{left}"


def _line(event: Event) -> None:
    """One line that is written over; the last event clears it."""
    if event["event"] == "stage-progress" and event["total"]:
        line = f"{event['done'] / event['total']:4.0%} {_words(event)}"
    elif event["event"] == "stage-started":
        line = _words(event)
    elif event["event"] in ("finished", "error"):
        line = ""
    else:
        return
    print(f"\r{line[:99]:<99}{'' if line else chr(13)}", end="", file=sys.stderr, flush=True)


class _Bar:
    """An HTML bar that is updated in place."""

    def __init__(self, display: Any) -> None:
        self.display = display
        self.handle: Any = None

    def __call__(self, event: Event) -> None:
        if event["event"] == "stage-progress" and event["total"]:
            self._show(f"<progress max='{event['total']}' value='{event['done']}'></progress> {html.escape(_words(event))}")
        elif event["event"] == "stage-started":
            self._show(f"<progress></progress> {html.escape(_words(event))}")
        elif event["event"] in ("finished", "error"):
            self._show("")

    def _show(self, code: str) -> None:
        shown = {"text/html": code, "text/plain": ""}
        if self.handle is None:
            self.handle = self.display(shown, raw=True, display_id=True)
        else:
            self.handle.update(shown, raw=True)
