"""``hostkit tasks import``: a plan that others wrote, to a ``tasks.yaml`` that a person reviews."""

from __future__ import annotations

import json
from pathlib import Path

import click

from hostkit.errors import UsageError


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the plan there.")
@click.option("--force", is_flag=True, help="Replace an output that is there already.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as a JSON object.")
def import_command(file: Path, output: Path | None, force: bool, as_json: bool) -> None:
    """Read a plan that others wrote, say what is wrong with it, and write tasks.yaml with -o.

    Markdown (headings, lists, check boxes, tables, trees), a dispatcher's YAML, Task Master's tasks.json,
    spec-kit's tasks.md. Nothing in it is run, and whatever looks like a secret is masked. An unknown id or
    a cycle is an error, and nothing is written. Every task is incomplete until you give it a check.
    """
    from hostkit.files import atomic_write  # noqa: PLC0415 - none of it for --help
    from hostkit.tasks.importing.document import import_file  # noqa: PLC0415
    from hostkit.tasks.importing.telling import report_lines, report_record  # noqa: PLC0415
    from hostkit.tasks.importing.writing import plan_text  # noqa: PLC0415

    if output is not None and output.exists() and not force:
        raise UsageError(f"{output} is there already", hint="name another file, or replace it: --force")
    outline = import_file(file)
    if as_json:
        click.echo(json.dumps(report_record(outline), indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(report_lines(outline)))
    text = plan_text(outline)
    if output is not None:
        atomic_write(output, text.encode())
        click.echo(f"written: {output}; look through it, then: hostkit tasks lint --file {output}", err=True)
