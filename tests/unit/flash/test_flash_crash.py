"""Firmware that crashes instead of booting: what flashing says of it."""

from __future__ import annotations

import pytest
from test_flash_service import Desk, artifact

from hostkit.build.model import Artifact
from hostkit.errors import ExitCode
from hostkit.link.crash.blame import FirmwareCrashError, SupplyError
from hostkit.link.crash.model import CrashKind
from hostkit.link.errors import LinkTimeoutError
from hostkit.testing import crash as texts

__all__ = ["artifact"]  # the fixture


def _desk(artifact: Artifact, text: str) -> Desk:
    desk = Desk(artifact)
    desk.said = texts.spoken(text, pc=0x400D1F4A)
    return desk


def test_a_panic_at_boot_is_the_firmwares_failure_with_its_own_words(artifact: Artifact) -> None:
    desk = _desk(artifact, texts.XTENSA["StoreProhibited"])
    desk.mute = True
    with pytest.raises(FirmwareCrashError) as caught:
        desk.run()
    assert caught.value.message == "panic: StoreProhibited at 0x400d1f4a"
    assert caught.value.exit_code is ExitCode.FAIL


def test_a_panic_that_a_second_try_hides_is_a_failure_too(artifact: Artifact) -> None:
    desk = _desk(artifact, texts.XTENSA["StoreProhibited"])
    desk.reset = "panic"
    with pytest.raises(FirmwareCrashError):
        desk.run()


def test_what_was_printed_before_a_wanted_reset_is_history(artifact: Artifact) -> None:
    assert _desk(artifact, texts.XTENSA["StoreProhibited"]).run().build_id == artifact.build_id


def test_a_brown_out_is_nobodys_fault(artifact: Artifact) -> None:
    desk = _desk(artifact, texts.BROWNOUT)
    desk.mute = True
    with pytest.raises(SupplyError) as caught:
        desk.run()
    assert caught.value.exit_code is ExitCode.INCONCLUSIVE
    assert "supply" in caught.value.hint


def test_a_boot_loop_names_its_resets(artifact: Artifact) -> None:
    desk = _desk(artifact, texts.BOOT_LOOP)
    desk.mute = True
    with pytest.raises(FirmwareCrashError) as caught:
        desk.run()
    assert caught.value.crash.report.kind is CrashKind.BOOT_LOOP
    assert "RTCWDT_RTC_RESET" in caught.value.message


def test_silence_without_a_crash_stays_inconclusive(artifact: Artifact) -> None:
    desk = Desk(artifact)
    desk.mute = True
    with pytest.raises(LinkTimeoutError):
        desk.run()
