"""``hostkit git``: the gate where git asks for it: hooks that let only proved commits in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hostkit.cli.context import Context
from hostkit.cli.gate_rules import CHECK, target_rules
from hostkit.cli.git_stop import asked_with_ledger, stop_hook_command
from hostkit.cli.lazy import TellingGroup
from hostkit.cli.repository import REPO, git_of
from hostkit.errors import ExitCode

if TYPE_CHECKING:
    from hostkit.tasks.git import Git

_HOOKS = ("pre-push", "pre-receive")
_TARGET = click.option("--target", default="main", show_default=True, help="The branch that is protected.")
_HOOK = click.option(
    "--hook",
    "names",
    multiple=True,
    type=click.Choice(_HOOKS),
    help="Default: pre-receive if bare, else pre-push.",
)


@click.group("git", cls=TellingGroup)
def git_group() -> None:
    """Let git itself refuse what has no pass."""


@git_group.command("install")
@REPO
@_TARGET
@_HOOK
@CHECK
@click.pass_obj
def install_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    repo: Path | None,
    target: str,
    names: tuple[str, ...],
    env: str | None,
    min_rung: str | None,
    min_fidelity: str | None,
) -> int:
    """Install hooks: the branch takes only commits that have a signed pass.

    What a commit must show says [gate] of hostkit.toml, as the branch has it when somebody pushes; with -e,
    --min-rung or --min-fidelity it is that instead.

    A hook of somebody else is never overwritten. A pre-push hook helps its owner and can be gone round
    (git push --no-verify); a pre-receive hook, in the repository that is pushed to, cannot.
    """
    from hostkit.train.admission import Hook  # noqa: PLC0415 - not for --help
    from hostkit.train.hooks import install, script  # noqa: PLC0415

    git = git_of(context, repo)
    given = (("-e", env), ("--min-rung", min_rung), ("--min-fidelity", min_fidelity))
    fixed = [word for option, value in given if value for word in (option, value)]
    state = {"HOSTKIT_STATE_DIR": str(context.paths.state.resolve())}  # whoever pushes: this ledger counts
    for name in names or (_default(git),):
        argv = (
            *(sys.executable, "-P", "-m", "hostkit", "git", "check", name, "--target", target),
            *fixed,
        )
        new = install(_folder(git), Hook(name), script(argv, state))
        click.echo(f"{name} {'installed' if new else 'was installed already'} in {_folder(git)}")
    return ExitCode.PASS


@git_group.command("uninstall")
@REPO
@_HOOK
@click.pass_obj
def uninstall_command(context: Context, repo: Path | None, names: tuple[str, ...]) -> int:
    """Remove hooks that `hostkit git install` wrote, and no others."""
    from hostkit.train.admission import Hook  # noqa: PLC0415 - not for --help
    from hostkit.train.hooks import uninstall  # noqa: PLC0415

    git = git_of(context, repo)
    for name in names or _HOOKS:
        gone = uninstall(_folder(git), Hook(name))
        click.echo(f"{name} {'removed' if gone else 'is none of ours, nothing to remove'}")
    return ExitCode.PASS


@git_group.command("check", hidden=True)
@click.argument("hook", type=click.Choice(_HOOKS))
@click.argument("rest", nargs=-1)
@_TARGET
@CHECK
@click.pass_obj
def check_command(  # noqa: PLR0913, PLR0917 - click passes each option by name
    context: Context,
    hook: str,
    rest: tuple[str, ...],  # noqa: ARG001 - a pre-push hook is given the remote's name and URL
    target: str,
    env: str | None,
    min_rung: str | None,
    min_fidelity: str | None,
) -> int:
    """Judge the push that git describes on standard input; what the hooks run."""
    from hostkit.train.admission import Hook, read_updates, refusals  # noqa: PLC0415 - not for --help

    updates = read_updates(Hook(hook), sys.stdin.read())
    ref = f"refs/heads/{target}"
    rules = target_rules(context, git_of(context, None), ref, env, min_rung, min_fidelity)
    _, found = asked_with_ledger(
        context,
        rules.may_waive,
        lambda records, doubts: refusals(updates, target, rules.checks, records, doubts),
    )
    for refusal in found:
        click.echo(f"hostkit: {refusal}", err=True)
    if found:
        click.echo("hostkit: prove the commit with `hostkit gate`, or use `hostkit merge submit`", err=True)
    return ExitCode.FAIL if found else ExitCode.PASS


git_group.add_command(stop_hook_command)


def _folder(git: Git) -> Path:
    git.common_dir()  # says it in words where there is no repository
    return (git.directory / git.run("rev-parse", "--git-path", "hooks").strip()).resolve()


def _default(git: Git) -> str:
    git.common_dir()  # as above
    return "pre-receive" if git.run("rev-parse", "--is-bare-repository").strip() == "true" else "pre-push"
