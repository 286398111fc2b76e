"""Jobs for tests that need some and do not care which."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hostkit.jobs.model import Kind, Wanted

_GATE = Wanted(
    kind=Kind.GATE,
    submitter="ann",
    project="/p",
    commit="a" * 40,
    changes="",
    env="virtual",
    wish="virt0",
    line="02686b000000",
)


def a_wish_for(kind: Kind = Kind.GATE, **changes: Any) -> Wanted:
    """Return a request of ann's for ``kind`` on virt0, with ``changes``; a build has no board."""
    plain = {} if kind is not Kind.BUILD else {"wish": "", "line": ""}
    return replace(_GATE, kind=kind, **plain | changes)
