"""What ``hostkit boards serve`` says, and its ``--device``: a serial port of this host, for others."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from hostkit.boards.served import BoardState
    from hostkit.boards.virtual.server import ServeSpec


def share_device(context: Context, device: str, listen: str, port: int) -> None:
    """Export a device until Ctrl-C. Raises :class:`HostkitError` when it cannot be had now."""
    from hostkit.boards.sharing import SharedDevice, ShareSpec, open_device  # noqa: PLC0415 - only to serve

    hold = _holder(context, device)
    release = hold()
    try:
        open_device(device).close()  # what is wrong with it is said now, not to the first client
    finally:
        release()
    shared = SharedDevice(ShareSpec(device, listen, port), hold, _note)
    try:
        if not _is_loopback(listen):
            warning = (
                f"warning: whoever reaches {listen} port {shared.port} can read, reset and write this board: "
                "RFC 2217 has no password and no encryption"
            )
            click.echo(click.style(warning, fg="yellow"), err=True)
        click.echo(_shared(device, shared.url))
        shared.run()
    finally:
        shared.close()


def refuse_mixture(name: str | None, chip: str | None, *, pace: bool) -> None:
    """Raise :class:`UsageError` for options that a real device cannot have."""
    for given, option in ((name, f"the board {name}"), (chip, "--chip"), (pace, "--pace")):
        if given:
            raise UsageError(
                f"--device and {option} exclude each other",
                hint="--device exports a real port; without it NAME is a virtual board",
            )


def _holder(context: Context, device: str) -> Callable[[], Callable[[], None]]:
    """Return what takes the lease of the board at ``device``, if boards.toml has one there."""
    from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - not for --help
    from hostkit.boards.lease import LeaseOffice, Wanted  # noqa: PLC0415
    from hostkit.boards.model import Kind  # noqa: PLC0415
    from hostkit.boards.open import port_finder  # noqa: PLC0415

    office = LeaseOffice(context.paths.leases, context.clock)
    finder = port_finder(context.paths.boards)
    path = context.project / "boards.toml"
    boards = [each for each in load_catalog(path) if each.kind is Kind.SERIAL] if path.exists() else []

    def hold() -> Callable[[], None]:
        where = Path(device).resolve()
        for spec in boards:
            port = finder.find(spec)
            if port and Path(port).resolve() == where:
                lease = office.take(
                    Wanted(spec.identity, spec.name), f"hostkit boards serve --device {device}"
                )
                return lease.close
        return lambda: None

    return hold


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _note(text: str) -> None:
    click.echo(text, err=True)


def _shared(device: str, url: str) -> str:
    return "\n".join(
        (
            f"{device} is at {url}",
            "",
            "in boards.toml of who uses it:",
            '  kind = "rfc2217"',
            f'  port = "{url}"',
            "",
            "One client at a time; the port is free for this host while there is none. Ctrl-C ends it.",
        )
    )


def welcome(state: BoardState, spec: ServeSpec, directory: Path) -> str:
    """Return what a virtual board's server says of itself and how to use it."""
    port, url, name = state.port, state.rfc2217, spec.name
    return "\n".join(
        (
            f"{name} is a virtual {spec.chip.value}, MAC {spec.mac}, {spec.flash_size >> 20} MB flash",
            f"  port     {port}  (now {state.pty})",
            f"  rfc2217  {url}  (true DTR and RTS, slow through pyserial)",
            f"  flash    {directory / 'flash.bin'}",
            f"  log      {directory / 'board.log'}",
            "",
            "in another terminal:",
            f"  hostkit flash -e virtual -b {name}",
            f"  hostkit monitor -b {name}",
            f"  pio device monitor --raw --port {port}",
            f"  hostkit boards reset {name} --download",
            f"  esptool --before no-reset --after no-reset --port {port} flash-id",
            f"  esptool --port '{url}' flash-id",
            f"  hostkit boards fault {name} unplug",
            "",
            "Ctrl-C ends the board; its flash is kept.",
        )
    )
