"""A lane as a child process: ``python -m hostkit.mutants.worker ORDER``.

Answers each JSON line of its standard input with one on its standard output, notes come in between; ends with
its input, or with whoever started it. Its children end with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from hostkit.build.model import Artifact
from hostkit.clock import SystemClock
from hostkit.errors import HostkitError
from hostkit.mutants.bench import LaneBench, Means
from hostkit.mutants.lane import lane_spec
from hostkit.mutants.messages import Do, LaneOrder, Terms, end_record, quick_path
from hostkit.mutants.model import Mutant
from hostkit.mutants.trial import Clean, Trial
from hostkit.process import SystemRunner
from hostkit.settings.paths import Paths

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Worker:
    """Carries out what is asked, on one lane."""

    def __init__(self, order: LaneOrder) -> None:
        """Raises :class:`UsageError` for a board that no lane can have."""
        self._paths = Paths(Path(order.state), Path(order.cache))
        outer = dict(os.environ) | {"HOSTKIT_STATE_DIR": order.state, "HOSTKIT_CACHE_DIR": order.cache}
        self._clock = SystemClock()
        means = Means(order.env, self._paths, SystemRunner(), self._clock, outer, order.boot_timeout_s)
        spec = lane_spec(Path(order.project), self._paths.cache, order.board, order.number)
        self.bench = LaneBench(spec, means)
        self._clean: Artifact | None = None
        self._trial: Trial | None = None

    def answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        """Return the answer to one message. Raises :class:`HostkitError`."""
        match Do(message["do"]):
            case Do.OPEN:
                self.bench.open()
                self._clean = self.bench.build()
                return {"build": self._clean.build_id}
            case Do.CLEAN:
                return end_record(self._run_clean(message))
            case Do.JUDGE:
                terms = Terms(**message["terms"])
                clean = Clean(self._built, terms.timeout_s, quick_path(terms), tuple(terms.skipped))
                self._trial = Trial(self.bench, self.bench.tree, clean, self._clock)
                return {}
            case Do.TRY:
                assert self._trial is not None
                return self._trial.run(Mutant.of_record(message["mutant"]), _note).record()

    @property
    def _built(self) -> Artifact:
        assert self._clean is not None
        return self._clean

    def _run_clean(self, message: Mapping[str, Any]) -> Any:
        self.bench.flash(self._built)
        quick = Path(message["quick"]) if message["quick"] else None
        return self.bench.run(self._built, float(message["timeout_s"]), quick=quick, first=False)


def _note(text: str) -> None:
    _say({"note": text})


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _ignore() -> None:
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's own signature
    _ignore()  # once is enough: giving the board back is not to be cut short
    raise KeyboardInterrupt


def _serve(order: str, held: ExitStack) -> None:
    """Answer until the input ends; what is to be given back goes to ``held``."""
    worker: Worker | None = None
    for line in sys.stdin:
        try:
            if worker is None:
                worker = Worker(LaneOrder.of_line(order))
                held.callback(worker.bench.close)
            _say({"done": worker.answer(json.loads(line))})
        except (HostkitError, ValueError) as error:
            hint = error.hint if isinstance(error, HostkitError) else ""
            code = int(error.exit_code) if isinstance(error, HostkitError) else 5
            message = error.message if isinstance(error, HostkitError) else str(error)
            _say({"error": message, "hint": hint, "code": code})


def main(order: str) -> int:
    """Answer until the input ends, or a signal comes, which may also be just then."""
    for number in _SIGNALS:
        signal.signal(number, _interrupt)
    with ExitStack() as held:
        try:
            try:
                _serve(order, held)
            finally:
                _ignore()
        except (KeyboardInterrupt, BrokenPipeError):
            return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
