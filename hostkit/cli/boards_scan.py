"""``hostkit boards scan``: what is plugged in, and what to write in boards.toml for it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode

if TYPE_CHECKING:
    from hostkit.boards.model import BoardSpec
    from hostkit.boards.scan import Found
    from hostkit.boards.usb import Lister, UsbPort


@click.command("scan")
@click.option("--write", is_flag=True, help="Add what is new to boards.toml.")
@click.option("--again", is_flag=True, help="Ask every chip, also those that are remembered.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.pass_obj
def scan_command(context: Context, write: bool, again: bool, as_json: bool) -> int:
    """Find boards on USB and propose entries for boards.toml.

    A chip that was not met before is asked for type, MAC and flash size, which resets it; nothing is
    written to it. The answer is remembered by USB id, serial number and place, so that a board is found by
    its MAC when its port has another name.
    """
    from hostkit.boards.usb import list_ports  # noqa: PLC0415 - not for --help

    found = look(context, list_ports, again=again)
    new = [each for each in found if each.chip is not None and not each.known]
    if write and new:
        from hostkit.boards.scan import append, entry  # noqa: PLC0415 - not for --help

        append(_catalog(context), [entry(each) for each in new])
    if as_json:
        click.echo(json.dumps([_plain(each) for each in found], indent=2))
    else:
        click.echo(report(found, wrote=write))
    return ExitCode.PASS


def look(context: Context, lister: Lister, *, again: bool = False) -> tuple[Found, ...]:
    """Scan the ports of ``lister``, with the boards of boards.toml if there is one."""
    from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - not for --help
    from hostkit.boards.scan import Scan  # noqa: PLC0415
    from hostkit.boards.usb import MEMORY, UsbMemory  # noqa: PLC0415
    from hostkit.flash.identify import ask_chip  # noqa: PLC0415

    path = _catalog(context)
    boards = load_catalog(path).boards if path.exists() else ()
    scan = Scan(
        lister,
        UsbMemory(context.paths.boards / MEMORY),
        ask=lambda port: ask_chip(port, context.runner),
        hold=lambda port: _hold(context, port, boards),
    )
    return scan.run(boards, again=again)


def report(found: Sequence[Found], *, wrote: bool) -> str:
    """Return what people read."""
    from hostkit.boards.scan import entry  # noqa: PLC0415 - not for --help

    if not found:
        return (
            "no USB serial port that could be a board\n"
            "  hint: plug one in; is it a charge-only cable? `lsusb` shows whether the machine sees it"
        )
    lines = [_line(each) for each in found]
    new = [each for each in found if each.chip is not None and not each.known]
    if new and wrote:
        lines += ["", f"added to boards.toml: {', '.join(each.name for each in new)}"]
    elif new:
        lines += ["", "for boards.toml (--write adds it):", ""]
        lines += [entry(each) for each in new]
    return "\n".join(lines).rstrip("\n")


def _line(found: Found) -> str:
    head = f"{found.port.device}  {found.port.adapter}"
    if found.chip is None:
        return f"{head}  {found.problem}"
    how = "asked" if found.asked else "remembered"
    name = f"is board {found.name}" if found.known else "is not in boards.toml"
    size = f"{found.chip.flash_size >> 20} MB flash"
    return f"{head}  {found.chip.chip.value}, MAC {found.chip.mac}, {size} ({how}); {name}"


def _plain(found: Found) -> dict[str, Any]:
    chip = found.chip
    return {
        "device": found.port.device,
        "vid": found.port.vid,
        "pid": found.port.pid,
        "serial": found.port.serial,
        "location": found.port.location,
        "adapter": found.port.adapter,
        "chip": chip.chip.value if chip else None,
        "mac": chip.mac if chip else None,
        "flash_size": chip.flash_size if chip else None,
        "asked": found.asked,
        "problem": found.problem,
        "board": found.name if found.known else None,
        "proposed": found.name if chip and not found.known else None,
    }


def _catalog(context: Context) -> Path:
    return context.project / "boards.toml"


def _hold(context: Context, port: UsbPort, boards: Sequence[BoardSpec]) -> AbstractContextManager[object]:
    """Keep others from a port while its chip is asked: by the lease of the board that is said to be there."""
    from hostkit.boards.foreign import refuse_open_port  # noqa: PLC0415 - not for --help
    from hostkit.boards.lease import LeaseOffice, Wanted  # noqa: PLC0415

    device = Path(port.device).resolve()
    spec = next((each for each in boards if each.port and Path(each.port).resolve() == device), None)
    if spec is None:
        refuse_open_port(port.device, port.device)
        return nullcontext()
    office = LeaseOffice(context.paths.leases, context.clock)
    lease = office.take(Wanted(spec.identity, spec.name), "hostkit boards scan")
    try:
        refuse_open_port(port.device, f"board {spec.name}")
    except BaseException:
        lease.close()
        raise
    return lease
