"""What a run leaves beside the stages' own files: facts, tools, measurements and the verdict."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hostkit import __version__
from hostkit.files import jsonable
from hostkit.gate.derive import Derived, derive
from hostkit.gate.evidence import write_bytes, write_json
from hostkit.gate.folder import read_folder
from hostkit.gate.parts import AFFECTED, FLASH, RUN, STOP, TIMINGS, TOOLS, folder_of
from hostkit.gate.request import GateRequest
from hostkit.gate.run import Ran
from hostkit.tasks.git import Checkout

_PACKAGES = ("esptool", "platformio", "pyserial", "pytest", "numpy", "cbor2", "cobs", "ziglang")


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged, by what: ``suite`` is the hash over tests, models and rules."""

    run_id: str
    request: GateRequest
    checkout: Checkout
    suite: str


def write_records(into: Path, case: Case, ran: Ran, seconds: Mapping[str, float]) -> None:
    """Write what was asked of what, with which tools, and how far it came: all that a verdict rests on."""
    request, checkout = case.request, case.checkout
    more: dict[str, Any] = {"parents": list(checkout.parents)} if len(checkout.parents) > 1 else {}
    if ran.also:
        more["also"] = jsonable([each.spec for each in ran.also])
    write_json(
        into,
        RUN,
        {
            "run": case.run_id,
            "env": request.env,
            "board": jsonable(ran.spec),
            "asked_board": request.board,
            "rules": request.rules.plain(),
            "selection": request.selection,
            "suite_sha256": case.suite,
            "commit": checkout.commit,
            "tree": checkout.tree,
            "dirty": checkout.dirty,
            "changes_sha256": checkout.changes,
            **more,
        },
    )
    if request.affected is not None:
        write_json(into, AFFECTED, request.affected)
    write_json(into, TOOLS, tool_versions(ran))
    write_json(into, TIMINGS, {stage: round(took, 6) for stage, took in seconds.items()})
    for each in (ran, *ran.also):
        folder = into if each is ran or each.spec is None else into / folder_of(each.spec.name)
        if each.flash is not None:
            log = None if each.flash.log is None else Path(each.flash.log.name)
            write_json(folder, FLASH, jsonable(replace(each.flash, log=log)))
        if each.stop is not None:
            write_json(folder, STOP, jsonable(each.stop))


def write_derived(into: Path) -> Derived:
    """Decide by what lies in the evidence, and write what follows from it: verdict, JUnit, measurements."""
    derived = derive(read_folder(into).files)
    for name, data in derived.written().items():
        write_bytes(into, name, data)
    return derived


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
        "executables": jsonable(ran.tools),
    }
