from __future__ import annotations

from pathlib import Path

import pytest

from hostkit.boards.catalog import Catalog, load_catalog
from hostkit.boards.model import Chip, Fidelity, Kind
from hostkit.errors import UsageError

VIRTUAL = '[boards.virt0]\nkind = "virtual"\nchip = "esp32"\nmac = "02:00:00:00:00:01"\n'
SERIAL = '[boards.desk]\nkind = "serial"\nchip = "esp32s3"\nport = "/dev/ttyUSB0"\n'


@pytest.fixture
def load(tmp_path: Path):
    def load(text: str) -> Catalog:
        path = tmp_path / "boards.toml"
        path.write_text(text)
        return load_catalog(path)

    return load


def test_the_boards_of_this_project_load(project_root: Path) -> None:
    catalog = load_catalog(project_root / "boards.toml")
    assert catalog.names() == ("virt0", "virt1", "virt-s3", "virt-c3", "sim0")
    assert {board.chip for board in catalog} == set(Chip)
    assert len({board.identity for board in catalog}) == 5


def test_the_commented_examples_of_this_project_load_too(project_root: Path, load) -> None:
    text = (project_root / "boards.toml").read_text()
    examples = text[text.index("# [boards.desk]") :]
    uncommented = "\n".join(
        line[2:] for line in examples.splitlines() if line.startswith("# [") or " = " in line
    )
    catalog = load(uncommented)
    assert [board.kind for board in catalog] == [Kind.SERIAL, Kind.QEMU, Kind.RFC2217]


def test_every_key_is_read(load) -> None:
    board = load(
        SERIAL
        + 'mac = "24-0A-C4-01-02-03"\nflash_size = "8MB"\nprofile = "ring"\nbaud = 921600\nlabels = ["a"]\n'
    ).get("desk")
    assert (board.kind, board.chip, board.port) == (Kind.SERIAL, Chip.ESP32S3, "/dev/ttyUSB0")
    assert (board.mac, board.flash_size, board.baud) == ("24:0a:c4:01:02:03", 8 << 20, 921_600)
    assert (board.profile, board.labels) == ("ring", ("a",))
    assert board.identity == "240ac4010203"
    assert board.fidelity is Fidelity.BOARD


def test_defaults_are_those_of_the_model(load) -> None:
    board = load(VIRTUAL).get("virt0")
    assert (board.flash_size, board.profile, board.baud) == (4 << 20, "dual-160", 460_800)
    assert board.fidelity is Fidelity.VIRTUAL


def test_a_board_without_a_mac_is_leased_by_its_name(load) -> None:
    assert load(SERIAL).get("desk").identity == "serial-desk"


def test_an_unknown_board_is_answered_with_the_nearest_name(load) -> None:
    with pytest.raises(UsageError, match="no board 'vrit0'") as caught:
        load(VIRTUAL).get("vrit0")
    assert caught.value.hint == "did you mean 'virt0'?"


def test_names_that_blanks_stand_between_are_answered_with_how_several_are_named(load) -> None:
    with pytest.raises(UsageError) as caught:
        load(VIRTUAL).get("virt0 virt1")
    assert caught.value.hint == "several boards are named with commas: virt0,virt1"


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        (VIRTUAL + 'chp = "x"\n', 5, "unknown key 'chp'", "did you mean 'chip'?"),
        (VIRTUAL.replace('"virtual"', '"virtul"'), 2, "'virtul' is no kind", "did you mean 'virtual'?"),
        (VIRTUAL.replace('"esp32"', '"esp32s4"'), 3, "'esp32s4' is no chip", "did you mean 'esp32s3'?"),
        (VIRTUAL.replace('chip = "esp32"\n', ""), 1, "has no chip", "one of: esp32, esp32s3, esp32c3"),
        (VIRTUAL.replace("02:00", "0:0"), 4, "is no MAC address", "aa:bb:cc:dd:ee:ff"),
        (VIRTUAL.replace('mac = "02:00:00:00:00:01"\n', ""), 1, "needs a mac", "02:"),
        (VIRTUAL + 'port = "/dev/x"\n', 5, "makes its own port", "remove"),
        (VIRTUAL + 'flash_size = "3MB"\n', 5, "'3MB' is no flash size", "4MB"),
        (VIRTUAL + "baud = 12\n", 5, "12 is no baud rate", "460800"),
        (VIRTUAL + "baud = true\n", 5, "True is no baud rate", "460800"),
        (VIRTUAL + "frames = 257\n", 5, "257 is no number of frames", "1 to 256, or 0 for all of a scene"),
        (VIRTUAL + 'labels = "desk"\n', 5, "labels must be a list", '["desk"]'),
        (VIRTUAL + 'power = "relay 3"\n', 5, "power must be a list", '["uhubctl"'),
        (VIRTUAL + "profile = 3\n", 5, "profile must be text", "quotes"),
        (SERIAL.replace('port = "/dev/ttyUSB0"\n', ""), 1, "needs a port", "/dev/ttyUSB0"),
        (SERIAL.replace("/dev/ttyUSB0", "rfc2217://x:1"), 4, "is no port of a serial board", "rfc2217"),
        (VIRTUAL + VIRTUAL.replace("virt0", "virt1"), 8, "have the same mac", "its own"),
        ('[boards."a b"]\nkind = "virtual"\n', 1, "'a b' is no board name", "letters"),
        ("board = 1\n", 1, "unknown key 'board'", "did you mean 'boards'?"),
        ("boards = 3\n", 1, "must be a table", "[boards.NAME]"),
        ("[boards]\nvirt0 = 3\n", None, "must be a table", "[boards.virt0]"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_a_hint(
    load, text: str, line: int | None, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        load(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    if line is not None:
        assert f"boards.toml:{line}: " in caught.value.message


def test_broken_toml_names_file_and_line(load) -> None:
    with pytest.raises(UsageError, match=r"boards\.toml: .*line 2"):
        load("[boards.virt0]\nkind = \n")


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no") as caught:
        load_catalog(tmp_path / "boards.toml")
    assert "kind = 'virtual'" in caught.value.hint


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "boards.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot read"):
        load_catalog(tmp_path / "boards.toml")
