"""Which board a gate uses: the one that was named, or the first free one that fits."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass

from hostkit.boards.catalog import Catalog
from hostkit.boards.foreign import refuse_foreign
from hostkit.boards.lease import Lease, LeaseOffice, Wanted
from hostkit.boards.model import Board, BoardSpec
from hostkit.boards.open import open_board
from hostkit.boards.outage import OutageBook
from hostkit.errors import UsageError
from hostkit.gate.model import Stage
from hostkit.gate.run import Run
from hostkit.tasks.model import ANY_BOARD


@dataclass(frozen=True, slots=True)
class Held:
    """A board that this gate alone may use."""

    board: Board
    lease: Lease


def take_board(run: Run, catalog: Catalog, held: ExitStack) -> Held | None:
    """Lease and open a board until ``held`` is closed; None, and a stop in the run, when there is none."""
    bench = run.bench
    outages = OutageBook(bench.paths.state, bench.clock)
    taken: Held | None = None
    with run.stage(Stage.LEASE):
        run.ran.spec, lease = _take(run, catalog, outages)
        held.callback(lease.close)
        outages.refuse(run.ran.spec)
        board = open_board(run.ran.spec, boards_dir=bench.paths.boards, clock=bench.clock)
        held.callback(board.close)
        refuse_foreign(board)
        taken = Held(board, lease)
        run.tell(Stage.LEASE, f"holds {board.spec.name}")
    return taken


def _take(run: Run, catalog: Catalog, outages: OutageBook) -> tuple[BoardSpec, Lease]:
    bench, request = run.bench, run.request
    named = request.board != ANY_BOARD
    specs = (catalog.get(request.board),) if named else _fitting(run, catalog, outages)
    index, lease = LeaseOffice(bench.paths.leases, bench.clock).take_first(
        [Wanted(spec.identity, spec.name) for spec in specs],
        f"hostkit gate -e {request.env} -b {request.board}",
        timeout_s=bench.settings.lease_timeout_s,
        env=bench.env,
        tell=lambda words: run.tell(Stage.LEASE, words),
    )
    return specs[index], lease


def _fitting(run: Run, catalog: Catalog, outages: OutageBook) -> tuple[BoardSpec, ...]:
    artifact, rules = run.ran.artifact, run.request.rules
    found = tuple(
        spec
        for spec in catalog
        if spec.fidelity >= rules.min_fidelity
        and (artifact is None or (spec.chip.value, spec.profile) == (artifact.chip, artifact.profile))
    )
    if not found:
        chip = f"{artifact.chip} with profile {artifact.profile}" if artifact else "any chip"
        wanted = f"{chip}, at least {rules.min_fidelity.name.lower()}"
        raise UsageError(
            f"no board of {catalog.path.name} fits: {wanted}", hint="name one with -b, or add one"
        )
    usable = tuple(spec for spec in found if outages.find(spec) is None)
    if not usable:
        outages.refuse(found[0])
    return usable
