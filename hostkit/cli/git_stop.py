"""``hostkit git stop-hook``: a coding agent is not done without a pass for exactly what is checked out."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hostkit import __version__
from hostkit.cli.context import Context
from hostkit.cli.gate_rules import CHECK
from hostkit.cli.repository import git_of
from hostkit.errors import ExitCode

if TYPE_CHECKING:
    from hostkit.tasks.git import Checkout, Git
    from hostkit.tasks.workshop import Doubts
    from hostkit.train.admission import Records


@click.command("stop-hook")
@CHECK
@click.pass_obj
def stop_hook_command(
    context: Context, env: str | None, min_rung: str | None, min_fidelity: str | None
) -> int:
    """Answer a coding agent that wants to stop: not without a pass for exactly what is checked out.

    For the Stop hook of Claude Code and agents with the same protocol: the answer is JSON on standard
    output, {"decision": "block", "reason": ...} or {}, and the exit code is 0 for both.
    """
    from hostkit.tasks.git import AskedCheckout  # noqa: PLC0415 - not for --help

    git = git_of(context, None)
    asked = AskedCheckout(git)
    known = Known(context, git.directory, {"env": env, "min_rung": min_rung, "min_fidelity": min_fidelity})
    here = asked.answer()
    why = "" if known.holds(here) else _why(context, git, here, known)
    click.echo(json.dumps({"decision": "block", "reason": f"not done: {why}"} if why else {}))
    return ExitCode.PASS


class Known:
    """What the last look at everything found: passes that met all checks, and what they rested on.

    It answers only while all of that is as it was: commit, options, settings, the ledger's lines about the
    commit, every file of the evidence (by size, times and inode), the keys, the day. It is kept under a
    keyed hash by the user's signing key, so whoever can write one could sign evidence as well. Whatever does
    not match makes it no answer, never a wrong one.
    """

    def __init__(self, context: Context, directory: Path, options: Mapping[str, str | None]) -> None:
        """Keep what is asked, where."""
        self.options = options
        self._context, self._directory = context, directory
        env = {name: value for name, value in os.environ.items() if name.startswith("HOSTKIT_")}
        self._asked = [str(directory), dict(options), env, __version__]
        name = hashlib.sha256(json.dumps(self._asked, sort_keys=True).encode()).hexdigest()
        self._file = context.paths.cache / "witnesses" / f"stop-{name}.json"

    def holds(self, here: Checkout) -> bool:
        """True when passes of exactly this are known."""
        if here.dirty:
            return False
        try:
            kept = json.loads(self._file.read_bytes())
            said, mac = str(kept["said"]), str(kept["mac"])
            evidence = [str(each) for each in json.loads(said)["evidence"]]
        except (OSError, ValueError, KeyError, TypeError):
            return False
        return hmac.compare_digest(mac, self._mac(said)) and said == self.rests_on(here, evidence)

    def keep(self, rests_on: str) -> None:
        """Keep that all that is asked was met, and what that rested on before it was looked at."""
        from hostkit.files import atomic_write  # noqa: PLC0415 - not where the answer is known

        data = json.dumps({"said": rests_on, "mac": self._mac(rests_on)}).encode()
        atomic_write(self._file, data, mode=0o600, durable=False)

    def rests_on(self, here: Checkout, evidence: Sequence[str]) -> str:
        """Return all that an answer about a commit with these bundles depends on, as it is now."""
        from hostkit.store.glance import lines_of_commit  # noqa: PLC0415 - SQLite

        paths = self._context.paths
        day = datetime.fromtimestamp(self._context.clock.wall_ns() / 1e9, UTC).date()
        told = {
            "asked": self._asked,
            "commit": here.commit,
            "day": str(day),  # waivers end
            "ledger": lines_of_commit(paths.state.resolve(), here.commit),
            "evidence": list(evidence),
            "files": [_lying(Path(each)) for each in evidence],
            "keys": _lying(paths.keys),
            "settings": _content(self._directory / "hostkit.toml"),
        }
        return json.dumps(told, sort_keys=True)

    def _mac(self, said: str) -> str:
        from hostkit.gate.keys import key_path  # noqa: PLC0415 - not for --help

        key = _content(key_path(self._context.paths, os.environ))
        secret = hashlib.sha256(f"hostkit stop-hook\0{key}".encode()).digest()
        return hmac.new(secret, said.encode(), "sha256").hexdigest()


def _lying(folder: Path) -> list[tuple[Any, ...]]:
    """Return how every file below a folder lies there."""
    rows: list[tuple[Any, ...]] = []
    for directory, names, files in os.walk(folder):
        names.sort()
        for name in sorted(files):
            stat = os.lstat(os.path.join(directory, name))  # noqa: PTH118 - the time is what counts
            rows.append((directory, name, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
    return rows


def _content(path: Path) -> str:
    try:
        return path.read_bytes().hex()
    except OSError:
        return ""


def _why(context: Context, git: Git, here: Checkout, known: Known) -> str:
    """Look at everything; return why what is checked out does not count, "" when it does."""
    from hostkit.cli.gate_rules import target_rules  # noqa: PLC0415 - not where the answer is known

    options = (known.options[name] for name in ("env", "min_rung", "min_fidelity"))
    rules = target_rules(context, git, "HEAD", *options)
    checks = rules.checks(here.commit)
    envs = " and ".join(f"`hostkit gate -e {env}`" for env in dict.fromkeys(check.env for check in checks))
    todo = f"commit, run {envs} and mend what it finds"
    if here.dirty:
        return f"there are uncommitted changes: {', '.join(git.changed_paths()[:3])}; {todo}"

    def missing(records: Records, doubts: Doubts) -> tuple[str, str]:
        from hostkit.train.admission import proof_of, unproved  # noqa: PLC0415

        proofs = [proof_of(here.commit, check, records, doubts) for check in checks]
        rests_on = known.rests_on(here, [proof.evidence for proof in proofs])  # as it was before the look
        why = (unproved(here.commit, check, records, doubts) for check in checks)
        return next((reason for reason in why if reason), ""), rests_on

    own, (why, rests_on) = asked_with_ledger(context, rules.may_waive, missing)
    if not why and own:
        known.keep(rests_on)
    return f"{why}; {todo}" if why else ""


def asked_with_ledger(
    context: Context,
    may_waive: Callable[[], tuple[str, ...]],
    question: Callable[[Records, Doubts], Any],
) -> tuple[bool, Any]:
    """Ask with the ledger open; True when it is the user's own file.

    Raises :class:`InvalidError` when somebody edited it.
    """
    from hostkit.cli.tasks_doubts import doubts_of  # noqa: PLC0415 - not for --help
    from hostkit.settings.load import load_settings  # noqa: PLC0415
    from hostkit.store.database import open_database  # noqa: PLC0415
    from hostkit.store.ledger import Ledger  # noqa: PLC0415

    url = load_settings(context.start, os.environ, {}).settings.database_url
    with open_database(context.paths.state, url) as database:
        ledger = Ledger(database)
        ledger.check()
        doubts = doubts_of(context, may_waive)
        return not url, question(lambda commit: [entry.record for entry in ledger.of_commit(commit)], doubts)
