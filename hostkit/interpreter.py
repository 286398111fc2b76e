"""Python programs as children: what is installed beside this interpreter runs, nothing that lies in the way.

``python -m NAME`` takes the first NAME on its module path, and the working directory and ``PYTHONPATH`` come
before what is installed: a folder ``esptool`` in a checkout would be run in esptool's place.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

_ELSEWHERE = ("PYTHONPATH", "PYTHONHOME", "PYTHONUSERBASE", "PYTHONPLATLIBDIR", "PYTHONSTARTUP")


def module_argv(module: str, *, python: str = sys.executable) -> tuple[str, ...]:
    """Return the beginning of a command line that runs an installed module."""
    return (python, "-P", "-m", module)


def installed_only(env: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which a Python child, and its Python children, import what is installed."""
    kept = {name: value for name, value in env.items() if name not in _ELSEWHERE}
    return kept | {"PYTHONSAFEPATH": "1"}
