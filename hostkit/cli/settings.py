"""``hostkit settings``: every setting, its value and where it came from."""

from __future__ import annotations

import json
import os
import re

import click

from hostkit.cli.context import Context


@click.command("settings")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a table.")
@click.pass_obj
def settings_command(context: Context, as_json: bool) -> None:
    """Show every setting and where it came from.

    Set one in hostkit.toml (name = value), by HOSTKIT_<NAME> in the environment, or by the flag
    of the verb that uses it; the later in this list wins.
    """
    from hostkit.settings.load import load_settings  # noqa: PLC0415 - pydantic, not for --help
    from hostkit.settings.model import Settings  # noqa: PLC0415

    resolved = load_settings(context.project, os.environ, {})
    if as_json:
        rows = {
            name: {
                "value": shown(getattr(resolved.settings, name)),
                "source": o.source.value,
                "place": o.place,
            }
            for name, o in resolved.origins.items()
        }
        click.echo(json.dumps(rows, indent=2))
        return
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("setting", "value", "from", "what it is"):
        table.add_column(heading)
    for name, origin in resolved.origins.items():
        described = Settings.model_fields[name].description or ""
        table.add_row(name, str(shown(getattr(resolved.settings, name))), origin.place, described)
    context.console.print(table)


def shown(value: object) -> object:
    """Return a value without the password that a URL may carry."""
    return re.sub(r"(://[^/@:]*):[^/@]*@", r"\1:***@", value) if isinstance(value, str) else value
