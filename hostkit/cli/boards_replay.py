"""``hostkit boards replay``: a recording acts as a board."""

from __future__ import annotations

from pathlib import Path

import click

from hostkit.cli.context import Context


@click.command("replay")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--port", type=click.Path(path_type=Path), help="Name of the port to make.")
@click.option("--fast", is_flag=True, help="Without the recorded pauses.")
@click.pass_obj
def replay_command(context: Context, file: Path, port: Path | None, fast: bool) -> None:
    """Play a recording to whoever opens its port, until Ctrl-C.

    FILE is what `monitor --record` kept, or the link.jsonl of a run. What the board said unasked comes
    first; after that a request gets what was answered to its like, and none that was never asked.
    """
    from hostkit.testing.replay import ReplayServer, read_recording  # noqa: PLC0415 - not for --help

    turns = read_recording(file)
    link = port or context.paths.state / "replay" / file.stem
    server = ReplayServer(turns, link, context.clock, fast=fast)
    try:
        click.echo(f"{file.name} plays on {server.port}: {len(turns) - 1} requests are known; Ctrl-C ends it")
        server.run()
    finally:
        server.close()
        if server.unknown:
            click.echo(f"{server.unknown} requests were not in the recording", err=True)
