"""``hostkit monitor``: what a board says, decoded and stamped, and what a person types to it."""

from __future__ import annotations

import queue
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode, HostkitError, InconclusiveError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostkit.boards.model import Board
    from hostkit.cli.monitor_crash import CrashLines
    from hostkit.link.client import Link
    from hostkit.link.transcript import Transcript
    from hostkit.link.transport import Transport

FILE = click.Path(dir_okay=False, path_type=Path)
_POLL_S = 0.05
_REOPEN_S = 0.2
_AFTER_INPUT_S = 0.3  # how long to listen on after the last command of a pipe was answered


@click.command("monitor")
@click.option("-b", "--board", help="Board of boards.toml (default: the setting `board`).")
@click.option("--type", "typing", is_flag=True, help="Send each line of standard input as a command.")
@click.option("--for", "for_s", type=click.FloatRange(min=0), metavar="SECONDS", help="End after that time.")
@click.option("--reset", is_flag=True, help="Reset the board first, to see it boot.")
@click.option("--raw", is_flag=True, help="Write the bytes as they come, nothing decoded.")
@click.option("--record", type=FILE, metavar="FILE", help="Keep both directions, for `boards replay FILE`.")
@click.option("--elf", type=FILE, metavar="FILE", help="Decode crashes with it (default: by the build id).")
@click.pass_obj
def monitor_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    board: str | None,
    typing: bool,
    for_s: float | None,
    reset: bool,
    raw: bool,
    record: Path | None,
    elf: Path | None,
) -> int:
    """Show what a board says: frames, logs, ROM text, each with seconds since the start.

    \b
    Lines begin with `<` for what came, `>` for what was sent, `!` for what went wrong: among it crashes,
    decoded to function, file and line.
    With --type, commands are typed as they are named in link.cddl:
      step 1000
      configure lava 7 speed=3
      mode live 60
    `help` lists them all. From a pipe, monitor ends when the last one is answered, with exit code 1
    when one of them failed.
    """
    if raw and (typing or record):
        other = "--type" if typing else "--record"
        raise UsageError(f"--raw and {other} exclude each other", hint="leave one of them out")
    from hostkit.boards.model import Kind  # noqa: PLC0415 - not for --help
    from hostkit.cli.flash import find_board, hold_board, settings_of  # noqa: PLC0415
    from hostkit.link.transcript import Transcript  # noqa: PLC0415
    from hostkit.link.transport import open_transport  # noqa: PLC0415

    with ExitStack() as stack:
        settings = settings_of(context, board=board)
        held = hold_board(context, settings, find_board(context, settings.board), "hostkit monitor", stack)
        first = held.spec.kind is not Kind.VIRTUAL  # a real board's reset needs the port for itself
        if reset and first:
            held.run_application()
        transport = open_transport(held.link_port())
        if reset and not first:
            held.run_application()
        deadline = None if for_s is None else context.clock.monotonic_ns() + round(for_s * 1e9)
        monitor = Monitor(context, held, deadline, crash_lines(context, elf))
        if record is not None:
            monitor.transcript = stack.enter_context(Transcript(context.clock, path=record))
        if raw:
            return monitor.run_raw(transport)
        return monitor.run(transport, sys.stdin if typing else None)


def crash_lines(context: Context, elf: Path | None) -> CrashLines:
    """Return what decodes crashes while a board is watched."""
    from hostkit.cli.monitor_crash import CrashLines  # noqa: PLC0415 - not for --help
    from hostkit.crash.shelf import CrashDecoder  # noqa: PLC0415

    return CrashLines(CrashDecoder(context.paths.artifacts), elf)


class Monitor:
    """One session of watching; ``deadline_ns`` None is until Ctrl-C, or the end of a pipe of commands."""

    def __init__(
        self, context: Context, board: Board, deadline_ns: int | None, crashes: CrashLines | None = None
    ) -> None:
        """Start the stamps at zero. ``transcript``, if set before :meth:`run`, keeps every byte."""
        self._clock = context.clock
        self._board = board
        self._deadline_ns = deadline_ns
        self._began_ns = context.clock.monotonic_ns()
        self._crashes = crashes
        self.transcript: Transcript | None = None
        self._failures = 0
        self._unsent: str | None = None  # a command that met a vanished port

    def run(self, transport: Transport, typed: Any) -> int:
        """Show what comes and send what is typed; a port that vanishes is waited for."""
        from hostkit.link.errors import PortGoneError  # noqa: PLC0415 - not for --help

        lines = _Lines(typed) if typed is not None else None
        self._say("-", f"{self._board.spec.name} on {transport.name}")
        while True:
            try:
                return self._watch(transport, lines)
            except PortGoneError as error:
                self._say("!", error.message)
                transport.close()
                transport = self._reopen()

    def run_raw(self, transport: Transport) -> int:
        """Copy bytes to standard output."""
        out = sys.stdout.buffer
        try:
            while not self._over():
                data = transport.read(_POLL_S)
                if data:
                    out.write(data)
                    out.flush()
        finally:
            transport.close()
        return ExitCode.PASS

    def _watch(self, transport: Transport, lines: _Lines | None) -> int:
        from hostkit.link.client import Link  # noqa: PLC0415 - not for --help

        with Link(transport, self._clock, transcript=self.transcript) as link:
            while not self._over():
                self._show(link, _POLL_S)
                line = self._unsent or (lines.next() if lines is not None else None)
                if line is not None:
                    self._send(link, line)
                elif lines is not None and lines.ended and self._deadline_ns is None:
                    self._deadline_ns = self._clock.monotonic_ns() + round(_AFTER_INPUT_S * 1e9)
        if self._crashes is not None:
            self._tell(self._crashes.end())
        piped = lines is not None and not lines.interactive
        return ExitCode.FAIL if piped and self._failures else ExitCode.PASS

    def _show(self, link: Link, timeout_s: float) -> None:
        from hostkit.link.views import describe_incoming  # noqa: PLC0415 - not for --help

        items = link.receive(timeout_s)
        for item in items:
            for line in describe_incoming(item):
                self._say("<", line)
        if self._crashes is not None:
            self._tell(self._crashes.take(items, self._clock.monotonic_ns()))

    def _tell(self, crashes: Iterator[str]) -> None:
        for line in crashes:
            self._say("!", line)

    def _send(self, link: Link, line: str) -> None:
        from hostkit.link.commands import all_usages, parse_command  # noqa: PLC0415 - not for --help
        from hostkit.link.errors import PortGoneError  # noqa: PLC0415
        from hostkit.link.messages import Op  # noqa: PLC0415
        from hostkit.link.views import describe_value  # noqa: PLC0415

        if line.strip() == "help":
            for usage in all_usages():
                self._say("-", usage)
            return
        self._unsent = line
        try:
            command = parse_command(line)
            if command is None:
                self._unsent = None
                return
            self._say(">", line.strip())
            if command.op is Op.REBOOT:
                link.reboot()
                body = None
            else:
                body = link.request(command.op, command.args, lambda reply: reply)
            self._show(link, 0)
            self._say("<", "ok" if body is None else f"ok {describe_value(body)}")
        except PortGoneError:
            raise
        except HostkitError as error:
            self._failures += 1
            self._say("!", error.message + (f" ({error.hint})" if error.hint else ""))
        self._unsent = None

    def _reopen(self) -> Transport:
        """Wait for the port to come back, under whatever name. Raises when the time is over first."""
        from hostkit.link.transport import open_transport  # noqa: PLC0415 - not for --help

        while True:
            try:
                transport = open_transport(self._board.link_port())
            except InconclusiveError:
                if self._over():
                    raise
                self._clock.sleep(_REOPEN_S)
            else:
                self._say("-", f"{self._board.spec.name} is back on {transport.name}")
                return transport

    def _over(self) -> bool:
        return self._deadline_ns is not None and self._clock.monotonic_ns() >= self._deadline_ns

    def _say(self, mark: str, line: str) -> None:
        from hostkit.link.views import stamp  # noqa: PLC0415 - not for --help

        since = stamp((self._clock.monotonic_ns() - self._began_ns) // 1000)
        colour = {"<": None, ">": "cyan", "!": "red", "-": "bright_black"}[mark]
        click.echo(click.style(f"{since} {mark} {line}", fg=colour))
        sys.stdout.flush()


class _Lines:
    """Lines of a text stream without waiting for them: a thread reads ahead, and ends with the process."""

    def __init__(self, stream: Any) -> None:
        self.interactive = bool(stream.isatty())
        self.ended = False
        self._queue: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), name="typed lines", daemon=True).start()

    def _read(self, stream: Any) -> None:
        for line in stream:
            self._queue.put(line)
        self._queue.put(None)

    def next(self) -> str | None:
        """Return the next line, None when none waits or there will be no more (:attr:`ended`)."""
        try:
            line = self._queue.get_nowait()
        except queue.Empty:
            return None
        self.ended = line is None
        return line
