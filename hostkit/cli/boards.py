"""``hostkit boards``: list, show, serve, reset and disturb boards."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.boards_care import check_command, outage_words, recover_command, restore_command
from hostkit.cli.boards_holding import describe_holding, holding_lines, waiting_lines
from hostkit.cli.boards_replay import replay_command
from hostkit.cli.boards_scan import scan_command
from hostkit.cli.context import Context
from hostkit.cli.lazy import TellingGroup
from hostkit.errors import InconclusiveError, UsageError

if TYPE_CHECKING:
    from hostkit.boards.catalog import Catalog
    from hostkit.boards.model import BoardSpec
    from hostkit.boards.served import BoardState
    from hostkit.boards.virtual.server import ServeSpec

CATALOG = "boards.toml"
_CHIPS = ("esp32", "esp32s3", "esp32c3")


@click.group("boards", cls=TellingGroup)
def boards_group() -> None:
    """List, serve, reset and disturb boards.

    Which boards there are is written in boards.toml.
    """


for _command in (scan_command, check_command, recover_command, restore_command, replay_command):
    boards_group.add_command(_command)


@boards_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def list_command(context: Context, as_json: bool) -> None:
    """Show every board: kind, chip, MAC, state, who holds it and who waits for it."""
    rows = [_describe(context, spec) for spec in _catalog(context)]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.table import Table  # noqa: PLC0415 - not for --json

    table = Table("board", "kind", "chip", "MAC", "state", "held by", box=None, pad_edge=False)
    for row in rows:
        row["state"] = f"out of service: {row['outage']}" if row["outage"] else row["state"]
        held = "\n".join(holding_lines(row))
        table.add_row(row["name"], row["kind"], row["chip"], row["mac"] or "?", row["state"], held)
    context.console.print(table)
    for row in rows:
        for line in waiting_lines(row):
            context.console.print(line, markup=False)


@boards_group.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def show_command(context: Context, name: str, as_json: bool) -> None:
    """Show all that is known of one board."""
    row = _describe(context, _catalog(context).get(name))
    if as_json:
        click.echo(json.dumps(row, indent=2))
        return
    served = row.pop("served") or {}
    for key, value in (row | served).items():
        click.echo(f"{key:<11} {_plain(value)}")


@boards_group.command("serve")
@click.argument("name", required=False)
@click.option("--chip", type=click.Choice(_CHIPS), help="Serve a board that is not in boards.toml.")
@click.option("--pace", is_flag=True, help="Let bytes take as long as the baud rate says.")
@click.option("--rfc2217-port", type=click.IntRange(0, 65535), default=0, help="TCP port (default: any).")
@click.option("--seed", type=int, default=0, help="Seed of the line's faults.")
@click.option("--device", metavar="PORT", help="Export a real serial port of this host by RFC 2217 instead.")
@click.option(
    "--listen", metavar="HOST", default="127.0.0.1", help="Address for --device; default: loopback."
)
@click.pass_obj
def serve_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    name: str | None,
    chip: str | None,
    pace: bool,
    rfc2217_port: int,
    seed: int,
    device: str | None,
    listen: str,
) -> None:
    """Be a virtual board until Ctrl-C: print its ports, then behave as the board NAME does.

    Its flash is kept in hostkit's state directory from one run to the next. With --device, lend a real
    serial port to another host.
    """
    if device is not None:
        from hostkit.cli.boards_serve import refuse_mixture, share_device  # noqa: PLC0415 - only to share

        refuse_mixture(name, chip, pace=pace)
        share_device(context, device, listen, rfc2217_port)
        return
    if name is None:
        raise UsageError(
            "serve what?", hint="hostkit boards serve NAME, or: hostkit boards serve --device PORT"
        )
    from hostkit.boards.virtual.server import BoardServer  # noqa: PLC0415 - only to serve
    from hostkit.cli.boards_serve import welcome  # noqa: PLC0415

    spec = replace(_serve_spec(context, name, chip), paced=pace, rfc2217_port=rfc2217_port, seed=seed)
    server = BoardServer(spec, context.paths.boards / name, context.clock)
    try:
        click.echo(welcome(server.state(), spec, context.paths.boards / name))
        server.run()
    finally:
        server.close()


@boards_group.command("reset")
@click.argument("name")
@click.option("--download", is_flag=True, help="Into the ROM loader, for esptool --before no-reset.")
@click.option("--force", is_flag=True, help="Even when somebody else holds the board.")
@click.pass_obj
def reset_command(context: Context, name: str, download: bool, force: bool) -> None:
    """Press the board's reset button."""
    from hostkit.boards.lease import LeaseOffice, Wanted  # noqa: PLC0415 - not for --help
    from hostkit.boards.model import Kind  # noqa: PLC0415
    from hostkit.boards.open import open_board  # noqa: PLC0415

    spec = _known_or_served(context, name)
    if download and not spec.served:
        raise UsageError(
            f"board {name} enters its ROM loader by esptool's own reset",
            hint=f"say: esptool --port {spec.port or 'PORT'} chip-id",
        )
    if spec.kind is Kind.QEMU:
        raise UsageError(
            f"board {name} runs only while a command uses it", hint="each use begins with a reset"
        )
    office = LeaseOffice(context.paths.leases, context.clock)
    # A virtual board is reset without its port, so a monitor may read on and see it boot.
    if force or (spec.served and office.watcher(spec.identity) is not None):
        lease = None
    else:
        lease = office.take(Wanted(spec.identity, name), f"hostkit boards reset {name}", env=_environment())
    try:
        board = open_board(spec, boards_dir=context.paths.boards, clock=context.clock, autostart=False)
        if download:
            access = board.enter_download()
            click.echo(f"{name} is in its ROM loader: esptool --before no-reset --port {access.port} …")
        else:
            board.run_application()
            click.echo(f"{name} was reset")
    finally:
        if lease is not None:
            lease.close()


@boards_group.command("fault")
@click.argument("name")
@click.argument("fault")
@click.argument("amount", type=float, required=False)
@click.pass_obj
def fault_command(context: Context, name: str, fault: str, amount: float | None) -> None:
    """Make something go wrong with a served virtual board.

    \b
    reset, brownout, panic     a reset with that reason
    hang                       the firmware stops where it is; a reset ends it
    unplug, replug             the ports go, and come back (the pty under a new name)
    corrupt N, drop N,         N percent of the bytes, in both directions; 0 switches it off
    duplicate N
    hold64 [0]                 what ends on a multiple of 64 bytes is held back, as by some USB stacks
    clear                      the line is clean again
    """
    from hostkit.boards.served import ControlClient  # noqa: PLC0415 - not for --help
    from hostkit.boards.virtual.faults import parse_fault  # noqa: PLC0415

    spec = _known_or_served(context, name)
    parse_fault(fault, amount)
    client = ControlClient(context.paths.boards / spec.name)
    client.fault(fault, amount)
    state = client.state()
    wrong = ", ".join(f"{word} {rate:g}" for word, rate in state.faults.items()) or "none"
    click.echo(f"{name}: {state.mode}, faults of the line: {wrong}")


def _environment() -> dict[str, str]:
    import os  # noqa: PLC0415 - the one place that reads it

    return dict(os.environ)


def _catalog(context: Context) -> Catalog:
    from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - not for --help

    return load_catalog(context.project / CATALOG)


def _describe(context: Context, spec: BoardSpec) -> dict[str, Any]:
    """Everything about a board, as ``--json`` says it."""
    served = _served(context, spec)
    return {
        "name": spec.name,
        "kind": spec.kind.value,
        "chip": spec.chip.value,
        "mac": spec.mac,
        "flash_size": spec.flash_size,
        "profile": spec.profile,
        "fidelity": spec.fidelity.name.lower(),
        "labels": list(spec.labels),
        "outage": outage_words(context, spec),
        "state": _state_words(context, spec, served),
        **describe_holding(context, spec, served.port if served else ""),
        "served": asdict(served) if served else None,
    }


def _served(context: Context, spec: BoardSpec) -> BoardState | None:
    from hostkit.boards.served import ControlClient, read_record  # noqa: PLC0415

    directory = context.paths.boards / spec.name
    if not spec.served or read_record(directory) is None:
        return None
    try:
        return ControlClient(directory).state()
    except InconclusiveError:  # it ended just now
        return None


def _state_words(context: Context, spec: BoardSpec, served: BoardState | None) -> str:
    from hostkit.boards.model import Kind  # noqa: PLC0415 - not for --help
    from hostkit.boards.open import port_finder  # noqa: PLC0415

    if spec.served:
        return f"{served.mode}, pid {served.pid}" if served else "not served"
    if spec.kind is Kind.QEMU:
        from hostkit.boards.qemu.board import qemu_words  # noqa: PLC0415

        return qemu_words(spec)
    if spec.kind is Kind.SERIAL:
        port = port_finder(context.paths.boards).find(spec)
        if not port:
            return "absent: its MAC is at no port"
        return f"at {port}" if Path(port).exists() else f"absent: no {port}"
    return f"at {spec.port}, not looked at"


def _known_or_served(context: Context, name: str) -> BoardSpec:
    """A board of the catalog, or one that is served ad hoc."""
    from hostkit.boards.model import BoardSpec, Chip, Kind  # noqa: PLC0415 - not for --help
    from hostkit.boards.served import read_record  # noqa: PLC0415

    served = read_record(context.paths.boards / name)
    try:
        return _catalog(context).get(name)
    except UsageError:
        if served is None:
            raise
    return BoardSpec(name, Kind.VIRTUAL, Chip(served.chip), served.mac, served.flash_size)


def _serve_spec(context: Context, name: str, chip: str | None) -> ServeSpec:
    from hostkit.boards.model import Chip  # noqa: PLC0415 - not for --help
    from hostkit.boards.virtual.board import serve_spec  # noqa: PLC0415
    from hostkit.boards.virtual.server import ServeSpec  # noqa: PLC0415

    if chip is not None:
        if "/" in name or name.startswith("."):
            raise UsageError(f"{name!r} is no board name", hint="letters, digits and '-'")
        tail = hashlib.sha256(f"{name}/{chip}".encode()).digest()
        return ServeSpec(name, Chip(chip), "02:" + tail[:5].hex(":"))
    spec = _catalog(context).get(name)
    if not spec.served:
        raise UsageError(f"board {name} is a real one", hint="serve a virtual board, or add --chip")
    return serve_spec(spec)


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {each}" for key, each in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(map(_plain, value)) or "none"
    return "none" if value in (None, "") else str(value)
