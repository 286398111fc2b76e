"""A runner that starts nothing: it answers with what a test prepared and remembers what was asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from hostkit.errors import MissingToolError
from hostkit.process import Command, Finished


@dataclass(frozen=True, slots=True)
class Scripted:
    """One prepared end of a command: pieces of output in order, exit code, whether the time-out struck."""

    output: Sequence[str] = ()
    returncode: int = 0
    seconds: float = 0.0
    timed_out: bool = False
    missing: bool = False


class FakeRunner:
    """Passes the same contract suite as :class:`hostkit.process.SystemRunner`."""

    def __init__(self, answers: Callable[[Command], Scripted]) -> None:
        """Ask ``answers`` for the end of each command."""
        self._answers = answers
        self.commands: list[Command] = []

    @classmethod
    def of(cls, *answers: Scripted) -> FakeRunner:
        """Return a runner that gives these answers in order; one command more is an error of the test."""
        queue = list(answers)

        def next_answer(command: Command) -> Scripted:
            if not queue:
                raise AssertionError(f"nothing was prepared for {command.argv}")
            return queue.pop(0)

        return cls(next_answer)

    def run(self, command: Command, *, on_text: Callable[[str], None] | None = None) -> Finished:
        """Return the prepared end, feeding its output to ``on_text`` piece by piece."""
        self.commands.append(command)
        answer = self._answers(command)
        if command.halt is not None:
            command.halt.check()
        if answer.missing:
            raise MissingToolError(
                f"cannot run {command.argv[0]}: no such program",
                hint="run `hostkit doctor` to see what is missing",
            )
        for piece in answer.output:
            if on_text is not None:
                on_text(piece)
        return Finished(
            command.argv, answer.returncode, "".join(answer.output), answer.seconds, answer.timed_out
        )

    def run_all(
        self, commands: Sequence[Command], *, on_text: Callable[[int, str], None] | None = None
    ) -> tuple[Finished, ...]:
        """Return the prepared ends, one command after another."""
        told = [None if on_text is None else partial(on_text, number) for number in range(len(commands))]
        return tuple(self.run(command, on_text=hear) for command, hear in zip(commands, told, strict=True))
