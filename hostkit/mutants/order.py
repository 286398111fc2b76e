"""A pytest plugin for mutants: the quick tests first, so that most faults are noticed in a second.

Loaded by name (``-p hostkit.mutants.order``). HOSTKIT_TEST_SECONDS names a JSON file: seconds by node id, as
measured on the clean tree. The last test stays the last: it looks back at the whole run. Without the file, or
for tests that it does not name, the order is the usual one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

VARIABLE = "HOSTKIT_TEST_SECONDS"


def quick_first(tests: list[str], seconds: Mapping[str, float]) -> list[int]:
    """Return the places of the tests in the order in which they are to run. Pure."""
    if not tests:
        return []
    order = sorted(range(len(tests) - 1), key=lambda i: (seconds.get(tests[i], float("inf")), i))
    return [*order, len(tests) - 1]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order."""
    path = os.environ.get(VARIABLE)
    if path:
        seconds = json.loads(Path(path).read_text(encoding="utf-8"))
        items[:] = [items[i] for i in quick_first([item.nodeid for item in items], seconds)]
