"""Why a verdict in the ledger cannot be relied on, by the keys that this user trusts."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from hostkit.cli.context import Context, find_project
from hostkit.cli.gate_rules import today_of

if TYPE_CHECKING:
    from hostkit.store.model import VerdictRecord
    from hostkit.tasks.workshop import Doubts


def doubts_of(context: Context, may_waive: Callable[[], tuple[str, ...]] | None = None) -> Doubts:
    """Return who checks evidence: with the keys that this user trusts, the same entry once a run.

    ``may_waive``: whose waivers count; without it the rules of the checkout say so.
    """
    known: dict[VerdictRecord, tuple[str, ...]] = {}

    def now(record: VerdictRecord, whole: bool) -> tuple[str, ...]:
        from hostkit.gate.keys import trusted_keys  # noqa: PLC0415 - only where there is evidence
        from hostkit.gate.vouch import Waiving, doubts  # noqa: PLC0415
        from hostkit.settings.rules import read_rules  # noqa: PLC0415

        project = find_project(context.start) or context.start
        allowed = may_waive() if may_waive else tuple(read_rules(project).may_waive)
        keys = trusted_keys(context.paths, os.environ)
        return doubts(record, keys, Waiving(allowed, today_of(context.clock)), whole=whole)

    def asked(record: VerdictRecord, whole: bool) -> tuple[str, ...]:
        if whole:  # before a merge, as the evidence is then
            return now(record, True)
        if record not in known:
            known[record] = now(record, False)
        return known[record]

    return asked
