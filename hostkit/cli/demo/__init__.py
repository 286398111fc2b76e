"""``hostkit demo``: all of it, in a throw-away clone, on virtual boards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from hostkit.cli.context import Context
from hostkit.errors import ExitCode, UsageError

_BOARDS = 2  # as many as there are tasks that can run at once
_SHOWN_REASONS = 4


@click.command("demo")
@click.option("-e", "--env", "env", default="virtual", show_default=True, help="PlatformIO environment.")
@click.option("--keep", is_flag=True, help="Keep the clone, to look around in it.")
@click.option("--graph", "graph", is_flag=True, help="A whole plan: 22 tasks, three boards, a few minutes.")
@click.option("--small", is_flag=True, help="With --graph: five tasks of it, two boards.")
@click.option(
    "--kill",
    "kills",
    type=click.IntRange(0, 9),
    default=2,
    show_default=True,
    help="With --graph: kill -9 its runner so often.",
)
@click.pass_obj
def demo_command(context: Context, env: str, keep: bool, graph: bool, small: bool, kills: int) -> int:
    """Show all of it in a throw-away clone, on virtual boards.

    One change adds a pattern with its model: it passes and merges, and so does what builds on it. One
    swaps two colours: it builds and boots, fails on the wire, and what builds on it never starts.
    Exit code 0 only if it went exactly so.

    With --graph it is a whole plan instead: a breakdown with the faults that such plans have is imported,
    settled and run by scripted agents, some of whom get it wrong at first. Its runner is killed on the way.
    Exit code 0 only if everything is merged in the end, and every commit that the branch went to has a
    signed pass that `hostkit verify` accepts.
    """
    with _clone(context, keep=keep) as place, _boards(place) as names:
        click.echo(f"clone   {place.project}, branch trunk at {_head(place)}")
        click.echo(f"boards  {', '.join(names)} (virtual, served for this demo)\n")
        if graph:
            from hostkit.cli.demo.graph.show import Wish, show_graph  # noqa: PLC0415 - not for --help

            return show_graph(context, place, Wish(env, kills, small))
        return _run(context, place, env)


@contextmanager
def _clone(context: Context, *, keep: bool) -> Iterator[Context]:
    """Give a context of a fresh clone of HEAD with a state directory of its own; artifacts are shared."""
    from hostkit.cli.demo.plan import TARGET  # noqa: PLC0415 - not for --help
    from hostkit.settings.paths import Paths  # noqa: PLC0415
    from hostkit.tasks.git import Git  # noqa: PLC0415

    git = Git(context.project, context.runner)
    if git.checkout().dirty:
        click.echo("note: uncommitted changes are not part of the demo: it clones the last commit", err=True)
    root = Path(tempfile.mkdtemp(prefix="hostkit-demo-"))
    try:
        clone = root / context.project.name
        git.run("clone", "--quiet", "--no-tags", str(context.project), str(clone))
        git.at(clone).run("checkout", "--quiet", "-B", TARGET)
        paths = Paths(root / "state", context.paths.cache)
        yield Context(clone, paths, context.clock, context.runner)
    finally:
        if keep:
            click.echo(f"kept    {root}", err=True)
        else:
            shutil.rmtree(root, ignore_errors=True)


@contextmanager
def _boards(place: Context) -> Iterator[tuple[str, ...]]:
    """Serve virtual boards until the block ends."""
    from hostkit.boards.catalog import load_catalog  # noqa: PLC0415 - not for --help
    from hostkit.boards.model import Kind  # noqa: PLC0415
    from hostkit.boards.open import open_board  # noqa: PLC0415

    catalog = load_catalog(place.project / "boards.toml")
    chosen = [spec for spec in catalog if spec.kind is Kind.VIRTUAL][:_BOARDS]
    if not chosen:
        raise UsageError(
            "boards.toml has no virtual board", hint="add one: [boards.virt0] kind = 'virtual' …"
        )
    with ExitStack() as stack:
        for spec in chosen:
            board = open_board(spec, boards_dir=place.paths.boards, clock=place.clock)
            stack.callback(board.close)
        yield tuple(spec.name for spec in chosen)


def _run(context: Context, place: Context, env: str) -> int:
    from hostkit.cli.demo.plan import differences, plan_text  # noqa: PLC0415 - none of it for --help
    from hostkit.cli.tasks import Kept, merge_words, open_workshop  # noqa: PLC0415
    from hostkit.report.tasks import task_lines  # noqa: PLC0415
    from hostkit.settings.load import load_settings  # noqa: PLC0415
    from hostkit.tasks.runner import TaskRunner  # noqa: PLC0415
    from hostkit.train.tasks import TaskTrain  # noqa: PLC0415

    file = place.paths.state.parent / "demo.yaml"
    file.write_text(plan_text(env), encoding="utf-8")
    runs_dir = load_settings(context.project, os.environ, {}).settings.runs_dir
    kept = Kept(runs=context.project / runs_dir, database="")  # the clone goes, the evidence stays
    with open_workshop(place, file, kept) as shop:
        now = TaskRunner(shop, jobs=_BOARDS, merging=TaskTrain(shop)).run()
        merges = merge_words(shop, now)
        records = [record for task in now.values() if task.commit for record in shop.records(task.commit)]
        swapped = shop.records(now["colour-order"].commit) if now["colour-order"].commit else ()
    click.echo("")
    context.console.print(task_lines(shop.plan, now, merges))
    wrong = differences(now, merges, swapped[-1] if swapped else None)
    if swapped:
        click.echo("\nwhat stopped colour-order:")
        for reason in swapped[-1].reasons[:_SHOWN_REASONS]:
            click.echo(f"  {reason}")
        click.echo(f"  … {len(swapped[-1].reasons)} reasons in all")
    click.echo("\nevidence:")
    for record in records:
        click.echo(f"  {record.verdict.value:<6} {record.commit[:12]} on {record.board}  {record.evidence}")
    for line in wrong:
        click.echo(click.style("not as it must be: ", fg="red", bold=True) + line)
    if wrong:
        return ExitCode.FAIL
    click.echo(
        "\nAs it must be: what the board showed to be right is merged, what it showed to be wrong is not,"
        "\nand nobody had a say in it."
    )
    return ExitCode.PASS


def _head(place: Context) -> str:
    from hostkit.tasks.git import Git  # noqa: PLC0415 - not for --help

    return Git(place.project, place.runner).resolve("HEAD")[:12]
