"""PlatformIO's core directory of hostkit's own, filled from the Python package index alone.

PlatformIO fetches its build engine, ``tool-scons``, from a registry of its own, which many machines
cannot reach. That package is SCons, which the package index has as well; a directory of three small
files makes PlatformIO use the installed one.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hostkit.build.lock import hold
from hostkit.files import atomic_directory, atomic_write, pretty_json

SCONS_PACKAGE = "4.41101.0"
"""PlatformIO's number for SCons 4.11.1 (``get_core_dependencies`` of PlatformIO 6.2: ``~4.41101.0``)."""

_MANIFEST = {"name": "tool-scons", "version": SCONS_PACKAGE, "system": ["*"]}
_RECORD = {
    "type": "tool",
    "name": "tool-scons",
    "version": SCONS_PACKAGE,
    "spec": {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None, "uri": None},
}
_LAUNCHER = '''"""Runs the SCons of the interpreter that runs PlatformIO."""

from SCons.Script import main

main()
'''
_FILES = {
    "package.json": pretty_json(_MANIFEST),
    ".piopm": pretty_json(_RECORD),
    "scons.py": _LAUNCHER.encode(),
}


def scons_directory(core: Path) -> Path:
    """Return where PlatformIO looks for its build engine."""
    return core / "packages" / "tool-scons"


def is_provisioned(core: Path) -> bool:
    """True when the core directory holds exactly what :func:`provision` writes."""
    directory = scons_directory(core)
    try:
        return all((directory / name).read_bytes() == data for name, data in _FILES.items())
    except OSError:
        return False


def provision(core: Path) -> bool:
    """Fill the core directory; return False when nothing was missing. Safe for several at once.

    Raises :class:`ToolError` when the disk refuses.
    """
    if is_provisioned(core):
        return False
    with hold(core.parent / "locks" / "provision.lock"):
        if is_provisioned(core):
            return False
        directory = scons_directory(core)
        if directory.exists():
            # Rename first: whoever reads it sees the old package, none, or the new one, never half of one.
            doomed = directory.with_name(f".doomed-{os.getpid()}")
            directory.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
        with atomic_directory(directory) as staged:
            for name, data in _FILES.items():
                atomic_write(staged / name, data, durable=False)
    return True
