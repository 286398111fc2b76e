"""The ``hostkit`` command: one place where errors become exit codes.

Click comes in where a command line is read by it: an answer that is known at a glance needs none of that.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hostkit.cli import help_glance, interrupts
from hostkit.errors import ExitCode, HostkitError

if TYPE_CHECKING:
    import click

# Objects made between two searches for garbage, and searches between two larger ones.
_SEARCHES = (20_000, 20, 20)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; never raises, never calls ``sys.exit``."""
    from hostkit.cli.verbs import main_group  # noqa: PLC0415 - not for an answer at a glance

    return run_command_line(main_group(), arguments, "hostkit")


def run_command_line(command: click.Command, arguments: Sequence[str], name: str) -> int:
    """Run one command line of any of the project's programs; see :func:`run`."""
    import click  # noqa: PLC0415 - not for an answer at a glance

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
    import click  # noqa: PLC0415 - loaded already, by whoever came to an error

    click.echo(click.style("error: ", fg="red", bold=True) + message, err=True)
    if hint:
        click.echo(click.style(" hint: ", fg="cyan", bold=True) + hint, err=True)


def begin() -> None:
    """Set the process up for the command line of any of the project's programs."""
    interrupts.listen()
    # Nearly all that a verb makes, modules above all, is there to its end. To search it for garbage on the
    # way, and once more as the interpreter ends, was a quarter of the time of a short one.
    gc.set_threshold(*_SEARCHES)
    atexit.register(gc.freeze)


def entry() -> None:
    """Entry point of the ``hostkit`` script."""
    begin()
    interrupts.leave(_answer(sys.argv[1:]))


def _answer(arguments: Sequence[str]) -> int:
    try:
        known = help_glance.answered(arguments, os.environ) or _known(arguments)
        return ExitCode.PASS if known else run(arguments)
    except KeyboardInterrupt:  # while modules are loaded; what a verb is at is interrupted in `run`
        print("interrupted", file=sys.stderr)
        return ExitCode.INTERRUPTED


def _known(arguments: Sequence[str]) -> bool:
    """Answer what is known at a glance; whatever goes wrong there, the verb itself finds and says."""
    if arguments[:1] != ["gate"]:
        return False
    gc.disable()  # a tenth of such an answer, in search of garbage that goes with the process
    try:
        from hostkit.cli.gate_glance import answered  # noqa: PLC0415 - for this verb alone

        return answered(arguments[1:])
    except Exception:  # noqa: BLE001 - a bug: the verb itself has it too, or answers
        return False
    finally:
        gc.enable()


if __name__ == "__main__":
    entry()
