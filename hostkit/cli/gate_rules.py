"""What a gate and a merge must show: options, then ``[gate]`` of ``hostkit.toml``, then the defaults."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hostkit.cli.repository import commit_of, git_of
from hostkit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostkit.cli.context import Context
    from hostkit.clock import Clock
    from hostkit.gate.model import Rules
    from hostkit.gate.requirements import Required
    from hostkit.settings.rules import MergeRules
    from hostkit.tasks.git import Git
    from hostkit.tasks.model import GateCheck

F = TypeVar("F", bound="Callable[..., Any]")
RUNGS = ("linked", "rendered", "wired", "timed", "soaked")
FIDELITIES = ("virtual", "simulated", "board")


@dataclass(frozen=True, slots=True)
class Least:
    """What the command line said of it: None, or "" for ``rules_at`` (a commit), where it said nothing."""

    min_rung: str | None = None
    min_fidelity: str | None = None
    rules_at: str = ""


def rules_of(context: Context, env: str, least: Least) -> Rules:
    """Return the rules of one gate; who may waive says the checkout, or the commit ``rules_at``."""
    from hostkit.boards.model import Fidelity  # noqa: PLC0415 - not for --help
    from hostkit.gate.model import Rules  # noqa: PLC0415
    from hostkit.settings.rules import Requirement, read_rules  # noqa: PLC0415
    from hostkit.store.model import Rung  # noqa: PLC0415

    if least.rules_at:
        git = git_of(context, context.project)
        known = rules_in(git, commit_of(git, least.rules_at))
    else:
        known = read_rules(context.project)
    asked = known.of_env(env) or Requirement(env=env)
    return Rules(
        Rung.from_word(least.min_rung or asked.min_rung),
        Fidelity[(least.min_fidelity or asked.min_fidelity).upper()],
        may_waive=tuple(known.may_waive),
    )


def pinned(context: Context, rules_at: str) -> str:
    """Return the commit that ``rules_at`` names now, "" for none: a branch moves, and its rules with it."""
    return commit_of(git_of(context, context.project), rules_at) if rules_at else ""


def rules_in(git: Git, commit: str) -> MergeRules:
    """Return the rules that a commit has: what a change edits of them counts once it is merged."""
    from hostkit.settings.rules import FILE_NAME, MergeRules, parse_rules  # noqa: PLC0415 - not for --help

    prefix = git.ask("rev-parse", "--show-prefix").output.strip()  # of a project below its repository
    done = git.ask("show", f"{commit}:{prefix}{FILE_NAME}")
    return parse_rules(done.output, f"{commit[:12]}:{FILE_NAME}") if done.ok else MergeRules()


def today_of(clock: Clock) -> str:
    """Return the day by the wall clock, UTC, as an ISO date."""
    return str(datetime.fromtimestamp(clock.wall_ns() / 1e9, UTC).date())


# A pushed commit is in a place of its own until the push is taken; only a hook's environment says where.
_PLACES = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")


@dataclass
class TargetRules:
    """What a commit must show to go into a branch, by the rules that the branch itself has now.

    ``ref``: the full name of the branch, or ``HEAD``. ``asked``: the check that options made, which takes
    the place of what the rules require; without any it is what ``default`` returns. Who may
    waive is always the rules' word.
    """

    git: Git
    ref: str
    clock: Clock
    asked: GateCheck | None
    default: Callable[[], GateCheck]
    _known: dict[str, MergeRules] = field(default_factory=dict)

    def rules(self) -> MergeRules:
        """Return the rules at the branch's tip, none where there is no such branch."""
        from hostkit.settings.rules import MergeRules  # noqa: PLC0415 - not for --help

        tip = self.git.resolve(self.ref)
        if tip and tip not in self._known:
            self._known[tip] = rules_in(self.git, tip)
        return self._known.get(tip, MergeRules())

    def may_waive(self) -> tuple[str, ...]:
        """Return the ids of the keys whose waivers count."""
        return tuple(self.rules().may_waive)

    def required(self, commit: str) -> tuple[Required, ...]:
        """Return what a commit must show, with what is waived of it by waivers that it carries.

        Raises :class:`UsageError` where they leave nothing.
        """
        from hostkit.gate.requirements import Required, requirements  # noqa: PLC0415 - not for --help
        from hostkit.gate.waivers import read_waivers  # noqa: PLC0415

        rules = self.rules()
        if self.asked is not None or not rules.require:
            check = self.asked or self.default()
            return (Required(check, check),)
        files = self._waivers(commit) if rules.may_waive else {}
        waivers = read_waivers(files, rules.may_waive, "", today_of(self.clock))
        found = requirements(rules, waivers)
        if all(each.met_by is None for each in found):
            raise UsageError(
                f"{commit[:12]}: its waivers leave nothing to show", hint="a merge must pass something"
            )
        return found

    def checks(self, commit: str) -> tuple[GateCheck, ...]:
        """Return the same as what counts as a pass of each."""
        return tuple(each.met_by for each in self.required(commit) if each.met_by is not None)

    def _waivers(self, commit: str) -> dict[str, str]:
        from hostkit.gate.waivers import FOLDER  # noqa: PLC0415

        env = {name: os.environ[name] for name in _PLACES if name in os.environ}
        prefix = self.git.ask("rev-parse", "--show-prefix").output.strip()
        listed = self.git.ask(
            "ls-tree", "-z", "--full-tree", "--name-only", commit, f"{prefix}{FOLDER}/", env=env
        )
        paths = [path for path in listed.output.split("\0") if listed.ok and path.endswith(".json")]
        return {
            path.removeprefix(prefix): self.git.run("show", f"{commit}:{path}", env=env) for path in paths
        }


def CHECK(command: F) -> F:  # noqa: N802 - stands among decorators
    """Add the options that take the place of what the rules require."""
    for option in (
        click.option("--min-fidelity", type=click.Choice(FIDELITIES), help="Instead of the rules'."),
        click.option("--min-rung", type=click.Choice(RUNGS), help="Instead of the rules'."),
        click.option("-e", "--env", help="Instead of the rules': this env (default: the setting `env`)."),
    ):
        command = option(command)
    return command


def target_rules(
    context: Context,
    git: Git,
    ref: str,
    env: str | None,
    min_rung: str | None,
    min_fidelity: str | None,
) -> TargetRules:
    """Return the rules of a branch, or what options put in their place."""
    given = any((env, min_rung, min_fidelity))

    def made() -> GateCheck:
        from hostkit.boards.model import Fidelity  # noqa: PLC0415 - not for --help
        from hostkit.settings.load import load_settings  # noqa: PLC0415
        from hostkit.store.model import Rung  # noqa: PLC0415
        from hostkit.tasks.model import GateCheck  # noqa: PLC0415

        name = env or load_settings(git.directory, os.environ, {}).settings.env
        rung, fidelity = Rung.from_word(min_rung or "wired"), Fidelity[(min_fidelity or "virtual").upper()]
        return GateCheck(name, "any", rung, fidelity)

    return TargetRules(git, ref, context.clock, made() if given else None, made)
