"""Who has a board, who reads it, who waits for it, and who uses it without asking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hostkit.cli.context import Context

if TYPE_CHECKING:
    from hostkit.boards.lease import Holder
    from hostkit.boards.model import BoardSpec


def describe_holding(context: Context, spec: BoardSpec, port: str) -> dict[str, Any]:
    """Return holder, monitor, waiting (first in line first) and foreign, as ``--json`` says them.

    ``port``: where a served board is; a serial one is looked for.
    """
    from hostkit.boards.foreign import foreign_holder  # noqa: PLC0415 - not for --help
    from hostkit.boards.lease import LeaseOffice  # noqa: PLC0415
    from hostkit.boards.model import Kind  # noqa: PLC0415
    from hostkit.boards.open import port_finder  # noqa: PLC0415

    office = LeaseOffice(context.paths.leases, context.clock)
    holder, watcher = office.holder(spec.identity), office.watcher(spec.identity)
    foreign = None
    if holder is None and watcher is None:
        found = port_finder(context.paths.boards).find(spec) if spec.kind is Kind.SERIAL else port
        foreign = foreign_holder(found)
    return {
        "holder": _plain(holder),
        "monitor": _plain(watcher),
        "waiting": [_plain(ticket.who) for ticket in office.waiters(spec.identity)],
        "foreign": {"pid": foreign.pid, "command": foreign.command} if foreign else None,
    }


def holding_lines(row: Mapping[str, Any]) -> list[str]:
    """Return what :func:`describe_holding` found, for people: one line each, a dash for nobody."""
    lines = []
    if holder := row["holder"]:
        lines.append(f"pid {holder['pid']}: {holder['what']}")
    if monitor := row["monitor"]:
        lines.append(f"pid {monitor['pid']}: {monitor['what']} (gives way)")
    if foreign := row["foreign"]:
        lines.append(f"pid {foreign['pid']}, without a lease: {foreign['command']}")
    return lines or ["-"]


def waiting_lines(row: Mapping[str, Any]) -> list[str]:
    """Return who waits for a board, first in line first, under a heading; nothing when nobody does."""
    waiting = [f"  {place}. pid {who['pid']}: {who['what']}" for place, who in enumerate(row["waiting"], 1)]
    return [f"waiting for {row['name']}:", *waiting] if waiting else []


def _plain(holder: Holder | None) -> dict[str, Any] | None:
    return {"pid": holder.pid, "what": holder.what, "since": holder.since} if holder else None
