"""The ``hostkit`` command: one table of verbs, one place where errors become exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

import click

from hostkit import __version__
from hostkit.cli.lazy import LazyGroup, Verb
from hostkit.errors import ExitCode, HostkitError

VERBS = {
    "doctor": Verb(
        "hostkit.cli.doctor:doctor_command", "Say what is here and what is missing; --fix provides it."
    ),
    "build": Verb(
        "hostkit.cli.build:build_command", "Build one env's firmware into a content-addressed artifact."
    ),
    "affected": Verb("hostkit.cli.affected:affected_command", "Say which envs and tests a change can touch."),
    "boards": Verb("hostkit.cli.boards:boards_group", "List, serve, reset and disturb boards."),
    "flash": Verb("hostkit.cli.flash:flash_command", "Flash an artifact and prove that the board runs it."),
    "monitor": Verb("hostkit.cli.monitor:monitor_command", "Show what a board says: frames, logs, ROM text."),
    "hil": Verb("hostkit.cli.hil:hil_command", "Run the hardware-in-the-loop suite on a board."),
    "gate": Verb("hostkit.cli.gate:gate_command", "Build, flash, test: one verdict, with evidence."),
    "queue": Verb("hostkit.cli.queue:queue_group", "Put verbs in line: many submitters, few boards."),
    "tasks": Verb("hostkit.cli.tasks:tasks_group", "Run a task graph that only verdicts advance."),
    "merge": Verb(
        "hostkit.cli.merge:merge_group", "Merge changes one on top of the other, each with a pass."
    ),
    "bisect": Verb("hostkit.cli.bisect:bisect_command", "Find the first bad commit by verdicts."),
    "git": Verb("hostkit.cli.git:git_group", "Let git itself refuse what has no pass: hooks."),
    "waive": Verb(
        "hostkit.cli.waive:waive_group", "Answer, signed, for what a rule or a test holds against."
    ),
    "report": Verb(
        "hostkit.cli.report:report_group", "Show what runs left: JSON, Markdown, a page; compare."
    ),
    "verify": Verb(
        "hostkit.cli.verify:verify_command", "Check the evidence of a verdict; needs nothing but the bundle."
    ),
    "ledger": Verb("hostkit.cli.ledger:ledger_group", "Check the chain of verdicts."),
    "gc": Verb("hostkit.cli.gc:gc_command", "Remove what is old and what no evidence refers to."),
    "keys": Verb("hostkit.cli.keys:keys_group", "Show the key that evidence is signed with."),
    "demo": Verb("hostkit.cli.demo:demo_command", "Show all of it in a throw-away clone, on virtual boards."),
    "settings": Verb("hostkit.cli.settings:settings_command", "Show every setting and where it came from."),
}

HELP = """Build, flash and prove ESP32 LED firmware.

Nothing counts as done unless a board showed it: completion is derived from evidence.

\b
Exit codes: 0 pass, 1 fail, 2 usage or settings, 3 inconclusive (no board, link lost),
4 invalid (wrong firmware, broken evidence), 5 a tool or the machine failed, 130 interrupted.
"""


def _main_group() -> click.Group:
    group = LazyGroup(VERBS, help=HELP)
    group.params.append(
        click.Option(
            ["--project", "-C"],
            type=click.Path(exists=True, file_okay=False, path_type=Path),
            help="The firmware checkout (default: the nearest platformio.ini upwards).",
        )
    )
    click.version_option(__version__, prog_name="hostkit")(group)

    def prepare(project: Path | None) -> None:
        from hostkit.cli.context import Context  # noqa: PLC0415 - nothing of it is needed for --help

        start = (project or Path.cwd()).resolve()
        click.get_current_context().obj = Context.of_system(start, dict(os.environ))

    group.callback = prepare
    return group


def interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's own signature
    """Treat TERM and HUP as Ctrl-C, so that every ``finally`` runs: boards released, children ended."""
    raise KeyboardInterrupt


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises, never calls ``sys.exit``."""
    return run_command_line(_main_group(), arguments, "hostkit")


def run_command_line(command: click.Command, arguments: Sequence[str], name: str) -> int:
    """Run one command line of any of the project's programs; see :func:`run`."""
    try:
        result = command.main(list(arguments), prog_name=name, standalone_mode=False)
        return int(result) if isinstance(result, int) else ExitCode.PASS
    except HostkitError as error:
        _say(error.message, error.hint)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader went away. Point stdout elsewhere, or the interpreter complains once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.TOOL
    except Exception:  # noqa: BLE001 - the last line of defence: a bug must still end in an exit code
        import traceback  # noqa: PLC0415 - only when hostkit itself is broken

        traceback.print_exc()
        _say("hostkit itself failed; this is a bug", "please report it with the text above")
        return ExitCode.TOOL


def _say(message: str, hint: str) -> None:
    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style(" hint: ", fg="cyan", bold=True) + hint, err=True)


def entry() -> None:
    """Entry point of the ``hostkit`` script."""
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGHUP, interrupt)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    entry()
