"""Write docs/reference/cli.md and settings.md from the option tables, the schemas of a report and of a plan.

And what `hostkit --help` prints, which comes without click. A test says when one of them is stale.

python docs/generate.py
"""

from __future__ import annotations

import json
from pathlib import Path

import click
from hil_plugin import plugin_page

from hostkit.cli import help_glance
from hostkit.cli.spawn import spawn_command
from hostkit.cli.verbs import VERBS, main_group
from hostkit.report.record import json_schema
from hostkit.settings.load import FILE_NAME, PREFIX
from hostkit.settings.model import Settings
from hostkit.tasks.schema import json_schema as plan_schema

REFERENCE = Path(__file__).parent / "reference"
WRITTEN = "<!-- written by docs/generate.py: change the code, not this page -->\n\n"

SETTINGS_HEAD = f"""# Settings

A value comes from, each winning over the one before: the default, `{FILE_NAME}` in the checkout
(`name = value`), the environment, the flag of a verb. `hostkit settings` shows every value and its origin.

| setting | default | environment | what it is |
| --- | --- | --- | --- |
"""

SETTINGS_FOOT = """
Three more only by the environment: `HOSTKIT_STATE_DIR` (boards, leases, ledger, keys), `HOSTKIT_CACHE_DIR`
(artifacts, compiler caches, PlatformIO's core directory), and `HOSTKIT_SIGNING_KEY`: a private key file that
evidence is signed with instead of the user's own.
"""


def cli_page() -> str:
    """Return the page of verbs, in the order of `hostkit --help`."""
    parts = [WRITTEN, "# The command line\n\n"]
    parts += [f"- [`hostkit {name}`](#hostkit-{name}): {verb.summary}\n" for name, verb in VERBS.items()]
    for name, verb in VERBS.items():
        parts.append(_section(f"hostkit {name}", verb.load(), "##"))
    parts.append(_section("agent-spawn", spawn_command, "##"))
    return "".join(parts)


def _section(path: str, command: click.Command, level: str) -> str:
    context = click.Context(command, info_name=path)
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    text = f"\n{level} {path}\n\n{_paragraphs(command.help or '')}\n\n    {usage}\n"
    options = [p.get_help_record(context) for p in command.params if isinstance(p, click.Option)]
    rows = [row for row in options if row]
    if rows:
        text += "\n| option | meaning |\n| --- | --- |\n"
        text += "".join(f"| `{_cell(flag)}` | {_cell(meaning)} |\n" for flag, meaning in rows)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            text += _section(f"{path} {name}", inner, level + "#")
    return text


def _paragraphs(text: str) -> str:
    """Keep the blocks that click prints as they stand as code blocks, and join the lines of all others."""
    shown = []
    for block in text.strip().split("\n\n"):
        lines = block.splitlines()
        if lines[0].strip() == "\b":
            shown.append("\n".join(["```", *(line.removeprefix("    ") for line in lines[1:]), "```"]))
        else:
            shown.append(" ".join(line.strip() for line in lines))
    return "\n\n".join(shown)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def settings_page() -> str:
    """Return the page of settings."""
    parts = [WRITTEN, SETTINGS_HEAD]
    for name, field in Settings.model_fields.items():
        variable = f"{PREFIX}{name.upper()}"
        parts.append(
            f"| `{name}` | `{field.default!r}` | `{variable}` | {_cell(field.description or '')} |\n"
        )
    parts.append(SETTINGS_FOOT)
    return "".join(parts)


def schema_page() -> str:
    """Return the JSON Schema of `hostkit report json`."""
    return json.dumps(json_schema(), indent=2) + "\n"


def help_text() -> str:
    """Return what click writes for `hostkit --help` where there is room."""
    room = help_glance.COLUMNS
    context = click.Context(
        main_group(), info_name="hostkit", terminal_width=room - 2, max_content_width=room
    )
    return context.get_help() + "\n"


PAGES = {"cli.md": cli_page, "settings.md": settings_page, "report.schema.json": schema_page}
PAGES["tasks.schema.json"] = lambda: json.dumps(plan_schema(), indent=2) + "\n"
PAGES["hil-plugin.md"] = lambda: WRITTEN + plugin_page()


if __name__ == "__main__":
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page())
    Path(help_glance.PLACE).write_text(help_text())
