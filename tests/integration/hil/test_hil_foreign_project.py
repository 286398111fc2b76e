"""The plugin in a repository that is not this one, with its own tests, models and boards; and unused."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hostkit.hil.observations import Outcome, read_observations

pytestmark = pytest.mark.timeout(300)

BOARDS = """
[boards.lamp]
kind = "virtual"
chip = "esp32"
mac = "02:68:6b:00:00:00"
profile = "lamp-320"
"""

CONFTEST = """
from dataclasses import replace

from hostkit.hil.golden.model import Pattern, colour, stateless
from hostkit.hil.profiles import Profile, StripProfile

# A model of their own takes the place of hostkit's.
def drawn(setting, times, audio):
    return setting.colour("colour") EXTRA


MINE = Pattern("solid", (colour("colour", 0xFFA040),), stateless(drawn))


def pytest_hostkit_patterns():
    return (MINE,)


def pytest_hostkit_profiles():
    return (Profile("lamp-320", (StripProfile(5, 160), StripProfile(4, 160))),)
"""

TESTS = """
import pytest

from hostkit.hil.disturbance import Disturbance
from hostkit.hil.scene import Scene

pytestmark = pytest.mark.rung("rendered")


def test_the_lamp_is_as_their_model_says(board, measure):
    measure("LEDs", board.profile.leds, "")
    board.must_draw(Scene("solid", {"colour": 0x204060}, count=3))


def test_a_noisy_line_does_no_harm(disturb):
    with disturb(to_host=Disturbance(corrupt=0.1)) as line:
        for number in range(40):
            assert line.link.echo(bytes([number])) == bytes([number])


@pytest.mark.parametrize("pattern", ["solid"])
def test_the_current_is_what_they_expect(link, pattern):
    link.configure(pattern, 0, {"colour": 0xFFFFFF})
    assert link.step(0).ma == EXPECTED
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, project_root: Path, shared_cache: Path) -> dict[str, str]:
    """An environment whose virtual board has this project's firmware, under the name that they gave it."""
    state = tmp_path_factory.mktemp("s")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HOSTKIT_", "PLATFORMIO_", "PYTEST_"))}
    env = kept | {"HOSTKIT_CACHE_DIR": str(shared_cache), "HOSTKIT_STATE_DIR": str(state)}
    flash = [sys.executable, "-m", "hostkit", "flash", "-e", "virtual", "-b", "virt0"]
    done = subprocess.run(flash, cwd=project_root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (state / "boards" / "virt0").rename(state / "boards" / "lamp")
    return env


def pytest_in(folder: Path, env: dict[str, str], *options: str) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    return subprocess.run(argv, cwd=folder, env=env, capture_output=True, text=True, check=False)


def project(folder: Path, *, extra: str = "", expected: int = 19_520) -> Path:
    (folder / "boards.toml").write_text(BOARDS)
    (folder / "conftest.py").write_text(CONFTEST.replace(" EXTRA", extra))
    (folder / "test_lamp.py").write_text(TESTS.replace("EXPECTED", str(expected)))
    return folder


def outcomes(folder: Path) -> dict[str, tuple[Outcome, str]]:
    seen = read_observations(folder / "seen.jsonl")
    return {test.test.split("::")[1].split("[")[0]: (test.outcome, test.message) for test in seen.tests}


def test_their_tests_pass_on_their_board_with_their_model(tmp_path: Path, home: dict[str, str]) -> None:
    folder = project(tmp_path)
    done = pytest_in(folder, home, "--board", "lamp", "--observations", "seen.jsonl")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {outcome for outcome, _ in outcomes(folder).values()} == {Outcome.PASSED}
    seen = read_observations(folder / "seen.jsonl")
    assert seen.tests[0].numbers == {"LEDs": 320}
    assert seen.session["board"] == "lamp"


def test_a_wrong_expectation_and_a_wrong_model_fail_with_their_reason(
    tmp_path: Path, home: dict[str, str]
) -> None:
    folder = project(tmp_path, extra=" ^ 0x0100", expected=5)
    done = pytest_in(folder, home, "--board", "lamp", "--observations", "seen.jsonl")
    assert done.returncode == 1, done.stdout + done.stderr
    seen = outcomes(folder)
    assert seen["test_the_lamp_is_as_their_model_says"][0] is Outcome.FAILED
    assert "solid: tap linear differs from the model" in seen["test_the_lamp_is_as_their_model_says"][1]
    assert seen["test_the_current_is_what_they_expect"][0] is Outcome.FAILED
    assert "== 5" in seen["test_the_current_is_what_they_expect"][1]
    assert seen["test_a_noisy_line_does_no_harm"][0] is Outcome.PASSED


def test_where_nobody_asks_for_a_board_the_plugin_is_not_noticed(tmp_path: Path) -> None:
    """Strict marks, a fixture called board, warnings as errors: nothing of theirs is touched or slowed."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --strict-config -W error\n")
    (tmp_path / "test_theirs.py").write_text(
        "import json, sys\nimport pytest\n\n"
        "@pytest.fixture\ndef board():\n    return 'a chess board'\n\n"
        "def test_theirs(board, tmp_path_factory):\n"
        "    assert board == 'a chess board'\n"
        "    mine = sorted(name for name in sys.modules if name.partition('.')[0] in ('hostkit', 'numpy'))\n"
        "    print('loaded', json.dumps(mine))\n"
    )
    done = pytest_in(tmp_path, dict(os.environ), "-s")
    assert done.returncode == 0, done.stdout + done.stderr
    (said,) = [line for line in done.stdout.splitlines() if "loaded " in line]
    assert json.loads(said.partition("loaded ")[2].rstrip(".")) == [
        "hostkit",
        "hostkit.hil",
        "hostkit.hil.plugin",
        "hostkit.hil.sharing",
        "hostkit.hil.soaking",
    ]


def test_the_plugin_can_be_switched_off(tmp_path: Path) -> None:
    (tmp_path / "test_theirs.py").write_text(
        "import sys\ndef test_it(): assert 'hostkit' not in sys.modules\n"
    )
    done = pytest_in(tmp_path, dict(os.environ), "-p", "no:hostkit")
    assert done.returncode == 0, done.stdout + done.stderr
