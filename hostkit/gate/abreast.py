"""Several boards at work at the same time: a thread for each, heard by the thread that waits for them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from queue import SimpleQueue

from hostkit.errors import HostkitError
from hostkit.halt import Halt, HaltedError
from hostkit.process import Command, Finished, Runner
from hostkit.tasks.calm import calm

Word = Callable[[], None]


class Abreast:
    """Threads that live until this is closed: a child of a board dies with the thread that started it.

    So close it after the boards.
    """

    def __init__(self, boards: int) -> None:
        """Let so many work at once. No thread is started yet."""
        self.halt = Halt()
        """Called when all is to be given up; whatever waits for long in :meth:`run` must listen to it."""
        self._pool = ThreadPoolExecutor(boards, thread_name_prefix="board")
        self._heard: SimpleQueue[Word | Future[None]] = SimpleQueue()

    def __enter__(self) -> Abreast:
        """Return itself."""
        return self

    def __exit__(self, *exc: object) -> None:
        """End the threads, and what they may still be at."""
        with calm():
            self.halt.call()
            self._pool.shutdown()
            self.halt.close()

    def run(self, works: Sequence[Word]) -> None:
        """Do all of it at the same time, and return when all of it has ended.

        An error that hostkit raises on purpose leaves the others to go on to their end, then the first in the
        order of ``works`` is raised. Any other error calls the halt, and is raised when all have ended. So
        does Ctrl-C, however often it comes.
        """
        busy: list[Future[None]] = []
        try:
            for work in works:
                busy.append(future := self._pool.submit(work))
                future.add_done_callback(self._heard.put)
            self._hear(len(busy))
        except BaseException:
            with calm():
                self.halt.call()
                wait(busy)
            raise
        errors = [error for future in busy if (error := future.exception()) is not None]
        for error in sorted(errors, key=_by_cause):
            raise error

    def say(self, word: Word) -> None:
        """Let the thread that waits in :meth:`run` do this; they come one by one, in order."""
        self._heard.put(word)

    def runner(self, runner: Runner) -> Runner:
        """Return a runner for works: what it runs is ended when the halt is called."""
        return HaltingRunner(runner, self.halt)

    def _hear(self, left: int) -> None:
        while left:
            heard = self._heard.get()
            if not isinstance(heard, Future):
                heard()
                continue
            left -= 1
            if _by_cause(heard.exception()) == 0:
                self.halt.call()


def _by_cause(error: BaseException | None) -> int:
    """Return 0 for what nobody foresaw, and more for what is no reason to give up, or follows from it."""
    if isinstance(error, HaltedError) or error is None:
        return 2
    return int(isinstance(error, HostkitError))


@dataclass(frozen=True, slots=True)
class HaltingRunner:
    """Runs what another runner runs, until ``halt`` is called."""

    runner: Runner
    halt: Halt

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        """Run to the end; see :class:`Runner`. Raises :class:`HaltedError`."""
        self.halt.check()
        return self.runner.run(replace(command, halt=self.halt), on_text=on_text)

    def run_all(
        self, commands: Sequence[Command], *, on_text: Callable[[int, str], None] | None = None
    ) -> tuple[Finished, ...]:
        """Run several at once; see :class:`Runner`. Raises :class:`HaltedError`."""
        self.halt.check()
        return self.runner.run_all([replace(each, halt=self.halt) for each in commands], on_text=on_text)
