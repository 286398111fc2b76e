"""The board is the board, and runs what was put on it."""

import pytest

from hostkit.link.messages import Log, Tap

pytestmark = [pytest.mark.rung("booted"), pytest.mark.every_board]

KNOWN_FEATURES = {"wire", "audio", "live", "storage"}


def test_the_firmware_names_project_version_and_build(board):
    identity = board.identity
    assert identity.project == "led-controller"
    assert identity.version
    assert identity.build != "0" * 64


def test_the_firmware_is_made_for_this_board(board):
    identity = board.identity
    assert identity.chip == board.spec.chip.value
    assert identity.profile == board.spec.profile
    assert not board.spec.mac or identity.mac == board.spec.mac


def test_the_strips_are_those_of_the_profile(board, profile):
    said = [(strip.gpio, strip.leds, strip.order) for strip in board.identity.strips]
    assert said == [(strip.gpio, strip.leds, strip.order) for strip in profile.strips]


def test_the_link_and_the_wire_have_the_agreed_units(board):
    assert board.identity.mtu == 2048
    assert board.identity.tick_ns == 25
    assert board.identity.reset_us >= 280


def test_the_features_are_known_and_complete(board):
    features = set(board.identity.features)
    assert features <= KNOWN_FEATURES
    assert features >= {"audio", "live", "storage"}


def test_a_reset_gives_a_new_boot_nonce_and_counts(board):
    before = board.identity
    after = board.reset()
    assert after.nonce not in (0, before.nonce)
    assert after.boots == before.boots + 1
    assert after.build == before.build


def test_a_reboot_over_the_link_says_so(board):
    before = board.identity
    after = board.reboot()
    assert after.reset == "software"
    assert after.nonce != before.nonce
    assert after.boots == before.boots + 1


def test_a_board_says_unasked_when_it_is_ready_and_has_told_all_it_could_not_read(board, link):
    link.receive(0)
    board.reset()
    assert "ready" in [item.text for item in link.receive(0.1) if isinstance(item, Log)]
    stats = link.stats()
    assert stats.naks == stats.frames_broken


def test_saved_settings_survive_a_reset(board, link, golden):
    golden.configure("lava", 77, {"size": 9})  # a pattern that shows its seed
    golden.output(60, 900)
    link.configure("lava", 77, {"size": 9})
    link.output(60, 900)
    link.save()
    board.reset()
    try:
        assert link.step(1_234_567).crc == golden.step(1_234_567).crc(Tap.FRAME)
    finally:
        link.configure("rainbow")
        link.output(96, 2000)
        link.save()
