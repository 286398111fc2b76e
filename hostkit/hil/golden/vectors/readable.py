"""JSON that people can read and diff: short things on one line, long things spread."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

_WIDTH = 112


def readable_json(value: Any, indent: int = 0) -> str:
    """Return JSON in the value's own order; what fits on a line stays on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(flat) + indent <= _WIDTH or not isinstance(value, dict | list) or not value:
        return flat
    if isinstance(value, dict):
        rows = [f"{json.dumps(key)}: {readable_json(item, indent + 1)}" for key, item in value.items()]
        return _block("{}", rows, indent)
    if all(isinstance(item, int | str) for item in value):
        return _block("[]", _packed(map(json.dumps, value), indent + 1), indent)
    return _block("[]", [readable_json(item, indent + 1) for item in value], indent)


def _block(brackets: str, rows: list[str], indent: int) -> str:
    inner = " " * (indent + 1)
    return brackets[0] + "\n" + ",\n".join(inner + row for row in rows) + "\n" + " " * indent + brackets[1]


def _packed(items: Iterable[str], indent: int) -> list[str]:
    """Return numbers and words several to a line."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) + 2 + indent <= _WIDTH:
            lines[-1] += f", {item}"
        else:
            lines.append(item)
    return lines
