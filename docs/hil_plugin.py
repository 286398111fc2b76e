"""The page of the pytest plugin: options, fixtures, marks and hooks, from the plugin's own code."""

from __future__ import annotations

import inspect
from typing import Any

from hostkit.gate.model import ESTABLISHES
from hostkit.hil import plugin, sharing, soaking
from hostkit.store.model import Rung

HEAD = """# The pytest plugin `hostkit.hil`

Installed with hostkit (entry point `pytest11`), for any firmware repository:
[how to test your own firmware](../how-to/test-your-own-firmware.md). It loads nothing but itself until
`--board` is given, and leaves tests that use none of its fixtures alone.
"""

_PATTERNS = """
A test with a rung and an argument `pattern` runs once for every pattern that has a model; one that draws a
fixed pattern names it: `pytest.mark.parametrize("pattern", ["comet"])`. With `--board`, `-k draws-comet`
chooses the tests of a pattern, `-k draws-any` those that name none.

Where [several boards](../how-to/several-boards.md) share a suite, a test with `pytest.mark.every_board`
runs on each of them, any other on one.
"""


class _Options:
    """Stands in for pytest's parser and keeps what is added."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> _Options:
        return self

    def addoption(self, name: str, **more: Any) -> None:
        self.rows.append((f"{name} {more.get('metavar', '')}".strip(), str(more["help"])))


def plugin_page() -> str:
    """Return the page."""
    options = _Options()
    for part in (plugin, sharing, soaking):
        part.pytest_addoption(options)  # type: ignore[arg-type]
    return "\n".join(
        [
            HEAD,
            "## Options\n",
            *_table("option", "meaning", options.rows),
            "\n## Fixtures\n",
            *_table("fixture", "what it is", [(name, _said(text)) for name, text in _fixtures()]),
            "\n## Marks\n",
            "A test that uses a board carries `pytest.mark.rung(NAME)`: how much it shows when it passes.\n",
            *_table("rung", "a pass shows that", [(rung.word, ESTABLISHES[rung]) for rung in Rung]),
            _PATTERNS.rstrip(),
            "\n## Hooks for `conftest.py`\n",
            *_table("hook", "meaning", _hooks()),
            "",
        ]
    )


def _fixtures() -> list[tuple[str, str]]:
    found = {}
    for part in (plugin, sharing, soaking):
        for name, value in vars(part).items():
            if type(value).__name__ == "FixtureFunctionDefinition":
                found[name] = inspect.getdoc(value) or ""
    return sorted(found.items())


def _hooks() -> list[tuple[str, str]]:
    hooks = inspect.getmembers(plugin.HostkitHooks, inspect.isfunction)
    return [(f"{name}{_signature(hook)}", _said(inspect.getdoc(hook) or "")) for name, hook in hooks]


def _signature(hook: Any) -> str:
    return f"({', '.join(name for name in inspect.signature(hook).parameters if name != 'self')})"


def _said(text: str) -> str:
    plain = " ".join(text.split()).replace("``", "`")
    return plain.replace(":class:`hostkit.hil.disturbed.Plan`", "`hostkit.hil.disturbed.Plan`").replace(
        ":class:", ""
    )


def _table(first: str, second: str, rows: list[tuple[str, str]]) -> list[str]:
    lines = [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in rows]
    return [f"| {first} | {second} |", "| --- | --- |", *lines]
