"""How verified work gets into the target branch: what the runner wants of whoever does it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from hostkit.tasks.model import Standing


class Merging(Protocol):
    """Moves the target branch, only ever to commits that have a pass of their own."""

    def bring(self, verified: Sequence[Standing]) -> Mapping[str, str]:
        """Try to bring verified work into the target; return why a task's is not in there, by its id.

        Whether it is in there is for git to say. Raises :class:`HostkitError` where nothing can be merged.
        """
        ...

    def clear(self) -> None:
        """End what a runner left that died while it merged."""
        ...

    def stop(self) -> None:
        """Let :meth:`bring` end soon, from another thread."""
        ...
