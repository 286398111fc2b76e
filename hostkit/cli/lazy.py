"""Click groups: one that tells of its verbs in whole sentences, and one that imports a verb when it runs."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Verb(NamedTuple):
    """Where a verb's click command lives (``module:attribute``), and its line in ``--help``."""

    target: str
    summary: str

    def load(self) -> click.Command:
        """Import the module and return the command."""
        module, attribute = self.target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command), self.target
        return command


class TellingGroup(click.Group):
    """A group whose help shows the first sentence of each verb whole; click's own cuts it in its middle."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs, each with its first sentence."""
        rows = [
            (name, _first_sentence(command.help or ""))
            for name in self.list_commands(ctx)
            if (command := self.get_command(ctx, name)) is not None and not command.hidden
        ]
        with formatter.section("Verbs"):
            formatter.write_dl(rows)


def _first_sentence(text: str) -> str:
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) ", paragraph)[0]


class LazyGroup(click.Group):
    """A group over a table of :class:`Verb`, in whose order the help is: ``hostkit --help`` stays fast."""

    def __init__(
        self, verbs: Mapping[str, Verb], *, help: str | None, name: str | None = "hostkit", **more: Any
    ) -> None:
        """Keep the table; nothing is imported. ``more`` is click's own."""
        alone = bool(more.get("invoke_without_command"))
        super().__init__(name=name, help=help, no_args_is_help=not alone, **more)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs in the order of the table."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import and return one verb, or None when there is none of that name."""
        verb = self._verbs.get(cmd_name)
        return None if verb is None else verb.load()

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a verb; an unknown one is answered with the nearest name."""
        name = args[0]
        if name not in self._verbs and not name.startswith("-"):
            from difflib import get_close_matches  # noqa: PLC0415 - not for --help

            near = get_close_matches(name, self._verbs, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " See 'hostkit --help'."
            ctx.fail(f"No such verb '{name}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the verbs from the table, without importing any."""
        with formatter.section("Verbs"):
            formatter.write_dl([(name, verb.summary) for name, verb in self._verbs.items()])
