from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hostkit.boards.image import parse_image
from hostkit.build.output import Diagnostic
from hostkit.build.platformio import CompileError
from hostkit.build.service import BuildEvent, BuildResult, EventKind, build
from hostkit.errors import FailedError, ToolError, UsageError
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock
from hostkit.testing.process import FakeRunner, Scripted

BuildNow = Callable[..., BuildResult]


@pytest.fixture
def events() -> list[BuildEvent]:
    return []


@pytest.fixture
def build_now(project: Path, paths: Paths, runner: FakeRunner, events: list[BuildEvent]) -> BuildNow:
    def run(env: str = "virtual", **more: Any) -> BuildResult:
        return build(
            project, env, paths=paths, runner=runner, clock=FakeClock(), on_event=events.append, **more
        )

    return run


def _texts(events: list[BuildEvent], kind: EventKind) -> list[str]:
    return [event.text for event in events if event.kind is kind]


def test_a_first_build_makes_an_artifact_that_says_all(build_now: BuildNow, paths: Paths) -> None:
    result = build_now()
    artifact = result.artifact
    assert not result.cached
    assert (artifact.env, artifact.chip, artifact.profile, artifact.version) == (
        *("virtual", "esp32", "dual-160", "1.2.3"),
    )
    assert (artifact.commit, artifact.dirty) == ("0123456789abcdef0123456789abcdef01234567", False)
    assert [(image.role, image.offset) for image in artifact.images] == [
        *(("partitions", 0x8000), ("app", 0x10000))
    ]
    assert artifact.directory == paths.artifacts / f"virtual-{artifact.build_id[:16]}"
    image = parse_image(artifact.path(artifact.images[1]).read_bytes())
    assert image.description is not None
    assert image.description.build_id.hex() == artifact.build_id
    assert image.payload is not None
    assert image.payload.data == (artifact.directory / artifact.elf).read_bytes()
    assert artifact.sizes.flash == artifact.images[1].size
    assert (artifact.sizes.flash_budget, artifact.sizes.ram, artifact.sizes.ram_budget) == (4096, 300, 2048)


def test_an_unchanged_build_does_not_start_platformio(build_now: BuildNow, runner: FakeRunner) -> None:
    first = build_now()
    runner.commands.clear()
    second = build_now(timeout_s=lambda: pytest.fail("asked for a time-out"))
    assert second.cached
    assert second.artifact == first.artifact
    assert [command.argv[0] for command in runner.commands] == ["git"]


def test_a_changed_file_is_built_and_the_old_artifact_stays(
    build_now: BuildNow, project: Path, played: Any
) -> None:
    first = build_now().artifact
    source = project / "firmware/lib/a.cpp"
    source.write_text("int b;\n")
    second = build_now()
    assert not second.cached
    assert second.artifact.build_id != first.build_id
    source.write_text("int a;\n")
    assert build_now().cached
    assert played.builds == 2


def test_progress_counts_the_sources(build_now: BuildNow, events: list[BuildEvent]) -> None:
    build_now()
    steps = [(event.text, event.done, event.total) for event in events if event.kind is EventKind.COMPILE]
    assert steps == [("lib/a", 1, 2), ("zcbor/z", 2, 2)]
    assert _texts(events, EventKind.LINK) == ["linking"]
    assert _texts(events, EventKind.PACK) == ["packing the image"]
    assert events[0] == BuildEvent(EventKind.NOTE, events[0].text)
    assert events[0].text.startswith("PlatformIO provisioned in ")


def test_a_build_that_is_slow_as_zig_compiles_its_library_says_so_and_only_that_one(
    build_now: BuildNow, project: Path, paths: Paths, events: list[BuildEvent]
) -> None:
    note = "zig compiles its own C library too, this once: some 15 s more"
    build_now()
    assert note in _texts(events, EventKind.NOTE)
    events.clear()
    (paths.cache / "zig" / "o").mkdir(parents=True)
    (project / "firmware/lib/a.cpp").write_text("int b;\n")
    assert not build_now().cached
    assert note not in _texts(events, EventKind.NOTE)


def test_a_damaged_artifact_is_made_anew_and_said(
    build_now: BuildNow, events: list[BuildEvent], played: Any, paths: Paths
) -> None:
    artifact = build_now().artifact
    app = artifact.path(artifact.images[1])
    whole = app.read_bytes()
    app.write_bytes(whole[:-1])
    (paths.cache / "zig" / "o").mkdir(parents=True)
    events.clear()
    again = build_now()
    assert not again.cached
    assert app.read_bytes() == whole
    assert played.builds == 2
    assert _texts(events, EventKind.NOTE) == [
        f"artifact {artifact.directory.name} is damaged: app.bin was changed; making it anew"
    ]


def test_sources_that_change_during_the_build_are_built_again(
    build_now: BuildNow, project: Path, played: Any, events: list[BuildEvent], paths: Paths
) -> None:
    def edit() -> None:
        if played.builds == 1:
            (project / "firmware/lib/a.cpp").write_text("int late;\n")

    played.meanwhile = edit
    result = build_now()
    assert played.builds == 2
    assert "firmware/lib/a.cpp changed during the build: building again" in _texts(events, EventKind.NOTE)
    assert [path.name for path in paths.artifacts.iterdir()] == [result.artifact.directory.name]
    assert build_now().cached


def test_sources_that_never_rest_are_given_up_on(build_now: BuildNow, project: Path, played: Any) -> None:
    played.meanwhile = lambda: (project / "firmware/lib/a.cpp").write_text(f"int a{played.builds};\n")
    with pytest.raises(ToolError) as caught:
        build_now()
    assert caught.value.message == "the sources changed during each of 3 builds"
    assert caught.value.hint == "build when nobody edits this checkout"


def test_a_build_without_git_says_so_and_is_dirty(
    build_now: BuildNow, played: Any, events: list[BuildEvent]
) -> None:
    played.git = Scripted(missing=True)
    artifact = build_now().artifact
    assert (artifact.commit, artifact.dirty) == ("", True)
    assert events[0].text == "git is not installed: the build carries no commit"


def test_a_compile_error_leaves_no_artifact_and_the_next_build_works(
    build_now: BuildNow, played: Any, paths: Paths
) -> None:
    played.end = Scripted(["firmware/lib/a.cpp:1:5: error: no\n"], returncode=1)
    with pytest.raises(CompileError) as caught:
        build_now()
    assert caught.value.diagnostics[0].place == "firmware/lib/a.cpp:1:5"
    assert isinstance(caught.value.diagnostics[0], Diagnostic)
    assert not paths.artifacts.exists()
    played.end = None
    assert not build_now().cached


def test_over_budget_fails_with_the_numbers_and_stores_nothing(
    build_now: BuildNow, played: Any, paths: Paths, make_elf: Callable[..., bytes]
) -> None:
    played.program = make_elf(bss=5000)
    with pytest.raises(FailedError, match=r"RAM 5100 of 2048 bytes \(249.0 %, 3052 over\)"):
        build_now()
    assert not paths.artifacts.exists()


def test_warnings_are_kept_with_the_artifact(build_now: BuildNow, played: Any) -> None:
    played.lines = ("firmware/lib/a.cpp:1:5: warning: careful\n",)
    assert build_now().warnings == ("firmware/lib/a.cpp:1:5: careful",)
    assert build_now().warnings == ("firmware/lib/a.cpp:1:5: careful",)


def test_the_time_out_is_asked_for_when_platformio_runs(build_now: BuildNow, runner: FakeRunner) -> None:
    build_now(timeout_s=lambda: 12.5)
    assert [command.timeout_s for command in runner.commands if "platformio" in command.argv] == [12.5]


def test_a_platformio_that_hangs_is_a_tool_error(build_now: BuildNow, played: Any) -> None:
    played.end = Scripted(timed_out=True, returncode=-9, seconds=600)
    with pytest.raises(ToolError, match="PlatformIO was ended after 600 s"):
        build_now()


def test_an_unknown_env_starts_nothing(build_now: BuildNow, runner: FakeRunner) -> None:
    with pytest.raises(UsageError, match="no env 'virtuel'"):
        build_now("virtuel")
    assert runner.commands == []


def test_a_crash_while_building_frees_the_locks(build_now: BuildNow, played: Any) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    played.meanwhile = crash
    with pytest.raises(KeyboardInterrupt):
        build_now()
    played.meanwhile = lambda: None
    assert not build_now().cached
