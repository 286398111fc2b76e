"""``hostkit flash``: build if needed, write, and prove that the board runs it."""

from __future__ import annotations

import json
import os
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from hostkit.cli.context import Context
from hostkit.cli.waiting import wait_option
from hostkit.errors import UsageError
from hostkit.files import jsonable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress as Bar

    from hostkit.boards.model import Board, BoardSpec
    from hostkit.build.model import Artifact
    from hostkit.build.service import BuildEvent
    from hostkit.flash.model import FlashRecord, Progress
    from hostkit.settings.model import Settings

_STEP = 0.1  # a plain line for each tenth of a write


class _How(TypedDict):
    quick: bool
    erase_nvs: bool


@click.command("flash")
@click.option("-e", "--env", "env", help="PlatformIO environment (default: the setting `env`).")
@click.option("-b", "--board", help="Board of boards.toml (default: the setting `board`).")
@click.option("--full", is_flag=True, help="Write every region whole, whatever the flash holds.")
@click.option("--erase-nvs", is_flag=True, help="Also erase what the device stored (settings, boot count).")
@wait_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a summary.")
@click.pass_obj
def flash_command(  # noqa: PLR0913, PLR0917 - click gives each option by name
    context: Context,
    env: str | None,
    board: str | None,
    full: bool,
    erase_nvs: bool,
    lease_timeout: float | None,
    as_json: bool,
) -> None:
    """Flash an artifact and prove that the board runs it.

    The artifact is the build of this checkout as it is now. Another chip, MAC or flash size at the port is
    refused before anything is written (exit 4). What the device stored is kept. Done is when every region
    reads back by its MD5 and the firmware says the new build id over the link.

    Nothing is written when the chip's own MD5 of every region is the artifact's. When it is that of the
    artifact flashed last, only the sectors that differ are written. Else everything is.
    """
    from hostkit.boards.outage import OutageBook  # noqa: PLC0415 - not for --help

    _refuse_uncounted()
    settings = settings_of(context, env=env, board=board, lease_timeout_s=lease_timeout)
    spec = find_board(context, settings.board)
    OutageBook(context.paths.state, context.clock).refuse(spec)
    _refuse_env(context, settings.env, spec)
    with ExitStack() as stack:
        show = stack.enter_context(_shown(context))
        artifact = _artifact(context, settings, show)
        held = hold_board(context, settings, spec, f"hostkit flash -e {artifact.env}", stack, show.line)
        record = _flash(context, settings, artifact, held, show, quick=not full, erase_nvs=erase_nvs)
    click.echo(json.dumps(jsonable(record), indent=2) if as_json else summary(record))


def _refuse_uncounted() -> None:
    """Refuse an agent that has a budget of flashes: a flash alone leaves no verdict that it is counted by."""
    from hostkit.tasks.brief import FLASHES_COUNTED  # noqa: PLC0415 - not for --help

    if os.environ.get(FLASHES_COUNTED):
        raise UsageError(
            "flashes have a budget here, and a flash alone leaves nothing to be counted by",
            hint="ask for a verdict, which flashes and is counted: hostkit gate -e ENV -b BOARD",
        )


def _refuse_env(context: Context, env: str, spec: BoardSpec) -> None:
    """Refuse an env for another chip before anything is built."""
    from hostkit.build.project import read_env  # noqa: PLC0415 - not for --help
    from hostkit.flash.plan import refuse_env  # noqa: PLC0415

    refuse_env(env, read_env(context.project, env).chip.value, spec)


def settings_of(context: Context, **overrides: object) -> Settings:
    """Return the settings in force, with what the command line gave (None: not given)."""
    from hostkit.settings.load import load_settings  # noqa: PLC0415 - pydantic, not for --help

    return load_settings(context.project, os.environ, overrides).settings


def find_board(context: Context, name: str) -> BoardSpec:
    """Return a board of boards.toml, or one that is served without being there.

    Raises :class:`UsageError` with the nearest name for an unknown one.
    """
    from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - not for --help
    from hostkit.boards.model import BoardSpec, Chip, Kind  # noqa: PLC0415
    from hostkit.boards.served import read_record  # noqa: PLC0415

    try:
        return load_catalog(context.project / "boards.toml").get(name)
    except UsageError:
        served = read_record(context.paths.boards / name)
        if served is None:
            raise
    return BoardSpec(name, Kind.VIRTUAL, Chip(served.chip), served.mac, served.flash_size)


def hold_board(
    context: Context,
    settings: Settings,
    spec: BoardSpec,
    what: str,
    stack: ExitStack,
    tell: Callable[[str], None],
) -> Board:
    """Return a board, leased and opened until ``stack`` ends; ``what`` is told to whoever else wants it.

    ``tell`` hears of the place in line. Raises :class:`InconclusiveError` when it is taken or not there.
    """
    from hostkit.boards.foreign import refuse_foreign  # noqa: PLC0415 - not for --help
    from hostkit.boards.lease import LeaseOffice, Wanted  # noqa: PLC0415
    from hostkit.boards.open import open_board  # noqa: PLC0415

    lease = LeaseOffice(context.paths.leases, context.clock).take(
        Wanted(spec.identity, spec.name),
        f"{what} -b {spec.name}",
        timeout_s=settings.lease_timeout_s,
        env=os.environ,
        tell=tell,
    )
    stack.enter_context(lease)
    board = open_board(spec, boards_dir=context.paths.boards, clock=context.clock)
    stack.callback(board.close)
    refuse_foreign(board)
    return board


def summary(record: FlashRecord) -> str:
    """Return the lines for people; click takes the colours out where nobody sees them."""
    if record.skipped:
        head = click.style("unchanged", fg="cyan", bold=True) + f" {record.board}: 0 bytes"
    else:
        head = click.style("flashed", fg="green", bold=True) + f" {record.board}: {record.bytes} bytes"
    chip = record.identity
    where = f"{chip.chip.value}, MAC {chip.mac}, {chip.flash_size >> 20} MB flash, {record.port}"
    rows = [
        f"{head} in {record.seconds:.2f} s",
        f"  board      {where}",
        f"  way        {record.way.value}: {record.why}",
    ]
    rows += [
        f"  {region.role:<10} {region.size:>8} bytes at {region.offset:#08x}  md5 {region.md5_read}"
        for region in record.regions
    ]
    if record.erased:
        rows.append(f"  erased     {', '.join(record.erased)}")
    rows.append(f"  read back by {record.read_back_by.value}; the firmware says build {record.build_id}")
    return "\n".join(rows)


def _artifact(context: Context, settings: Settings, show: _Show) -> Artifact:
    from hostkit.build.service import build  # noqa: PLC0415 - not for --help

    result = build(
        context.project,
        settings.env,
        paths=context.paths,
        runner=context.runner,
        clock=context.clock,
        on_event=show.build,
        timeout_s=settings.build_timeout_s,
    )
    return result.artifact


def _flash(
    context: Context, settings: Settings, artifact: Artifact, board: Board, show: _Show, **how: Unpack[_How]
) -> FlashRecord:
    from hostkit.flash.memory import FlashMemory  # noqa: PLC0415
    from hostkit.flash.model import Bench, TimeOuts  # noqa: PLC0415
    from hostkit.flash.service import flash_artifact  # noqa: PLC0415
    from hostkit.link.crash.shelf import CrashDecoder  # noqa: PLC0415 - not for --help
    from hostkit.link.transcript import Transcript  # noqa: PLC0415

    into = context.paths.state / "flash" / board.spec.name
    with Transcript(context.clock, path=into / "boot.jsonl") as transcript:
        bench = Bench(
            runner=context.runner,
            clock=context.clock,
            log=into / "esptool.log",
            transcript=transcript,
            time_outs=TimeOuts(write=settings.flash_timeout_s, boot=settings.boot_timeout_s),
            on_progress=show.flash,
            crashes=CrashDecoder(context.paths.artifacts),
            memory=FlashMemory.of(context.paths),
        )
        return flash_artifact(artifact, board, bench, **how)


class _Show:
    """Progress on standard error: a bar on a terminal, else a line for each step that matters."""

    def __init__(self, bar: Bar | None) -> None:
        self._bar = bar
        self._task = None if bar is None else bar.add_task("preparing", total=1.0, detail="")
        self._told: tuple[str, int] = ("", -1)

    def build(self, event: BuildEvent) -> None:
        kind = event.kind.value
        if kind in ("note", "wait"):
            self.line(f"{kind}: {event.text}")
        elif kind == "compile" and event.total:
            self._update("build", event.done / event.total, event.text)

    def flash(self, progress: Progress) -> None:
        self._update(progress.stage.value, progress.fraction, progress.detail)

    def _update(self, stage: str, fraction: float, detail: str) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=f"{stage:<8}", completed=fraction, detail=detail)
            return
        step = (stage, int(fraction / _STEP))
        if step != self._told:
            self._told = step
            click.echo(f"{stage} {fraction:.0%} {detail}".rstrip(), err=True)

    def line(self, text: str) -> None:
        if self._bar is not None:
            self._bar.console.print(text, markup=False)
        else:
            click.echo(text, err=True)


@contextmanager
def _shown(context: Context) -> Iterator[_Show]:
    if not sys.stderr.isatty():
        yield _Show(None)
        return
    from rich.progress import (  # noqa: PLC0415 - only where somebody sees it
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        console=context.err_console,
        transient=True,
    ) as bar:
        yield _Show(bar)
