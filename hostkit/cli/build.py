"""``hostkit build``: one env's firmware into a content-addressed artifact."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context

if TYPE_CHECKING:
    from rich.progress import Progress

    from hostkit.build.model import Artifact
    from hostkit.build.platformio import CompileError
    from hostkit.build.service import BuildEvent, BuildResult, OnEvent
    from hostkit.settings.model import Settings

_BAR_WIDTH = 24
_SHOWN_ERRORS = 5


@click.command("build")
@click.option("-e", "--env", "env", help="PlatformIO environment (default: the setting `env`).")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of a summary.")
@click.option("-v", "--verbose", is_flag=True, help="Show all that PlatformIO and the compiler print.")
@click.pass_obj
def build_command(context: Context, env: str | None, as_json: bool, verbose: bool) -> None:
    """Build one env's firmware into a content-addressed artifact.

    Progress and warnings go to standard error, the summary (or JSON) to standard output. The same
    inputs are built once: an unchanged build takes what is stored, without starting PlatformIO.
    """
    from hostkit.build.platformio import CompileError  # noqa: PLC0415 - not for --help
    from hostkit.build.service import build  # noqa: PLC0415

    try:
        with _progress(context, verbose=verbose) as on_event:
            result = build(
                context.project,
                env or _settings(context).env,
                paths=context.paths,
                runner=context.runner,
                clock=context.clock,
                on_event=on_event,
                timeout_s=lambda: _settings(context).build_timeout_s,
            )
    except CompileError as error:
        _show_failure(error, as_json=as_json)
        raise
    for warning in result.warnings:
        click.echo(click.style("warning: ", fg="yellow", bold=True) + warning, err=True)
    click.echo(json.dumps(as_record(result), indent=2) if as_json else summary(result))


def _settings(context: Context) -> Settings:
    """Read the settings when one is needed: their library takes 80 ms, as long as an unchanged build."""
    from hostkit.settings.load import load_settings  # noqa: PLC0415

    return load_settings(context.project, os.environ, {}).settings


def as_record(result: BuildResult) -> dict[str, Any]:
    """Return what ``--json`` prints: stable names, sizes in bytes, seconds, absolute paths."""
    artifact = result.artifact
    return {
        "ok": True,
        "env": artifact.env,
        "build_id": artifact.build_id,
        "cached": result.cached,
        "seconds": round(result.seconds, 3),
        "artifact": str(artifact.directory),
        "chip": artifact.chip,
        "profile": artifact.profile,
        "version": artifact.version,
        "commit": artifact.commit,
        "dirty": artifact.dirty,
        "images": [
            {
                "role": i.role,
                "offset": i.offset,
                "file": i.file,
                "size": i.size,
                "sha256": i.sha256,
                "md5": i.md5,
            }
            for i in artifact.images
        ],
        "elf": artifact.elf,
        "sizes": {
            "flash": artifact.sizes.flash,
            "flash_budget": artifact.sizes.flash_budget,
            "ram": artifact.sizes.ram,
            "ram_budget": artifact.sizes.ram_budget,
        },
        "toolchain": dict(artifact.toolchain),
        "warnings": list(result.warnings),
    }


def summary(result: BuildResult) -> str:
    """Return the lines for people; click takes the colours out where nobody sees them."""
    artifact = result.artifact
    if result.cached:
        head = click.style("unchanged", fg="cyan", bold=True) + f" {artifact.env}"
    else:
        head = click.style("built", fg="green", bold=True) + f" {artifact.env} in {result.seconds:.1f} s"
    where = f"commit {artifact.commit[:12]}" if artifact.commit else "no commit"
    dirty = click.style(" (with changes)", fg="yellow") if artifact.commit and artifact.dirty else ""
    sizes = artifact.sizes
    return "\n".join(
        (
            f"{head}  {artifact.chip}, {artifact.profile}, version {artifact.version}, {where}{dirty}",
            _size_row("flash", sizes.flash, sizes.flash_budget),
            _size_row("RAM", sizes.ram, sizes.ram_budget),
            f"  id     {artifact.build_id}",
            f"  files  {_files(artifact)}",
        )
    )


def _files(artifact: Artifact) -> str:
    regions = ", ".join(f"{image.role} at 0x{image.offset:x}" for image in artifact.images)
    return f"{artifact.directory} ({regions})"


def _size_row(what: str, used: int, budget: int) -> str:
    if not budget:
        return f"  {what:<6} {used:>9} bytes"
    share = used / budget
    colour = "red" if share > 1 else "yellow" if share > 0.9 else "green"
    filled = min(_BAR_WIDTH, max(1, round(share * _BAR_WIDTH)))
    bar = click.style("█" * filled, fg=colour) + click.style("░" * (_BAR_WIDTH - filled), dim=True)
    return f"  {what:<6} {used:>9} of {budget:>9} bytes  {bar} {100 * share:5.1f} %"


def _show_failure(error: CompileError, *, as_json: bool) -> None:
    if as_json:
        rows = [
            {
                "severity": d.severity.value,
                "file": d.file,
                "line": d.line,
                "column": d.column,
                "message": d.message,
            }
            for d in error.diagnostics
        ]
        click.echo(json.dumps({"ok": False, "error": error.message, "diagnostics": rows}, indent=2))
        return
    for item in error.diagnostics[1:_SHOWN_ERRORS]:
        colour = "red" if item.severity.value == "error" else "yellow"
        click.echo(click.style(f"{item.severity.value}: ", fg=colour) + str(item), err=True)


@contextmanager
def _progress(context: Context, *, verbose: bool) -> Iterator[OnEvent]:
    """A bar on a terminal; elsewhere, or with all output shown, one line a step."""
    if verbose or not sys.stderr.isatty():
        yield partial(_print_event, verbose=verbose)
        return
    bar = _Bar(context)
    try:
        yield bar.show
    finally:
        bar.stop()


def _print_event(event: BuildEvent, *, verbose: bool) -> None:
    kind = event.kind.value
    if kind in ("note", "wait"):
        click.echo(click.style(f"{kind}: ", fg="yellow") + event.text, err=True)
    elif verbose:
        if kind == "output":
            click.echo(event.text, err=True)
    elif kind == "compile":
        click.echo(f"[{event.done}/{event.total or '?'}] {event.text}", err=True)
    elif kind != "output":
        click.echo(event.text, err=True)


class _Bar:
    """A bar that appears with the first thing to do: an unchanged build shows, and imports, nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._progress: Progress | None = None
        self._task: Any = None

    def show(self, event: BuildEvent) -> None:
        kind = event.kind.value
        if kind == "output":
            return
        if kind == "note" and self._progress is None:
            _print_event(event, verbose=False)
            return
        progress = self._started()
        if kind == "note":
            progress.console.print(f"note: {event.text}", markup=False, style="yellow")
            return
        progress.update(self._task, description=event.text, completed=event.done, total=event.total or None)

    def _started(self) -> Progress:
        if self._progress is None:
            from rich.progress import (  # noqa: PLC0415 - 50 ms, only when there is something to show
                BarColumn,
                MofNCompleteColumn,
                Progress,
                SpinnerColumn,
                TextColumn,
                TimeElapsedColumn,
            )

            self._progress = Progress(
                SpinnerColumn(),
                BarColumn(_BAR_WIDTH),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.description}", markup=False),
                console=self._context.err_console,
                transient=True,
            )
            self._progress.start()
            self._task = self._progress.add_task("preparing", total=None)
        return self._progress

    def stop(self) -> None:
        if self._progress is not None:
            self._progress.stop()
