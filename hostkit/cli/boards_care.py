"""``hostkit boards check``, ``recover`` and ``restore``: boards that misbehave."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode, FailedError, InconclusiveError

if TYPE_CHECKING:
    from hostkit.boards.ladder import Tried
    from hostkit.boards.model import Board, BoardSpec
    from hostkit.boards.outage import OutageBook
    from hostkit.build.model import Artifact
    from hostkit.flash.model import Bench
    from hostkit.settings.model import Settings

_ECHO = bytes(range(256))


@click.command("check")
@click.argument("name", required=False)
@click.option("-e", "--env", "env", help="Whose known-good image (default: the setting `env`).")
@click.option(
    "--artifact",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="An artifact's directory instead of the last that passed on this board.",
)
@click.pass_obj
def check_command(context: Context, name: str | None, env: str | None, artifact: Path | None) -> None:
    """Tell a sick board from sick firmware: flash an image that is known to run, and talk to it.

    NAME is a board of boards.toml (default: the setting `board`). The image is the last of the env that
    passed a gate on it. Exit codes: 0 the board is well,
    1 it does not run what it ran before, 3 no such image, or the board is absent or taken.
    """
    from hostkit.cli.flash import find_board, hold_board, settings_of  # noqa: PLC0415 - not for --help
    from hostkit.flash.golden import known_good  # noqa: PLC0415

    settings = settings_of(context, board=name, env=env)
    spec = find_board(context, settings.board)
    image = known_good(context.paths, _database(), spec.name, settings.env, artifact)
    with ExitStack() as stack:
        held = hold_board(context, settings, spec, "hostkit boards check", stack, _tell)
        _prove(context, settings, image, held)
    click.echo(f"{spec.name} is well: it runs {image.env} {image.short_id}, says who it is, and echoes")
    if (outage := _book(context).find(spec)) is not None:
        click.echo(f"it is out of service ({outage.reason}); say: hostkit boards restore {spec.name}")


@click.command("recover")
@click.argument("name")
@click.option("-e", "--env", "env", help="Whose known-good image to try last (default: the setting `env`).")
@click.pass_obj
def recover_command(context: Context, name: str, env: str | None) -> int:
    """Bring a board back that does not answer; take it out of service when nothing helps.

    \b
    Tried in this order, until it answers:
      the link's own reset, DTR and RTS, a power cycle (`power` of boards.toml, or uhubctl),
      an image that is known to run on it
    """
    from hostkit.cli.flash import find_board, hold_board, settings_of  # noqa: PLC0415 - not for --help
    from hostkit.flash.golden import find_known_good  # noqa: PLC0415
    from hostkit.flash.recovery import RECORD, Medicine, recover  # noqa: PLC0415

    settings = settings_of(context, env=env)
    spec = find_board(context, name)
    into = context.paths.state / "recovery" / spec.name
    with ExitStack() as stack:
        held = hold_board(context, settings, spec, "hostkit boards recover", stack, _tell)
        image = find_known_good(context.paths, _database(), spec.name, settings.env)
        medicine = Medicine.of(held, _bench(context, settings, None), image)
        _tell(f"board {spec.name} has some {medicine.answer_s:.0f} s for each step to answer")
        result = recover(held, medicine, write=into, on_tried=_tell_step)
    if result.recovered:
        return ExitCode.PASS
    if result.reason:
        _book(context).take_out(spec, result.reason, str(into / RECORD))
    raise InconclusiveError(
        f"board {spec.name} does not answer", hint=f"look at it; what was tried is in {into / RECORD}"
    )


@click.command("restore")
@click.argument("name")
@click.pass_obj
def restore_command(context: Context, name: str) -> None:
    """Put a board back in service."""
    from hostkit.cli.flash import find_board  # noqa: PLC0415 - not for --help

    spec = find_board(context, name)
    restored = _book(context).restore(spec)
    click.echo(f"{name} is in service" + ("" if restored else ": it was not out of service"))


def outage_words(context: Context, spec: BoardSpec) -> str:
    """Return why a board is out of service, "" when it is in service."""
    outage = _book(context).find(spec)
    return outage.reason if outage is not None else ""


def _book(context: Context) -> OutageBook:
    from hostkit.boards.outage import OutageBook  # noqa: PLC0415 - not for --help

    return OutageBook(context.paths.state, context.clock)


def _tell(words: str) -> None:
    """Say on standard error where in line one waits for the board."""
    click.echo(words, err=True)


def _tell_step(tried: Tried) -> None:
    click.echo(f"{'✔' if tried.ok else '✘'} {tried.step.value:<16} {tried.detail}")


def _database() -> str:
    return os.environ.get("HOSTKIT_DATABASE_URL", "")


def _bench(context: Context, settings: Settings, log: Path | None) -> Bench:
    from hostkit.flash.memory import FlashMemory  # noqa: PLC0415
    from hostkit.flash.model import Bench, TimeOuts  # noqa: PLC0415
    from hostkit.link.crash.shelf import CrashDecoder  # noqa: PLC0415 - not for --help

    return Bench(
        runner=context.runner,
        clock=context.clock,
        log=log,
        time_outs=TimeOuts(write=settings.flash_timeout_s, boot=settings.boot_timeout_s),
        crashes=CrashDecoder(context.paths.artifacts),
        memory=FlashMemory.of(context.paths),
    )


def _prove(context: Context, settings: Settings, image: Artifact, board: Board) -> None:
    """Flash, ask who it is, and let it echo. Raises :class:`FailedError` for a board that is sick."""
    from hostkit.flash.service import flash_artifact  # noqa: PLC0415 - not for --help
    from hostkit.link.client import Link  # noqa: PLC0415
    from hostkit.link.errors import LinkTimeoutError  # noqa: PLC0415
    from hostkit.link.transport import open_transport  # noqa: PLC0415

    log = context.paths.state / "flash" / board.spec.name / "check.log"
    try:
        flash_artifact(image, board, _bench(context, settings, log))
        with Link(open_transport(board.link_port()), context.clock) as link:
            link.wait_ready(settings.boot_timeout_s)
            echoed = link.echo(_ECHO)
    except LinkTimeoutError as error:
        raise FailedError(
            f"board {board.spec.name} does not run {image.short_id}, which it ran before: {error.message}",
            hint="the board is sick, not your firmware: look at its supply, its flash, its cable",
        ) from error
    if echoed != _ECHO:
        raise FailedError(
            f"board {board.spec.name} sent back other bytes than it got",
            hint="look at the cable, and at the baud rate of its port",
        )
