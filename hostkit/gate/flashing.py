"""The flash of a gate: the artifact goes to the board, and the board says that it runs it."""

from __future__ import annotations

from hostkit.boards.model import Board
from hostkit.flash import model as flash_model
from hostkit.flash.memory import FlashMemory
from hostkit.flash.model import TimeOuts
from hostkit.flash.service import flash_artifact
from hostkit.gate.asking import keep_flash_challenge, unmask
from hostkit.gate.model import Stage
from hostkit.gate.parts import BOOT_TRANSCRIPT
from hostkit.gate.recovery import rescue
from hostkit.gate.run import Run
from hostkit.link.transcript import Transcript
from hostkit.store.model import Verdict

ESPTOOL_LOG = "esptool.log"
"""What esptool said, in the evidence."""


def run_flash(run: Run, board: Board) -> None:
    """Flash what was built; a board that is lost over it is looked after."""
    artifact = run.ran.artifact
    assert artifact is not None
    with run.stage(Stage.FLASH):
        with Transcript(run.bench.clock, path=run.into / BOOT_TRANSCRIPT) as transcript:
            run.ran.flash = flash_artifact(artifact, board, _bench(run, transcript))
        keep_flash_challenge(run)
        run.tell(Stage.FLASH, f"{run.ran.flash.bytes} bytes, read back, the board says so")
    if run.ran.stop is not None:
        run.look_for_crashes(Stage.FLASH, BOOT_TRANSCRIPT)
        unmask(run, board)
        rescue(run, board, Stage.FLASH, lost=run.ran.stop.verdict is Verdict.INCONCLUSIVE)


def _bench(run: Run, transcript: Transcript) -> flash_model.Bench:
    settings = run.bench.settings
    return flash_model.Bench(
        runner=run.bench.runner,
        clock=run.bench.clock,
        log=run.into / ESPTOOL_LOG,
        transcript=transcript,
        time_outs=TimeOuts(write=settings.flash_timeout_s, boot=settings.boot_timeout_s),
        on_progress=run.bench.listener.flash,
        crashes=run.decoder,
        draw=run.bench.draw,
        memory=FlashMemory.of(run.bench.paths),
    )
