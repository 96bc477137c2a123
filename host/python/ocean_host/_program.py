"""Where the program is, and one run of it: events as they come, its errors as exceptions, interrupts passed on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Event = dict[str, Any]


class Failed(RuntimeError):
    """The program ended with an error: its words, and its exit code (1 failed or partial, 2 refused, 130 interrupted)."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def program() -> str:
    """What OCEAN_PROGRAM names, else the program that came with this package, else the one on the path."""
    named = os.environ.get("OCEAN_PROGRAM")
    if named:
        if not Path(named).is_file():
            raise FileNotFoundError(f"ocean-host is not at {named}, which OCEAN_PROGRAM names")
        return named
    suffix = ".exe" if sys.platform == "win32" else ""
    own = Path(sysconfig.get_path("scripts")) / f"ocean-host{suffix}"
    found = str(own) if own.is_file() else shutil.which("ocean-host")
    if found is None:
        raise FileNotFoundError("ocean-host is neither beside this Python nor on the path, and OCEAN_PROGRAM names none")
    return found


def run(arguments: Sequence[str], on_event: Callable[[Event], None]) -> str:
    """`ocean-host ARGUMENTS --format json` up to its end; returns the results folder.

    Raises Failed; a partial run leaves its folder all the same. After KeyboardInterrupt, or an exception of `on_event`, the program has ended.
    """
    last: Event = {}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as said:
        command = [program(), *arguments, "--format", "json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, encoding="utf-8")
        try:
            assert process.stdout is not None
            for line in process.stdout:
                last = json.loads(line)
                on_event(last)
            process.wait()
        except BaseException:
            _stop(process)
            raise
        finally:
            process.stdout.close()  # type: ignore[union-attr]
        said.seek(0)
        words = said.read().strip()
    if process.returncode == 0:
        return str(last["out"])
    if last.get("event") == "error":
        words = last["message"]
    if last.get("event") == "finished":
        words = f"{last['failed']} cells have no result; the others are in {last['out']}"
    raise Failed(words, process.returncode)


def _stop(process: subprocess.Popen[str]) -> None:
    """Lets the program end at the next whole piece, so that what is finished is kept; one that does not is killed."""
    if process.poll() is not None:
        return
    try:
        # At a terminal it was interrupted already; the second time it ends at once and loses nothing either.
        process.terminate() if sys.platform == "win32" else process.send_signal(signal.SIGINT)
        # What it still has to say must not fill the pipe.
        process.communicate(timeout=30)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.kill()
        process.wait()
