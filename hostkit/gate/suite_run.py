"""The suite of a gate on its boards, and what they sent meanwhile."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from hostkit.files import jsonable
from hostkit.gate.asking import challenge_at_end
from hostkit.gate.choice import Share
from hostkit.gate.evidence import write_bytes, write_json
from hostkit.gate.model import Stage
from hostkit.gate.observations import read_suite
from hostkit.gate.parts import SUITE_END, SuiteEnd
from hostkit.gate.recovery import rescue
from hostkit.gate.run import Run
from hostkit.gate.suite import OBSERVATIONS, OUTPUT, TRANSCRIPT, SuiteCall, suite_command
from hostkit.hil.observations import ObservationTail, Outcome
from hostkit.process import Command, Finished


def run_suites(shares: Sequence[Share]) -> None:
    """Run the suite as a child for each board, let through to it; read what each saw.

    Several boards share the suite. What stops one of them stops the run of the first.
    """
    main = shares[0].run
    ended: tuple[Finished, ...] = ()
    with main.stage(Stage.HIL), _folder(shares) as folder:
        commands = [_command(share, folder) for share in shares]
        for share in shares:
            share.run.into.mkdir(parents=True, exist_ok=True)  # a board that needed no flash left nothing
        with ExitStack() as stack:
            heard = [stack.enter_context(_followed(share.run)) for share in shares]
            ended = main.bench.runner.run_all(commands, on_text=lambda number, text: heard[number](text))
    for share, finished in zip(shares, ended, strict=False):
        _end(share, finished)
        main.ran.stop = main.ran.stop or share.run.ran.stop


def _end(share: Share, ended: Finished) -> None:
    """Keep what came of the suite on one board, and see how that board is."""
    run, board = share.run, share.held.board
    ran = run.ran
    with run.stage(Stage.HIL):
        write_bytes(run.into, OUTPUT, ended.output.encode())
        write_json(run.into, SUITE_END, jsonable(SuiteEnd(ended.returncode, ended.timed_out)))
        ran.suite, ran.identity, ran.observations = read_suite(run.into / OBSERVATIONS, ended)
        challenge_at_end(run, board)
        passed = sum(seen.outcome is Outcome.PASSED for seen in ran.observations)
        run.tell(Stage.HIL, f"{passed} of {len(ran.observations)} tests passed")
    run.look_for_crashes(Stage.HIL, TRANSCRIPT)
    lost = any(seen.outcome is Outcome.LOST for seen in ran.observations)
    rescue(run, board, Stage.HIL, lost=lost)


@contextmanager
def _folder(shares: Sequence[Share]) -> Iterator[Path | None]:
    """Give the folder where the boards take their tests; none for one board, which takes all.

    It lies beside the evidence while that is made, and goes with it when the run is killed.
    """
    if len(shares) == 1:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="share-", dir=shares[0].run.into) as folder:
        yield Path(folder)


@contextmanager
def _followed(run: Run) -> Iterator[Callable[[str], None]]:
    """Give what hears pytest's output, which says when there is something new in the observations."""
    listener = run.bench.listener
    with closing(ObservationTail(run.into / OBSERVATIONS)) as tail:

        def look() -> None:
            if listener.seen is not None:
                new = tail.new()
                if new.tests or new.collected is not None:
                    listener.seen(new, run.into)

        def hear(text: str) -> None:
            if listener.suite is not None:
                listener.suite(text)
            look()

        yield hear
        look()


def _command(share: Share, folder: Path | None) -> Command:
    run, held = share.run, share.held
    call = SuiteCall(
        project=run.request.project,
        board=held.board.spec.name,
        build=run.ran.build_id,
        selection=run.request.selection,
        into=run.into,
        timeout_s=run.bench.settings.hil_timeout_s,
        retries=run.request.retries,
        soak_s=run.request.rules.soaks_for_s,
        share=folder,
    )
    return suite_command(call, dict(run.bench.env) | held.lease.environment())
