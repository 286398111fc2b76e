"""``hostkit monitor``: what a board says, decoded and stamped, and what a person types to it."""

from __future__ import annotations

import queue
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context
from hostkit.cli.waiting import wait_option
from hostkit.errors import ExitCode, HostkitError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hostkit.cli.monitor_crash import CrashLines
    from hostkit.cli.watching import Turns
    from hostkit.link.client import Link
    from hostkit.link.transcript import Transcript
    from hostkit.link.transport import Transport

FILE = click.Path(dir_okay=False, path_type=Path)
_POLL_S = 0.05
_AFTER_INPUT_S = 0.3  # how long to listen on after the last command of a pipe was answered


@click.command("monitor")
@click.option("-b", "--board", help="Board of boards.toml (default: the setting `board`).")
@click.option("--type", "typing", is_flag=True, help="Send each line of standard input as a command.")
@click.option("--for", "for_s", type=click.FloatRange(min=0), metavar="SECONDS", help="End after that time.")
@click.option("--reset", is_flag=True, help="Reset the board first, to see it boot.")
@click.option("--raw", is_flag=True, help="Write the bytes as they come, nothing decoded.")
@wait_option
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
    lease_timeout: float | None,
    record: Path | None,
    elf: Path | None,
) -> int:
    """Show what a board says: frames, logs, ROM text, each with seconds since the start.

    Several monitors may read one board. All of them give way to a command that needs it for itself, such
    as flash or hil, and go on afterwards; lines with `--` say so. --type takes the board for itself, too.

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
    from hostkit.cli.flash import find_board, settings_of  # noqa: PLC0415 - not for --help
    from hostkit.cli.watching import Turns  # noqa: PLC0415
    from hostkit.link.transcript import Transcript  # noqa: PLC0415

    settings = settings_of(context, board=board, lease_timeout_s=lease_timeout)
    deadline = None if for_s is None else context.clock.monotonic_ns() + round(for_s * 1e9)
    monitor = Monitor(context, deadline, raw=raw, crashes=crash_lines(context, elf))
    spec = find_board(context, settings.board)
    with ExitStack() as stack:
        if record is not None:
            monitor.transcript = stack.enter_context(Transcript(context.clock, path=record))
        turns = Turns(context, spec, monitor.say, exclusive=typing, patience_s=settings.lease_timeout_s)
        stack.enter_context(closing(turns))
        return monitor.run(turns, sys.stdin if typing else None, reset=reset)


def crash_lines(context: Context, elf: Path | None) -> CrashLines:
    """Return what decodes crashes while a board is watched."""
    from hostkit.cli.monitor_crash import CrashLines  # noqa: PLC0415 - not for --help
    from hostkit.link.crash.shelf import CrashDecoder  # noqa: PLC0415

    return CrashLines(CrashDecoder(context.paths.artifacts), elf)


class Monitor:
    """One session of watching; ``deadline_ns`` None is until Ctrl-C, or the end of a pipe of commands."""

    def __init__(
        self,
        context: Context,
        deadline_ns: int | None,
        *,
        raw: bool = False,
        crashes: CrashLines | None = None,
    ) -> None:
        """Start the stamps at zero. ``raw``: bytes to standard output, marks to standard error.

        ``transcript``, if set before :meth:`run`, keeps every byte.
        """
        self._clock = context.clock
        self._deadline_ns = deadline_ns
        self._began_ns = context.clock.monotonic_ns()
        self._raw = raw
        self._crashes = crashes
        self.transcript: Transcript | None = None
        self._failures = 0
        self._unsent: str | None = None  # a command that met a vanished port

    def run(self, turns: Turns, typed: Any, *, reset: bool) -> int:
        """Show what comes and send what is typed; a port that vanishes or is taken is waited for."""
        from hostkit.link.errors import PortGoneError  # noqa: PLC0415 - not for --help

        transport = turns.first(self.over, reset=reset)
        lines = _Lines(typed) if typed is not None else None
        if not self._raw:
            self.say("-", f"{turns.board_name} on {transport.name}")
        while True:
            try:
                return self._copy(transport) if self._raw else self._watch(transport, lines)
            except PortGoneError as error:
                turns.lost(error)
                transport = turns.open(self.over)

    def say(self, mark: str, line: str) -> None:
        """Print one line with its stamp."""
        from hostkit.link.views import stamp  # noqa: PLC0415 - not for --help

        since = stamp((self._clock.monotonic_ns() - self._began_ns) // 1000)
        colour = {"<": None, ">": "cyan", "!": "red", "-": "bright_black", "--": "yellow"}[mark]
        click.echo(click.style(f"{since} {mark} {line}", fg=colour), err=self._raw)
        sys.stdout.flush()

    def over(self) -> bool:
        """Say whether the time is up."""
        return self._deadline_ns is not None and self._clock.monotonic_ns() >= self._deadline_ns

    def _copy(self, transport: Transport) -> int:
        out = sys.stdout.buffer
        while not self.over():
            data = transport.read(_POLL_S)
            if data:
                out.write(data)
                out.flush()
        return ExitCode.PASS

    def _watch(self, transport: Transport, lines: _Lines | None) -> int:
        from hostkit.link.client import Link  # noqa: PLC0415 - not for --help

        with Link(transport, self._clock, transcript=self.transcript) as link:
            while not self.over():
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
                self.say("<", line)
        if self._crashes is not None:
            self._tell(self._crashes.take(items, self._clock.monotonic_ns()))

    def _tell(self, crashes: Iterator[str]) -> None:
        for line in crashes:
            self.say("!", line)

    def _send(self, link: Link, line: str) -> None:
        from hostkit.link.commands import all_usages, parse_command  # noqa: PLC0415 - not for --help
        from hostkit.link.errors import PortGoneError  # noqa: PLC0415
        from hostkit.link.messages import Op  # noqa: PLC0415
        from hostkit.link.views import describe_value  # noqa: PLC0415

        if line.strip() == "help":
            for usage in all_usages():
                self.say("-", usage)
            return
        self._unsent = line
        try:
            command = parse_command(line)
            if command is None:
                self._unsent = None
                return
            self.say(">", line.strip())
            if command.op is Op.REBOOT:
                link.reboot()
                body = None
            else:
                body = link.request(command.op, command.args, lambda reply: reply)
            self._show(link, 0)
            self.say("<", "ok" if body is None else f"ok {describe_value(body)}")
        except PortGoneError:
            raise
        except HostkitError as error:
            self._failures += 1
            self.say("!", error.message + (f" ({error.hint})" if error.hint else ""))
        self._unsent = None


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
