"""What a run leaves beside the stages' own files: facts, tools, measurements and the verdict."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hostkit import __version__
from hostkit.files import jsonable
from hostkit.gate.evidence import write_json
from hostkit.gate.model import GateResult
from hostkit.gate.request import GateRequest
from hostkit.gate.run import Ran
from hostkit.tasks.git import Checkout

_PACKAGES = ("esptool", "platformio", "pyserial", "pytest", "numpy", "cbor2", "cobs", "ziglang")


def write_records(into: Path, request: GateRequest, ran: Ran, checkout: Checkout, suite: str) -> None:
    """Write what was asked of what, with which tools, and the numbers that tests measured."""
    write_json(
        into,
        "run.json",
        {
            "env": request.env,
            "board": jsonable(ran.spec),
            "asked_board": request.board,
            "rules": request.rules.plain(),
            "selection": request.selection,
            "suite_sha256": suite,
            "commit": checkout.commit,
            "tree": checkout.tree,
            "dirty": checkout.dirty,
            "changes_sha256": checkout.changes,
        },
    )
    write_json(into, "tools.json", tool_versions(ran))
    write_json(
        into,
        "measurements.json",
        [{"test": seen.test, "numbers": dict(seen.numbers)} for seen in ran.observations if seen.numbers],
    )
    if ran.flash is not None:
        write_json(into, "flash.json", jsonable(ran.flash))


def write_verdict(into: Path, result: GateResult) -> None:
    """Write the decision with all that it rests on, and how long each stage took."""
    seconds = {stage: round(took, 3) for stage, took in result.seconds.items()}
    record = jsonable(result.decision) | {"facts": jsonable(result.facts), "seconds": seconds}
    write_json(into, "verdict.json", record)


def tool_versions(ran: Ran) -> dict[str, Any]:
    """Return the versions of everything that had a part in it."""
    packages = {}
    for name in _PACKAGES:
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = ""
    return {
        "hostkit": __version__,
        "python": sys.version.split()[0],
        "machine": platform.platform(),
        "packages": packages,
        "toolchain": dict(ran.artifact.toolchain) if ran.artifact else {},
    }
