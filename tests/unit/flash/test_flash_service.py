"""The whole of flashing on fakes: what is refused, when nothing is written, and what proves a write."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from hostkit.boards import slip
from hostkit.boards.model import BoardSpec, Chip, FlashAccess, Kind
from hostkit.boards.partitions import DEFAULT_PARTITIONS, pack_partitions
from hostkit.boards.virtual.flash import NorFlash
from hostkit.boards.virtual.loader import Chipset
from hostkit.boards.virtual.registers import Registers
from hostkit.boards.virtual.rom import RomLoader
from hostkit.build.model import Artifact, Image, Sizes
from hostkit.errors import ExitCode, FailedError, HostkitError, InconclusiveError, InvalidError, ToolError
from hostkit.flash.esptool import clean_environment
from hostkit.flash.model import Bench, Progress, ReadBackBy, Stage, TimeOuts
from hostkit.flash.service import flash_artifact
from hostkit.link.challenge import digest_of
from hostkit.link.errors import LinkTimeoutError, PortBusyError, PortGoneError
from hostkit.link.messages import Op, Request, Status
from hostkit.link.transcript import Transcript
from hostkit.link.transport import Transport
from hostkit.process import Command
from hostkit.testing.boards import FakeBoard
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport
from hostkit.testing.link_device import FakeFirmware
from hostkit.testing.process import FakeRunner, Scripted

MAC = "02:00:00:00:00:10"
BUILD = "ab" * 32
SPEC = BoardSpec("bench", Kind.VIRTUAL, Chip.ESP32, mac=MAC)
WRITTEN = Scripted(
    ("esptool v5.6.0\nWriting at 0x00008", "800 ==\nHash of data verified.\n", "Hash of data verified.\n")
)


def fatal(words: str) -> Scripted:
    return Scripted(("esptool v5.6.0\n\n", f"ERROR: A fatal error occurred: {words}\n"), returncode=2)


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    contents = {
        "partitions": (0x8000, pack_partitions(DEFAULT_PARTITIONS)),
        "app": (0x10000, b"\xe9" + bytes(70_000)),
    }
    images = []
    for role, (offset, data) in contents.items():
        (tmp_path / f"{role}.bin").write_bytes(data)
        digests = hashlib.sha256(data).hexdigest(), hashlib.md5(data).hexdigest()
        images.append(Image(role, offset, f"{role}.bin", len(data), *digests))
    return Artifact(
        BUILD, "virtual", "esp32", "dual-160", "0.1.0", "", False, tuple(images), "firmware.elf",
        Sizes(0, 0, 0, 0), {}, tmp_path,
    )  # fmt: skip


@dataclass
class Desk:
    """A board in memory: ROM loader or firmware answer at its port, as it was reset last."""

    artifact: Artifact
    chip: Chip = Chip.ESP32
    mac: str = MAC
    flash_size: int = 4 << 20
    build: str = BUILD
    answers: list[Scripted] = field(default_factory=lambda: [WRITTEN])
    writes: bool = True
    spec: BoardSpec = SPEC
    before: str = "no-reset"
    quick: bool = False
    erase_nvs: bool = False
    log: Path | None = None

    def __post_init__(self) -> None:
        self.clock = FakeClock()
        self.board = _TestBoard(self.spec, self.before)
        self.flash = NorFlash(self.flash_size)
        self.runner = FakeRunner(self._esptool)
        self.transcript = Transcript(self.clock)
        self.progress: list[Progress] = []
        self.opened: list[MemoryTransport] = []
        self.gone = 0
        self.mute = False
        self.said = b""
        self.reset = "external"
        self.kind = FakeFirmware

    def run(self):  # type: ignore[no-untyped-def]
        bench = Bench(
            self.runner, self.clock, self.log, self.transcript, TimeOuts(boot=2.0), self.progress.append
        )
        how = {"quick": self.quick, "erase_nvs": self.erase_nvs}
        return flash_artifact(self.artifact, self.board, bench, opener=self._open, **how)

    def _esptool(self, command: Command) -> Scripted:
        if "write-flash" in command.argv and self.writes:
            for image in self.artifact.images:
                end = image.offset + image.size
                for sector in range(image.offset, end, 4096):
                    self.flash.erase(sector, 4096)
                self.flash.write(image.offset, self.artifact.path(image).read_bytes())
        return self.answers.pop(0)

    def _open(self, port: str, baud: int) -> Transport:
        if self.gone:
            self.gone -= 1
            raise PortGoneError(f"{port} is not there", hint="wait")
        host, board = MemoryTransport.pair(self.clock)
        self.opened.append(host)
        firmware = self.kind(board, build=self.build)
        firmware.mac, firmware.mute, firmware.garbage = self.mac, self.mute, self.said
        loader = RomLoader(Chipset(self.flash, Registers(self.chip, self.mac, self.flash, lambda: baud)))
        decoder = slip.Decoder()

        def take(data: bytes) -> None:
            if self.board.downloading:
                for packet in decoder.feed(data):
                    for reply in loader.handle(packet).packets:
                        board.write(slip.encode(reply))
            else:
                firmware.take(data)

        def boot() -> None:
            if not self.board.downloading:
                firmware.boot(self.reset)

        board.on_bytes = take
        self.board.on_reset = boot
        boot()
        return host


class _TestBoard(FakeBoard):
    def __init__(self, spec: BoardSpec, before: str) -> None:
        super().__init__(spec, "/dev/fake")
        self.before = before
        self.downloading = False
        self.on_reset = lambda: None

    def enter_download(self) -> FlashAccess:
        access = super().enter_download()
        self.downloading = self.before == "no-reset"
        return replace(access, before=self.before)

    def run_application(self) -> None:
        super().run_application()
        self.downloading = False
        self.on_reset()


def fails(desk: Desk, kind: type[HostkitError]) -> HostkitError:
    with pytest.raises(kind) as caught:
        desk.run()
    assert all(transport._closed for transport in desk.opened)
    return caught.value


def test_a_flash_is_recorded_with_its_proof(artifact: Artifact, tmp_path: Path) -> None:
    desk = Desk(artifact, log=tmp_path / "run" / "esptool.log")
    record = desk.run()
    assert (record.board, record.build_id, record.bytes, record.skipped) == ("bench", BUILD, 73_073, False)
    assert (record.identity.mac, record.esptool, record.read_back_by) == (MAC, "5.6.0", ReadBackBy.ROM)
    assert [region.md5_read for region in record.regions] == [image.md5 for image in artifact.images]
    assert len(desk.runner.commands) == 1
    assert desk.board.calls == ["enter_download"] * 3 + ["run_application"]
    assert "write-flash" in (tmp_path / "run" / "esptool.log").read_text()
    assert any("entry 0x400805e4" in line for line in desk.transcript.lines())
    assert all(transport._closed for transport in desk.opened)


def test_progress_goes_through_every_stage_in_order(artifact: Artifact) -> None:
    desk = Desk(artifact)
    desk.run()
    stages = [progress.stage for progress in desk.progress]
    assert [*dict.fromkeys(stages)] == [stage for stage in Stage if stage is not Stage.ERASE]
    writing = [progress.fraction for progress in desk.progress if progress.stage is Stage.WRITE]
    assert writing == sorted(writing)
    assert (writing[0], writing[-1]) == (0.0, 1.0)
    assert any(0 < fraction < 1 for fraction in writing)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"chip": Chip.ESP32S3}, "has an esp32s3"),
        ({"mac": "02:00:00:00:00:99"}, "has MAC 02:00:00:00:00:99"),
        ({"flash_size": 8 << 20}, "has 8 MB of flash"),
    ],
)
def test_another_board_at_the_port_is_refused_before_anything_is_written(
    artifact: Artifact, change: dict[str, object], words: str
) -> None:
    desk = Desk(artifact, **change)  # type: ignore[arg-type]
    error = fails(desk, InvalidError)
    assert words in error.message
    assert error.exit_code is ExitCode.INVALID
    assert desk.runner.commands == []
    assert desk.flash.md5(0, desk.flash_size) == NorFlash(desk.flash_size).md5(0, desk.flash_size)
    assert desk.board.calls[-1] == "run_application"  # it goes on with what it ran


def test_a_damaged_artifact_is_refused_before_the_board_is_touched(artifact: Artifact) -> None:
    artifact.path(artifact.images[1]).write_bytes(b"other")
    desk = Desk(artifact)
    assert "is not what the artifact's manifest says" in fails(desk, InvalidError).message
    artifact.path(artifact.images[1]).unlink()
    assert "is missing from the artifact" in fails(desk, InvalidError).message
    assert desk.board.calls == []


def test_an_image_too_large_is_refused_before_the_board_is_touched(artifact: Artifact) -> None:
    desk = Desk(artifact, spec=replace(SPEC, flash_size=64 << 10))
    assert "beyond the 65536 bytes flash of bench" in fails(desk, InvalidError).message
    assert desk.board.calls == []


def test_exit_zero_without_every_hash_verified_is_no_success(artifact: Artifact) -> None:
    desk = Desk(artifact, answers=[Scripted(("esptool v5.6.0\nHash of data verified.\n",))])
    assert fails(desk, ToolError).message == "esptool verified 1 of 2 regions on /dev/fake"


def test_every_hash_verified_without_exit_zero_is_no_success(artifact: Artifact) -> None:
    desk = Desk(artifact, answers=[replace(WRITTEN, returncode=1)])
    assert "esptool failed on /dev/fake (exit 1)" in fails(desk, ToolError).message


def test_what_reads_back_differently_is_no_success_whatever_esptool_said(artifact: Artifact) -> None:
    error = fails(Desk(artifact, writes=False), ToolError)
    assert "region partitions at 0x8000 of bench reads back with MD5" in error.message
    assert artifact.images[0].md5 in error.message


def test_firmware_that_says_another_build_is_invalid(artifact: Artifact) -> None:
    error = fails(Desk(artifact, build="cd" * 32), InvalidError)
    assert error.message == "the board runs build cdcdcdcdcdcd, not abababababab that was flashed"
    assert "stale build id" in error.hint


def test_the_record_holds_a_fresh_question_with_its_answer(artifact: Artifact) -> None:
    first, second = Desk(artifact).run().challenge, Desk(artifact).run().challenge
    assert first.holds
    assert second.holds
    assert first.question != second.question
    assert (first.build, first.mac) == (BUILD, MAC)


def test_a_recorded_answer_is_invalid(artifact: Artifact) -> None:
    recorded = Desk(artifact).run().challenge

    class Recording(FakeFirmware):
        def _challenge(self, question: bytes) -> list[Any]:
            return [bytes.fromhex(recorded.digest), recorded.build, recorded.mac]

    desk = Desk(artifact)
    desk.kind = Recording
    error = fails(desk, InvalidError)
    assert "the board's answer to a challenge is wrong" in error.message
    assert "plays a recording" in error.hint


def test_another_board_that_answers_the_challenge_is_invalid(artifact: Artifact) -> None:
    class Another(FakeFirmware):
        def _challenge(self, question: bytes) -> list[Any]:
            digest = digest_of(question, BUILD, bytes.fromhex("020000000099"), self.nonce)
            return [digest, BUILD, "02:00:00:00:00:99"]

    desk = Desk(artifact)
    desk.kind = Another
    assert "02:00:00:00:00:99 answered the challenge" in fails(desk, InvalidError).message


def test_firmware_from_before_challenges_is_flashed_without_one(artifact: Artifact) -> None:
    class Old(FakeFirmware):
        def _execute(self, request: Request) -> tuple[Status, Any]:
            if request.op == Op.CHALLENGE:
                return Status.UNKNOWN_OP, "no such operation"
            return super()._execute(request)

    desk = Desk(artifact)
    desk.kind = Old
    assert desk.run().challenge is None


def test_firmware_that_never_answers_is_a_time_out(artifact: Artifact) -> None:
    desk = Desk(artifact)
    desk.mute = True
    error = fails(desk, LinkTimeoutError)
    assert "no answer to hello on memory://host within 2.0 s" in error.message
    assert error.hint == "the board last printed: entry 0x400805e4"


def test_esptool_that_hangs_is_a_time_out_that_names_itself(artifact: Artifact) -> None:
    error = fails(Desk(artifact, answers=[Scripted(timed_out=True, returncode=-15)]), InconclusiveError)
    assert error.message.startswith("esptool did not finish to write bench on /dev/fake within ")


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (fatal("Failed to connect to ESP32: No serial data received."), InconclusiveError, "did not answer"),
        (fatal("The chip stopped responding."), InconclusiveError, "The chip stopped responding."),
        (fatal("Could not open /dev/fake, the port is busy or doesn't exist."), PortGoneError, "cannot open"),
        (fatal("This chip is ESP32-S3, not ESP32. Wrong chip argument?"), InvalidError, "is no esp32"),
        (fatal("Write failed, the written flash region is empty."), ToolError, "region is empty"),
        (Scripted(("python: No module named esptool\n",), returncode=1), ToolError, "is not installed"),
        (Scripted(("line\n" * 9 + "Traceback: boom\n",), returncode=1), ToolError, "Traceback: boom"),
        (Scripted(missing=True), ToolError, "cannot run"),
    ],
)
def test_each_end_of_esptool_has_its_own_error(
    artifact: Artifact, answer: Scripted, kind: type[HostkitError], words: str
) -> None:
    error = fails(Desk(artifact, answers=[answer]), kind)
    assert words in error.message
    assert error.hint
    assert not isinstance(error, FailedError)


def test_the_log_is_kept_when_esptool_fails(artifact: Artifact, tmp_path: Path) -> None:
    log = tmp_path / "esptool.log"
    fails(Desk(artifact, answers=[fatal("The chip stopped responding.")], log=log), InconclusiveError)
    assert "The chip stopped responding." in log.read_text()


def test_what_the_flash_holds_already_is_not_written_again_if_that_is_asked_for(artifact: Artifact) -> None:
    desk = Desk(artifact)
    desk.run()
    desk.quick = True
    record = desk.run()
    assert (record.skipped, record.bytes, record.esptool) == (True, 0, "")
    assert [region.md5_read for region in record.regions] == [image.md5 for image in artifact.images]
    assert len(desk.runner.commands) == 1


ERASED = Scripted(("esptool v5.6.0\nFlash memory region erased successfully in 0.1 seconds.\n",))


def test_what_was_stored_is_erased_only_if_that_is_asked_for(artifact: Artifact) -> None:
    kept = Desk(artifact)
    assert kept.run().erased == ()
    assert not any("erase-region" in command.argv for command in kept.runner.commands)
    desk = Desk(artifact, answers=[ERASED, WRITTEN], erase_nvs=True)
    assert desk.run().erased == ("nvs",)
    assert desk.runner.commands[0].argv[-3:] == ("erase-region", "0x9000", "0x6000")
    assert "write-flash" in desk.runner.commands[1].argv


def test_an_erase_that_esptool_does_not_confirm_is_no_success(artifact: Artifact) -> None:
    desk = Desk(artifact, answers=[Scripted(("esptool v5.6.0\n",))], erase_nvs=True)
    assert "did not say that it erased nvs" in fails(desk, ToolError).message
    assert len(desk.runner.commands) == 1, "nothing was written"


def test_without_a_partition_table_nothing_is_erased(artifact: Artifact) -> None:
    desk = Desk(replace(artifact, images=artifact.images[1:]), answers=[], erase_nvs=True)
    assert "nothing was erased" in fails(desk, InvalidError).message
    assert desk.board.calls == []


def test_what_differs_is_written_though_skipping_is_allowed(artifact: Artifact) -> None:
    desk = Desk(artifact, quick=True)
    assert desk.run().skipped is False


IDENTITY = (
    "Connected to ESP32 on /dev/fake:\nMAC:                02:00:00:00:00:10\nDetected flash size: 4MB\n"
)
MATCHED = Scripted(("Verification successful (digest matched).\n" * 2,))


def test_a_board_that_esptool_resets_is_asked_written_and_verified_by_esptool(artifact: Artifact) -> None:
    desk = Desk(artifact, before="default-reset", answers=[Scripted((IDENTITY,)), WRITTEN, MATCHED])
    record = desk.run()
    verbs = ("flash-id", "write-flash", "verify-flash")
    assert [next(verb for verb in verbs if verb in command.argv) for command in desk.runner.commands] == [
        *verbs
    ]
    assert record.read_back_by is ReadBackBy.ESPTOOL
    assert len(desk.opened) == 1  # after the reset, as the reset itself needs the port


def test_a_wrong_mac_seen_by_esptool_is_refused_before_writing(artifact: Artifact) -> None:
    seen = IDENTITY.replace(":10\n", ":77\n")
    desk = Desk(artifact, before="default-reset", answers=[Scripted((seen,))])
    assert "has MAC 02:00:00:00:00:77" in fails(desk, InvalidError).message
    assert len(desk.runner.commands) == 1


def test_an_identity_that_esptool_does_not_tell_is_invalid(artifact: Artifact) -> None:
    desk = Desk(artifact, before="default-reset", answers=[Scripted(("Connected to ESP32 on x:\n",))])
    assert "did not say chip, MAC and flash size" in fails(desk, InvalidError).message


def test_regions_that_verify_flash_does_not_match_are_no_success(artifact: Artifact) -> None:
    one = Scripted(("Verification successful (digest matched).\n",))
    desk = Desk(artifact, before="default-reset", answers=[Scripted((IDENTITY,)), WRITTEN, one])
    assert fails(desk, ToolError).message == "esptool found 1 of 2 regions equal on /dev/fake"


def test_a_port_server_gets_ten_times_the_time(artifact: Artifact) -> None:
    desk = Desk(artifact, before="default-reset", answers=[Scripted((IDENTITY,)), WRITTEN, MATCHED])
    desk.run()
    far = Desk(artifact, before="default-reset", answers=[Scripted((IDENTITY,)), WRITTEN, MATCHED])
    far.board._port = "rfc2217://attic:4000"
    far.run()
    near_s = [command.timeout_s for command in desk.runner.commands]
    assert [command.timeout_s for command in far.runner.commands] == [10 * (limit or 0) for limit in near_s]


def test_skipping_asks_esptool_whether_the_regions_are_equal(artifact: Artifact) -> None:
    desk = Desk(
        artifact,
        before="default-reset",
        quick=True,
        answers=[Scripted((IDENTITY,)), fatal("Verification failed."), WRITTEN, MATCHED],
    )
    assert desk.run().skipped is False


def test_a_port_that_comes_back_after_the_reset_is_waited_for(artifact: Artifact) -> None:
    desk = Desk(artifact, before="default-reset", answers=[Scripted((IDENTITY,)), WRITTEN, MATCHED])
    desk.gone = 5
    assert desk.run().build_id == BUILD
    assert desk.clock.slept.count(0.05) >= 5


def test_a_port_that_does_not_come_back_is_told(artifact: Artifact) -> None:
    desk = Desk(artifact, before="default-reset", answers=[Scripted((IDENTITY,)), WRITTEN, MATCHED])
    desk.gone = 10_000
    assert "is not there" in fails(desk, PortGoneError).message


def test_a_port_that_another_program_took_is_told_at_once(artifact: Artifact) -> None:
    desk = Desk(artifact)

    def busy(port: str, baud: int) -> Transport:
        raise PortBusyError(port, 4242, "screen /dev/fake")

    desk._open = busy  # type: ignore[method-assign]
    assert "in use by process 4242" in fails(desk, PortBusyError).message
    assert desk.clock.slept == []


def test_esptools_options_come_from_its_command_line_alone() -> None:
    env = clean_environment({"PATH": "/bin", "ESPTOOL_BAUD": "9600", "FORCE_COLOR": "1", "HOME": "/h"})
    assert env["PATH"] == "/bin"
    assert env["HOME"] == "/h"
    assert "ESPTOOL_BAUD" not in env
    assert "FORCE_COLOR" not in env
    assert env["NO_COLOR"] == "1"


def test_a_loader_is_set_to_a_faster_line_before_esptool_and_left_alone_on_the_slowest(
    artifact: Artifact,
) -> None:
    for baud, before in ((115_200, "no-reset"), (921_600, "no-reset-no-sync")):
        desk = Desk(artifact, spec=replace(SPEC, baud=baud))
        desk.run()
        argv = desk.runner.commands[0].argv
        assert argv[argv.index("--before") + 1] == before
