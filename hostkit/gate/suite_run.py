"""The suite of a gate on its board, and what the board sent meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from hostkit.files import jsonable
from hostkit.gate.asking import challenge_at_end
from hostkit.gate.choice import Held
from hostkit.gate.evidence import write_bytes, write_json
from hostkit.gate.model import Stage
from hostkit.gate.observations import read_suite
from hostkit.gate.parts import SUITE_END, SuiteEnd
from hostkit.gate.recovery import rescue
from hostkit.gate.run import Run
from hostkit.gate.suite import OBSERVATIONS, OUTPUT, TRANSCRIPT, SuiteCall, suite_command
from hostkit.hil.observations import ObservationTail, Outcome


def run_suite(run: Run, held: Held) -> None:
    """Run the suite as a child that is let through to the leased board; read what it saw."""
    bench, ran = run.bench, run.ran
    with run.stage(Stage.HIL):
        command = suite_command(_call(run, held), dict(bench.env) | held.lease.environment())
        with _followed(run) as on_text:
            ended = bench.runner.run(command, on_text=on_text)
        write_bytes(run.into, OUTPUT, ended.output.encode())
        write_json(run.into, SUITE_END, jsonable(SuiteEnd(ended.returncode, ended.timed_out)))
        ran.suite, ran.identity, ran.observations = read_suite(run.into / OBSERVATIONS, ended)
        challenge_at_end(run, held.board)
        passed = sum(seen.outcome is Outcome.PASSED for seen in ran.observations)
        run.tell(Stage.HIL, f"{passed} of {len(ran.observations)} tests passed")
    run.look_for_crashes(Stage.HIL, TRANSCRIPT)
    lost = any(seen.outcome is Outcome.LOST for seen in ran.observations)
    rescue(run, held.board, Stage.HIL, lost=lost)


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


def _call(run: Run, held: Held) -> SuiteCall:
    return SuiteCall(
        project=run.request.project,
        board=held.board.spec.name,
        build=run.ran.build_id,
        selection=run.request.selection,
        into=run.into,
        timeout_s=run.bench.settings.hil_timeout_s,
        retries=run.request.retries,
        soak_s=run.request.rules.soaks_for_s,
    )
