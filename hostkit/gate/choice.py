"""Which boards a gate uses: those that were named, or the first free one that fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
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
from hostkit.gate.request import GateRequest
from hostkit.gate.run import Run


@dataclass(frozen=True, slots=True)
class Held:
    """A board that this gate alone may use."""

    board: Board
    lease: Lease


@dataclass(frozen=True, slots=True)
class Share:
    """One board of a gate, with what is of this board in the run."""

    run: Run
    held: Held


def named_boards(request: GateRequest, catalog: Catalog) -> tuple[BoardSpec, ...]:
    """Return the boards that were named, none for ``any``; see :func:`alike_boards`."""
    return alike_boards(request.boards, catalog)


def alike_boards(names: Sequence[str], catalog: Catalog) -> tuple[BoardSpec, ...]:
    """Return boards by their names.

    Raises :class:`UsageError` for a name that the catalogue has not, for one named twice, and for boards that
    cannot share a suite: the same firmware must mean the same on each.
    """
    specs = tuple(catalog.get(name) for name in names)
    twice = [spec.name for spec, times in Counter(specs).items() if times > 1]
    if twice:
        raise UsageError(f"board {twice[0]} is named twice", hint="name each board once")
    for spec in specs[1:]:
        if _nature(spec) != _nature(specs[0]):
            told = " and ".join(f"{each.name} ({_nature(each)})" for each in (specs[0], spec))
            raise UsageError(
                f"{told} cannot share a suite: they are not alike", hint="run a gate on each of them"
            )
    return specs


def _nature(spec: BoardSpec) -> str:
    compared = f", {spec.frames} frames" if spec.frames else ""
    return f"{spec.kind.value} {spec.chip.value}, {spec.profile}{compared}"


def take_boards(run: Run, named: Sequence[BoardSpec], catalog: Catalog, held: ExitStack) -> tuple[Held, ...]:
    """Lease and open boards until ``held`` is closed; none, and a stop in the run, where one is not had.

    ``named``: see :func:`named_boards`; none for the first of the catalogue that fits and is free.

    They come in the order in which they were named, and are leased in the order of their identities: two
    gates that want the same two never wait for each other.
    """
    taken: tuple[Held, ...] = ()
    with run.stage(Stage.LEASE):
        if named:
            leased = [_take(run, (spec,), held) for spec in sorted(named, key=lambda spec: spec.identity)]
            taken = tuple(sorted(leased, key=lambda each: named.index(each.board.spec)))
        else:
            taken = (_take(run, _fitting(run, catalog), held),)
        run.tell(Stage.LEASE, f"holds {', '.join(each.board.spec.name for each in taken)}")
        run.ran.spec = taken[0].board.spec
    return taken


def _take(run: Run, specs: tuple[BoardSpec, ...], held: ExitStack) -> Held:
    bench, request = run.bench, run.request
    index, lease = LeaseOffice(bench.paths.leases, bench.clock).take_first(
        [Wanted(spec.identity, spec.name) for spec in specs],
        f"hostkit gate -e {request.env} -b {request.board}",
        timeout_s=bench.settings.lease_timeout_s,
        env=bench.env,
        tell=lambda words: run.tell(Stage.LEASE, words),
    )
    held.callback(lease.close)
    spec = specs[index]
    if len(run.request.boards) < 2:
        run.ran.spec = spec  # also where it cannot be opened
    OutageBook(bench.paths.state, bench.clock).refuse(spec)
    board = open_board(spec, boards_dir=bench.paths.boards, clock=bench.clock)
    held.callback(board.close)
    refuse_foreign(board)
    return Held(board, lease)


def _fitting(run: Run, catalog: Catalog) -> tuple[BoardSpec, ...]:
    artifact, rules = run.ran.artifact, run.request.rules
    outages = OutageBook(run.bench.paths.state, run.bench.clock)
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
