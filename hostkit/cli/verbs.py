"""The table of verbs, and the click group over it."""

from __future__ import annotations

import os
from pathlib import Path

import click

from hostkit import __version__
from hostkit.cli.lazy import LazyGroup, Verb

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
Exit codes: 0 pass, 1 fail, 2 usage or settings, 3 inconclusive (no board,
link lost), 4 invalid (wrong firmware, broken evidence), 5 a tool or the
machine failed, 130 interrupted.
"""


def main_group() -> click.Group:
    """Return the command ``hostkit`` itself."""
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
