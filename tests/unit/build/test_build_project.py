from __future__ import annotations

import os
from pathlib import Path

import pytest

from hostkit.boards.model import Chip
from hostkit.build.project import Compiler, env_names, read_env
from hostkit.errors import ExitCode, UsageError


def _write(root: Path, text: str) -> Path:
    (root / "platformio.ini").write_text(text)
    return root


def test_an_env_inherits_from_the_common_section(project: Path) -> None:
    env = read_env(project, "virtual")
    assert (env.chip, env.profile, env.version, env.compiler) == (
        Chip.ESP32,
        "dual-160",
        "1.2.3",
        Compiler.ZIG,
    )
    assert (env.flash_budget, env.ram_budget) == (4096, 2048)
    assert env.files == (project / "platformio.ini",)


def test_extends_and_references_are_followed_and_the_nearest_value_wins(tmp_path: Path) -> None:
    text = """
[env]
custom_hostkit_profile = far ; a comment
[base]
custom_hostkit_profile = ${names.first}
custom_hostkit_chip = esp32c3
[names]
first = near
[middle]
extends = base
[env:a]
extends = middle
custom_hostkit_compiler = g++
"""
    env = read_env(_write(tmp_path, text), "a")
    assert (env.profile, env.chip, env.compiler) == ("near", Chip.ESP32C3, Compiler.GXX)
    assert (env.flash_budget, env.ram_budget) == (0, 0)


def test_extra_configs_are_read_and_are_inputs(tmp_path: Path) -> None:
    (tmp_path / "more.ini").write_text("[env:extra]\ncustom_hostkit_chip = esp32s3\n")
    _write(tmp_path, "[platformio]\nextra_configs = more*.ini\n[env:virtual]\n")
    assert env_names(tmp_path) == ("virtual", "extra")
    env = read_env(tmp_path, "extra")
    assert env.chip is Chip.ESP32S3
    assert env.files == (tmp_path / "platformio.ini", tmp_path / "more.ini")


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("virtaul", "did you mean virtual?"), ("nothing-like-it", "it has virtual"), ("", "it has virtual")],
)
def test_an_unknown_env_is_answered_with_the_nearest_name(project: Path, asked: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_env(project, asked)
    assert caught.value.message == f"no env {asked!r} in platformio.ini"
    assert caught.value.hint == hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_file_without_envs_says_how_to_add_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_env(_write(tmp_path, "[platformio]\n"), "virtual")
    assert caught.value.hint == "add a section [env:NAME]"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("x = 1\n", 1, "no [section] before 'x = 1'"),
        ("[env:a]\nplatform = x\n\njust words\n", 4, "neither a [section] nor an option: 'just words'"),
        ("[env:a]\nk = 1\nk = 2\n", 3, "option 'k' is there twice in [env:a]"),
        ("[env:a]\nk = 1\n[env:a]\n", 3, "section [env:a] is there twice"),
        ("[env:a\n", 1, "no [section] before"),
        ("[env]\nk = 1\n[env:a\nj = 2\n", 3, "a section without its ]: [env:a"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        env_names(_write(tmp_path, text))
    assert caught.value.message.startswith(f"{tmp_path}/platformio.ini:{line}: ")
    assert words in caught.value.message
    assert caught.value.hint.startswith("an option is `name = value`")


def test_a_file_that_is_not_text_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_bytes(b"[env:a]\nk = \xff\n")
    with pytest.raises(UsageError, match=r"platformio\.ini:2: not UTF-8 text") as caught:
        env_names(tmp_path)
    assert caught.value.hint == "save it as UTF-8"


@pytest.mark.parametrize(
    "section", ["[env: virtual]", "[env.virtual]", "[[env:virtual]]", "  [env:virtual]", "[ENV:virtual ]"]
)
def test_a_section_that_only_looks_like_that_of_the_env_is_named_with_its_line(
    tmp_path: Path, section: str
) -> None:
    _write(tmp_path, f"[env:other]\nplatform = x\n{section}\nboard = y\n")
    with pytest.raises(UsageError) as caught:
        read_env(tmp_path, "virtual")
    assert caught.value.message == (
        f"{tmp_path}/platformio.ini:3: no env 'virtual': {section.strip()} is not its section"
    )
    assert caught.value.hint == "write [env:virtual], at the very beginning of the line"


@pytest.mark.parametrize(
    ("parent", "hint"),
    [("bse", "did you mean base?"), ("nowhere", "add a section [nowhere], or remove it from `extends`")],
)
def test_a_parent_that_is_not_there_is_named_with_its_line(tmp_path: Path, parent: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_env(_write(tmp_path, f"[base]\n[env:a]\nextends = base, {parent}\n"), "a")
    assert caught.value.message == (
        f"{tmp_path}/platformio.ini:3: [env:a] extends {parent!r}, and there is no such section"
    )
    assert caught.value.hint == hint


def test_an_extra_config_that_is_no_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "more.ini")  # would be waited on for ever
    (tmp_path / "dir.ini").mkdir()
    for name in ("more.ini", "dir.ini"):
        with pytest.raises(UsageError, match=rf"{name} is no text file") as caught:
            env_names(_write(tmp_path, f"[platformio]\nextra_configs = {name}\n"))
        assert "extra_configs" in caught.value.hint


def test_an_extra_config_outside_of_the_checkout_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "out.ini").write_text("[env:out]\n")
    (project / "link.ini").symlink_to(tmp_path / "out.ini")
    for name in (str(tmp_path / "out.ini"), "../out.ini", "link.ini"):
        with pytest.raises(UsageError, match=r"platformio\.ini:2: extra_configs names .*, outside") as caught:
            env_names(_write(project, f"[platformio]\nextra_configs = {name}\n"))
        assert "part of its commit" in caught.value.hint


def test_a_byte_order_mark_is_called_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_bytes(b"\xef\xbb\xbf[env:a]\n")
    with pytest.raises(UsageError, match=r"platformio\.ini:1: it begins with a byte order mark") as caught:
        env_names(tmp_path)
    assert caught.value.hint == "save it as UTF-8 without one"


def test_a_file_too_large_for_anybody_to_have_written_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "platformio.ini").open("wb") as stream:
        stream.truncate((1 << 20) + 1)
    with pytest.raises(UsageError, match=r"platformio\.ini has 1048577 bytes") as caught:
        env_names(tmp_path)
    assert "git checkout -- platformio.ini" in caught.value.hint


def test_lines_may_end_as_they_do_on_windows(tmp_path: Path) -> None:
    (tmp_path / "platformio.ini").write_bytes(b"[env:a]\r\ncustom_hostkit_chip = esp32c3\r\n")
    assert read_env(tmp_path, "a").chip is Chip.ESP32C3


def test_a_directory_without_the_file_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no platformio\.ini in"):
        env_names(tmp_path)


@pytest.mark.parametrize(
    ("option", "value", "hint"),
    [
        ("chip", "esp8266", "it must be one of esp32, esp32s3, esp32c3"),
        ("compiler", "tcc", "it must be one of zig, g++, clang++"),
        ("flash_budget", "lots", "it must be a number of bytes, such as 1048576, 1024K or 1M"),
        ("version", 'a"b', "it must be 1 to 31 letters, digits and . _ + -, the first a letter or a digit"),
        (
            "profile",
            "p" * 32,
            "it must be 1 to 31 letters, digits and . _ + -, the first a letter or a digit",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_line(tmp_path: Path, option: str, value: str, hint: str) -> None:
    _write(tmp_path, f"[env:a]\nplatform = symlink://x\ncustom_hostkit_{option} = {value}\n")
    with pytest.raises(UsageError) as caught:
        read_env(tmp_path, "a")
    assert caught.value.message == (f"{tmp_path}/platformio.ini:3: custom_hostkit_{option} is {value!r}")
    assert caught.value.hint == hint


def test_a_bad_value_by_reference_is_named_with_its_file(tmp_path: Path) -> None:
    _write(tmp_path, "[a]\nb = nochip\n[env:a]\ncustom_hostkit_chip = ${a.b}\n")
    with pytest.raises(UsageError, match=r"platformio\.ini: custom_hostkit_chip is 'nochip'"):
        read_env(tmp_path, "a")


@pytest.mark.parametrize(
    "text",
    [
        "[x]\nextends = y\n[y]\nextends = x\n[env:a]\nextends = x\n",
        "[x]\na = ${x.b}\nb = ${x.a}\n[env:a]\ncustom_hostkit_profile = ${x.a}\n",
    ],
)
def test_a_circle_is_an_error_and_not_a_hang(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="itself"):
        read_env(_write(tmp_path, text), "a")


def test_an_env_whose_name_is_a_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no name for an env"):
        read_env(_write(tmp_path, "[env:../up]\n"), "../up")


def test_the_environment_may_choose_the_compiler(project: Path) -> None:
    assert read_env(project, "virtual", compiler="g++").compiler is Compiler.GXX
    with pytest.raises(UsageError) as caught:
        read_env(project, "virtual", compiler="icc")
    assert caught.value.message == "HK_COMPILER=icc names no compiler"
    assert caught.value.hint == "use one of zig, g++, clang++"
