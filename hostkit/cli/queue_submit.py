"""``hostkit queue submit``: the verbs that may be queued, each with the options that it has by hand."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit.cli.context import Context
from hostkit.cli.gate import load
from hostkit.cli.gate_onto import pinned_onto
from hostkit.cli.lazy import Verb
from hostkit.cli.verbs import VERBS
from hostkit.files import canonical_json

if TYPE_CHECKING:
    from hostkit.boards.model import BoardSpec
    from hostkit.build.project import EnvSettings
    from hostkit.jobs.model import Job, Kind, Wanted
    from hostkit.jobs.wish import Wish
    from hostkit.settings.model import Settings

KINDS = ("build", "flash", "hil", "gate")
_OWN = ("lease_timeout", "cached", "as_json", "verbose")  # of the verb by hand: the queue has its own
_MEANT = ("env", "board")
_NOT_PASSED_ON = (
    *("STATE_DIR", "CACHE_DIR", "DATABASE_URL", "ENV", "BOARD", "LEASE_TIMEOUT_S"),
    *("LEASE_TOKEN", "LEASE_GENERATION", "ATTEMPT"),
)
_MARGIN_S = 60.0  # for what a step does beside the parts that have time-outs of their own
_DOOR_S = 300.0  # and for a board that a command by hand has


@dataclass(frozen=True, slots=True)
class Ticket:
    """How a request stands in line."""

    priority: int
    submitter: str
    wait: bool
    as_json: bool


def submit_command(kind: str) -> click.Command:
    """Return ``submit KIND``: the verb's own options, and those of the queue."""
    verb: Verb = VERBS[kind]
    by_hand = verb.load()
    own = [parameter for parameter in by_hand.params if parameter.name not in _OWN]

    def submit(priority: int, submitter: str | None, wait: bool, as_json: bool, **options: object) -> int:
        context: Context = click.get_current_context().obj
        if options.get("onto"):  # a branch moves: what is judged is what it is now
            options["onto"] = tip = pinned_onto(context, str(options["onto"]))
            options["rules_at"] = options.get("rules_at") or tip
        ticket = Ticket(priority, submitter or getpass.getuser(), wait, as_json)
        words = [word for each in own if each.name not in _MEANT for word in _words(each, options)]
        return _submit(context, kind, options, words, ticket)

    return click.Command(
        kind, params=[*own, *_ticket_options()], callback=submit, help=f"Queue: {verb.summary}"
    )


def _ticket_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--priority"],
            type=click.IntRange(-9, 9),
            default=0,
            show_default=True,
            help="Higher is earlier; ten minutes of waiting are worth one step.",
        ),
        click.Option(["--as", "submitter"], metavar="NAME", help="Who asks (default: the user)."),
        click.Option(["--wait"], is_flag=True, help="Wait for the end; its exit code is the verdict's."),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the job as a JSON object."),
    ]


def _words(parameter: click.Parameter, options: dict[str, object]) -> list[str]:
    """Return an option as one types it, nothing for one that was not given."""
    assert isinstance(parameter, click.Option)
    value = options[str(parameter.name)]
    if value == parameter.default or value in (None, "", False):
        return []
    return [parameter.opts[0]] if parameter.is_flag else [parameter.opts[0], str(value)]


def _submit(context: Context, kind: str, options: dict[str, Any], words: list[str], ticket: Ticket) -> int:
    from hostkit.cli.queue_office import open_office  # noqa: PLC0415 - not for --help
    from hostkit.cli.queue_wait import wait_for  # noqa: PLC0415
    from hostkit.jobs.model import Kind  # noqa: PLC0415
    from hostkit.jobs.waking import ring  # noqa: PLC0415

    wanted = _Request(context, Kind(kind), options, words).wanted(ticket)
    with open_office(context) as office:
        job = office.queue.submit(wanted)
        ring(context.paths.queue)
        if not ticket.as_json:
            _say(job, staffed=ticket.wait or office.staffed())
        ended = wait_for(office, job) if ticket.wait else job
        if ticket.as_json:
            from hostkit.report.queue import job_record  # noqa: PLC0415

            click.echo(json.dumps(job_record(ended), indent=2))
        return int(ended.state.exit_code) if ended.state.ended else 0


def _say(job: Job, *, staffed: bool) -> None:
    click.echo(f"job {job.id}: {job.state.value}" + (f": {job.reason}" if job.reason else ""))
    if not staffed:
        click.echo("no worker runs: hostkit queue work, or submit with --wait", err=True)


class _Request:
    """One request in the making: everything that can be wrong with it is said now."""

    def __init__(self, context: Context, kind: Kind, options: dict[str, Any], words: Sequence[str]) -> None:
        from hostkit.build.project import read_env  # noqa: PLC0415 - not for --help

        self._context, self._kind, self._options, self._words = context, kind, options, tuple(words)
        board = options.get("board")
        self._settings: Settings = load(context, env=options["env"], board=board)
        self._env: EnvSettings = read_env(
            context.project, self._settings.env, compiler=os.environ.get("HK_COMPILER", "")
        )

    def wanted(self, ticket: Ticket) -> Wanted:
        """Return the request. Raises :class:`UsageError` for an env or a board that nobody has."""
        from hostkit.jobs.model import Wanted  # noqa: PLC0415
        from hostkit.jobs.wish import line_name  # noqa: PLC0415

        wish, boards = self._boards()
        line = line_name(boards, together=wish.together)
        commit, changes, identity = self._identity(line, wish)
        return Wanted(
            kind=self._kind,
            submitter=ticket.submitter,
            project=str(self._context.project),
            commit=commit,
            changes=changes,
            env=self._settings.env,
            host=platform.node(),
            options=self._words,
            wish=str(wish) if boards else "",
            line=line,
            identity=identity,
            priority=ticket.priority,
            build=not (self._options.get("any_build") or self._options.get("onto")),  # a merge builds itself
            build_timeout_s=self._settings.build_timeout_s + _MARGIN_S,
            timeout_s=self._timeout_s(max(1, len(wish.names))),
            variables=_variables(self._context.project),
        )

    def _boards(self) -> tuple[Wish, tuple[BoardSpec, ...]]:
        from hostkit.cli.queue_office import Catalogs  # noqa: PLC0415
        from hostkit.jobs.model import Kind  # noqa: PLC0415
        from hostkit.jobs.wish import Wish, find_fitting, parse_wish  # noqa: PLC0415

        if self._kind is Kind.BUILD:
            return Wish(), ()
        asked = parse_wish(self._settings.board)
        if asked.together:
            return asked, self._several(asked.names)
        fidelity = self._fidelity() if self._kind is Kind.GATE else ""
        wish = asked.narrowed(
            ("chip", self._env.chip.value), ("profile", self._env.profile), ("fidelity", fidelity)
        )
        return wish, find_fitting(wish, Catalogs().of(self._context.project))

    def _several(self, names: Sequence[str]) -> tuple[BoardSpec, ...]:
        from hostkit.cli.queue_office import Catalogs  # noqa: PLC0415
        from hostkit.errors import UsageError  # noqa: PLC0415
        from hostkit.gate.choice import alike_boards  # noqa: PLC0415
        from hostkit.jobs.model import Kind  # noqa: PLC0415

        if self._kind is Kind.FLASH:
            hint = "submit one for each; a gate and a hil job may be for several"
            raise UsageError(f"-b {','.join(names)}: a flash is for one board", hint=hint)
        return alike_boards(names, Catalogs().of(self._context.project))

    def _fidelity(self) -> str:
        from hostkit.cli.gate_rules import Least, rules_of  # noqa: PLC0415

        asked, rules_at = self._options.get("min_fidelity"), self._options.get("rules_at")
        least = Least(None, None if asked is None else str(asked), str(rules_at or ""))
        return rules_of(self._context, self._settings.env, least).min_fidelity.name.lower()

    def _timeout_s(self, boards: int) -> float:
        from hostkit.jobs.model import Kind  # noqa: PLC0415

        settings = self._settings
        each = settings.boot_timeout_s + _DOOR_S
        each += settings.flash_timeout_s if self._kind in (Kind.FLASH, Kind.GATE) else 0.0
        suite_s = settings.hil_timeout_s if self._kind in (Kind.HIL, Kind.GATE) else 0.0
        build_s = settings.build_timeout_s if self._kind is not Kind.BUILD else 0.0
        return build_s + suite_s + each * boards + _MARGIN_S

    def _identity(self, line: str, wish: Wish) -> tuple[str, str, str]:
        """Return commit, hash of changes, and what equal work is known by: artifact, boards, suite.

        Several boards in another order are other work: a pass answers for them in its own order.
        """
        from hostkit.build.service import find_build_id  # noqa: PLC0415
        from hostkit.errors import MissingToolError, UsageError  # noqa: PLC0415
        from hostkit.gate.evidence import suite_hash  # noqa: PLC0415
        from hostkit.gate.suite import suite_places  # noqa: PLC0415
        from hostkit.jobs.model import Kind  # noqa: PLC0415
        from hostkit.tasks.git import Git  # noqa: PLC0415

        context = self._context
        try:
            git = Git(context.project, context.runner)
            checkout, project = git.checkout(), str(git.common_dir())
        except (UsageError, MissingToolError):  # no repository: nobody else's work is equal to it
            return "", "", ""
        build = find_build_id(
            context.project,
            self._settings.env,
            paths=context.paths,
            runner=context.runner,
            clock=context.clock,
        )
        facts: dict[str, object] = {"kind": self._kind.value, "env": self._settings.env, "build": build}
        if self._kind is not Kind.BUILD:
            facts |= {"line": line, "options": self._words}
        if wish.together:
            facts["boards"] = list(wish.names)
        if self._kind in (Kind.HIL, Kind.GATE):
            facts |= {"suite": suite_hash(suite_places(context.project), {}), "project": project}
            facts |= {"commit": checkout.commit, "changes": checkout.changes}
            facts |= {"variables": _variables(context.project)}
        digest = hashlib.sha256(canonical_json(facts)).hexdigest()
        return checkout.commit, checkout.changes, digest


def _variables(project: Path) -> tuple[tuple[str, str], ...]:
    """Return what the submitter's environment says to hostkit about a job; paths made absolute."""
    names = sorted(name for name in os.environ if name.startswith("HOSTKIT_"))
    kept = {name: os.environ[name] for name in names if name.removeprefix("HOSTKIT_") not in _NOT_PASSED_ON}
    if "HOSTKIT_RUNS_DIR" in kept:
        kept["HOSTKIT_RUNS_DIR"] = str((project / kept["HOSTKIT_RUNS_DIR"]).resolve())
    return tuple(kept.items())
