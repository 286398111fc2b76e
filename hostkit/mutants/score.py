"""What a campaign amounts to: kill rates, and whether they are enough. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hostkit.errors import ExitCode
from hostkit.mutants.model import NOTICED, Fate, Mutant, Origin, Result

PLANTED_RATE, GENERIC_RATE = 1.0, 0.9
"""What must be noticed of those that are not equivalent."""


@dataclass(frozen=True, slots=True)
class Tally:
    """The fates of all mutants of one origin. ``missing``: not tried."""

    origin: Origin
    fates: Mapping[Fate, int]
    missing: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.fates.values()) + self.missing

    @property
    def noticed(self) -> int:
        """Killed, in whatever way."""
        return sum(self.fates.get(fate, 0) for fate in NOTICED)

    @property
    def counted(self) -> int:
        """Those that a suite can be asked to notice: not the equivalent ones, nor those that do not compile.

        A planted one that does not compile, or is equivalent, is badly planted and counts as not noticed.
        """
        fates = [*NOTICED, Fate.SURVIVED, Fate.INCONCLUSIVE]
        if self.origin is Origin.PLANTED:
            fates += [Fate.EQUIVALENT, Fate.UNBUILDABLE]
        return sum(self.fates.get(fate, 0) for fate in fates) + self.missing

    @property
    def rate(self) -> float | None:
        """The part that was noticed, None where there is nothing to notice."""
        return self.noticed / self.counted if self.counted else None


def tally(origin: Origin, mutants: Sequence[Mutant], results: Mapping[str, Result]) -> Tally:
    """Count the fates of the mutants of one origin."""
    mine = [mutant for mutant in mutants if mutant.origin is origin]
    fates = Counter(results[m.digest].fate for m in mine if m.digest in results)
    return Tally(origin, dict(fates), sum(m.digest not in results for m in mine))


def exit_code(tallies: Sequence[Tally]) -> ExitCode:
    """Pass when all rates are enough; inconclusive when they only could be, were all that is open a kill."""
    wanted = {Origin.PLANTED: PLANTED_RATE, Origin.GENERIC: GENERIC_RATE}
    code = ExitCode.PASS
    for each in tallies:
        if each.rate is None or each.rate >= wanted[each.origin]:
            continue
        open_ = each.missing + each.fates.get(Fate.INCONCLUSIVE, 0)
        if (each.noticed + open_) / each.counted < wanted[each.origin]:
            return ExitCode.FAIL
        code = ExitCode.INCONCLUSIVE
    return code if any(each.total for each in tallies) else ExitCode.INCONCLUSIVE
