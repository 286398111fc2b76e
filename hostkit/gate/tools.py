"""The programs that had a part in a run, as a part of the decision. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from hostkit.files import canonical_json
from hostkit.gate.model import Facts, Finding, ToolFact
from hostkit.store.model import Verdict


def check_tools(facts: Facts) -> Iterator[Finding]:
    """Were the programs that had a part in it those that were installed?"""
    if facts.stop is None and not facts.tools:
        yield Finding(Verdict.INCONCLUSIVE, "which programs had a part in it is not known")
    for tool in facts.tools:
        if tool.problem:
            yield Finding(
                Verdict.INVALID, f"{tool.name} {tool.problem}" + (f" ({tool.path})" * bool(tool.path))
            )


def tools_digest(tools: Sequence[ToolFact]) -> str:
    """Return one SHA-256 over names, versions and hashes, wherever the programs lie."""
    rows = sorted([tool.name, tool.version, tool.sha256] for tool in tools)
    return hashlib.sha256(canonical_json(rows)).hexdigest()
