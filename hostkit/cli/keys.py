"""``hostkit keys``: the key that evidence is signed with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context, find_project
from hostkit.cli.lazy import TellingGroup

if TYPE_CHECKING:
    from hostkit.gate.keys import Signer


@click.group("keys", cls=TellingGroup)
def keys_group() -> None:
    """Show the key that evidence is signed with.

    It is made at first use, in the state directory, for this user alone, and never goes into a checkout.
    HOSTKIT_SIGNING_KEY names another one (Ed25519, PEM, no password), as a CI job wants it.
    """


@keys_group.command("show")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
@click.pass_obj
def show_command(context: Context, as_json: bool) -> None:
    """Show the key's id (SHA-256 of its 32 public bytes) and where the private key lies."""
    from hostkit.gate.keys import key_path  # noqa: PLC0415 - not for --help

    told = {"key_id": _signer(context).public.key_id, "path": str(key_path(context.paths, os.environ))}
    click.echo(json.dumps(told, indent=2) if as_json else f"{told['key_id']}  {told['path']}")


@keys_group.command("export")
@click.pass_obj
def export_command(context: Context) -> None:
    """Print the public key, for `hostkit verify --key` on another machine."""
    click.echo(_signer(context).public.pem(), nl=False)


@keys_group.command("trust")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def trust_command(context: Context, file: Path) -> None:
    """Let the evidence that another key signed count here: for tasks and merges, as one's own does.

    FILE is what `hostkit keys export` printed where that evidence is made.
    """
    from hostkit.files import atomic_write  # noqa: PLC0415 - not for --help
    from hostkit.gate.keys import read_public  # noqa: PLC0415

    _signer(context)  # its folder must be this user's alone
    key = read_public(file)
    atomic_write(context.paths.trusted / f"{key.key_id[:16]}.pem", key.pem().encode())
    click.echo(f"trusts {key.key_id}; remove {context.paths.trusted / key.key_id[:16]}.pem to end that")


def _signer(context: Context) -> Signer:
    from hostkit.gate.keys import checkouts_of, open_signer  # noqa: PLC0415

    project = find_project(context.start)
    return open_signer(context.paths, os.environ, checkouts_of(project) if project else ())
