"""The flash of a gate: the artifact goes to its boards, and each says that it runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from hostkit.boards.model import Board
from hostkit.build.model import Artifact
from hostkit.flash import model as flash_model
from hostkit.flash.memory import FlashMemory
from hostkit.flash.model import FlashRecord, Progress, TimeOuts
from hostkit.flash.model import Stage as Step
from hostkit.flash.service import Opener, flash_artifact, open_port
from hostkit.gate.asking import keep_flash_challenge, unmask
from hostkit.gate.choice import Share
from hostkit.gate.model import Stage
from hostkit.gate.parts import BOOT_TRANSCRIPT
from hostkit.gate.recovery import rescue
from hostkit.gate.request import Listener
from hostkit.gate.run import Run
from hostkit.halt import Halt
from hostkit.link.halting import HaltingTransport
from hostkit.link.transcript import Transcript
from hostkit.link.transport import Transport
from hostkit.store.model import Verdict

if TYPE_CHECKING:
    from hostkit.gate.abreast import Abreast

ESPTOOL_LOG = "esptool.log"
"""What esptool said, in the evidence."""


class Flash(Protocol):
    """Writes an artifact to a board; the real one is :func:`hostkit.flash.service.flash_artifact`."""

    def __call__(
        self, artifact: Artifact, board: Board, bench: flash_model.Bench, *, opener: Opener
    ) -> FlashRecord:
        """Write, and prove that the board runs it."""
        ...


def run_flash(run: Run, board: Board) -> None:
    """Flash what was built; a board that is lost over it is looked after."""
    with run.stage(Stage.FLASH):
        _flash(run, board, flash_artifact, open_port)
        _tell(run)
    if run.ran.stop is not None:
        run.look_for_crashes(Stage.FLASH, BOOT_TRANSCRIPT)
        _look_after(run, board)


def run_flashes(shares: Sequence[Share], abreast: Abreast, flash: Flash = flash_artifact) -> None:
    """Flash several boards at the same time, then look after those that are lost, one by one.

    One that stops leaves the others to go on to their end: a board that is half written would be worse. Then
    the run of the first board stops for the first of them all.
    """
    main = shares[0].run
    with main.timed(Stage.FLASH):
        if (hear := main.bench.listener.flash) is not None:
            for share in shares:  # in the order in which they were named, whichever has more to say first
                hear(Progress(Step.IDENTIFY, 0.0), share.run.board)
        abreast.run([partial(_flash_beside, share, abreast, flash) for share in shares])
    if all(share.run.ran.stop is None for share in shares):
        return
    for share in shares:
        share.run.look_for_crashes(Stage.FLASH, BOOT_TRANSCRIPT)  # of all: so does who derives the verdict
        if share.run.ran.stop is not None:
            _look_after(share.run, share.held.board)
    main.ran.stop = next(stop for share in shares if (stop := share.run.ran.stop) is not None)


def _flash(run: Run, board: Board, flash: Flash, opener: Opener) -> None:
    artifact = run.ran.artifact
    assert artifact is not None
    with Transcript(run.bench.clock, path=run.into / BOOT_TRANSCRIPT) as transcript:
        run.ran.flash = flash(artifact, board, _bench(run, transcript), opener=opener)
    keep_flash_challenge(run)


def _tell(run: Run) -> None:
    assert run.ran.flash is not None
    run.tell(Stage.FLASH, f"{run.ran.flash.bytes} bytes, read back, the board says so")


def _flash_beside(share: Share, abreast: Abreast, flash: Flash) -> None:
    """Flash one board of several, in a thread of its own; what it says is said in the thread that waits."""
    heard = share.run.bench.listener
    runner = abreast.runner(share.run.bench.runner)
    bench = replace(share.run.bench, runner=runner, listener=_beside(heard, abreast))
    run = replace(share.run, bench=bench)  # with the same record of what came of it
    with run.stoppable(Stage.FLASH):
        try:
            _flash(run, share.held.board, flash, partial(_open, abreast.halt))
        finally:
            if bench.listener.flash is not None:
                bench.listener.flash(None, run.board)
        _tell(run)


def _beside(listener: Listener, abreast: Abreast) -> Listener:
    def stage(stage: Stage, words: str) -> None:
        abreast.say(partial(listener.stage, stage, words))

    def flash(progress: Progress | None, board: str) -> None:
        if listener.flash is not None:
            abreast.say(partial(listener.flash, progress, board))

    return Listener(stage=stage, flash=flash)


def _open(halt: Halt, port: str, baud: int) -> Transport:
    halt.check()
    return HaltingTransport(open_port(port, baud), halt)


def _look_after(run: Run, board: Board) -> None:
    """See what is at the port of a board whose flash stopped, and bring it back where it is lost."""
    unmask(run, board)
    stop = run.ran.stop
    rescue(run, board, Stage.FLASH, lost=stop is not None and stop.verdict is Verdict.INCONCLUSIVE)


def _bench(run: Run, transcript: Transcript) -> flash_model.Bench:
    settings, hear = run.bench.settings, run.bench.listener.flash
    return flash_model.Bench(
        runner=run.bench.runner,
        clock=run.bench.clock,
        log=run.into / ESPTOOL_LOG,
        transcript=transcript,
        time_outs=TimeOuts(write=settings.flash_timeout_s, boot=settings.boot_timeout_s),
        on_progress=None if hear is None else lambda progress: hear(progress, run.board),
        crashes=run.decoder,
        draw=run.bench.draw,
        memory=FlashMemory.of(run.bench.paths),
    )
