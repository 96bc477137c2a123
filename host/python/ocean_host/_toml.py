"""Values as plugins.toml and --set have them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def value(given: Any) -> str:
    """A boolean, number, text, list or mapping, those of numpy included, in TOML."""
    if hasattr(given, "tolist"):
        given = given.tolist()
    if isinstance(given, Mapping):
        return "{ " + ", ".join(f"{text(key)} = {value(item)}" for key, item in given.items()) + " }"
    if isinstance(given, (list, tuple)):
        return "[" + ", ".join(value(item) for item in given) + "]"
    if isinstance(given, (bool, int, float)):
        # Not a number and infinity are `nan` and `inf` in both.
        return str(given).lower()
    if given is None or not isinstance(given, (str, bytes)) and not hasattr(given, "__fspath__"):
        raise TypeError(f"{given!r} cannot stand in plugins.toml: a text, a number, True or False, or a list of them can")
    return text(given if isinstance(given, str) else str(given))


def text(given: str) -> str:
    """A basic string. Other than JSON, TOML has no pairs of surrogates and no DEL."""
    return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")


def section(header: str, keys: Mapping[str, Any]) -> str:
    """A section with its keys."""
    return "\n".join([header, *(f"{text(key)} = {value(item)}" for key, item in keys.items()), "", ""])
