from __future__ import annotations

import errno
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from hostkit.build.inputs import hash_facts
from hostkit.build.model import Artifact, Sizes
from hostkit.build.pack import image_of
from hostkit.build.store import ArtifactStore, DamagedArtifactError, Stored
from hostkit.errors import ExitCode, ToolError

FACTS = {"format": 1, "sources": {"firmware/a.cpp": "00"}}
BUILD_ID = hash_facts(FACTS)
FILES = {"app.bin": b"application", "partitions.bin": b"table", "firmware.elf": b"elf", "build.log": b"log"}


def _artifact(build_id: str = BUILD_ID) -> Artifact:
    return Artifact(
        build_id=build_id,
        env="virtual",
        chip="esp32",
        profile="dual-160",
        version="1.2.3",
        commit="ab" * 20,
        dirty=False,
        images=(image_of("partitions", 0x8000, b"table"), image_of("app", 0x10000, b"application")),
        elf="firmware.elf",
        sizes=Sizes(11, 100, 5, 50),
        toolchain={"zig": "0.17.1"},
        directory=Path(),
    )


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


@pytest.fixture
def saved(store: ArtifactStore) -> Stored:
    return store.save(_artifact(), FILES, FACTS, ["a.cpp:1:2: careful"])


def test_what_was_saved_is_what_is_loaded(store: ArtifactStore, saved: Stored) -> None:
    loaded = store.load("virtual", BUILD_ID)
    assert loaded == saved
    assert saved.artifact == replace(_artifact(), directory=store.directory("virtual", BUILD_ID))
    assert saved.warnings == ("a.cpp:1:2: careful",)
    assert {path.name for path in saved.artifact.directory.iterdir()} == {*FILES, "manifest.json"}
    assert saved.artifact.path(saved.artifact.images[1]).read_bytes() == b"application"


def test_the_directory_is_named_for_env_and_id(saved: Stored) -> None:
    assert saved.artifact.directory.name == f"virtual-{BUILD_ID[:16]}"
    assert saved.artifact.short_id == BUILD_ID[:12]


def test_an_artifact_that_is_not_there_is_none(store: ArtifactStore) -> None:
    assert store.load("virtual", BUILD_ID) is None


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _edit_offset(path: Path) -> None:
    manifest = json.loads(path.read_text())
    manifest["images"][1]["offset"] = 0x20000
    path.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("name", "damage", "words"),
    [
        ("app.bin", _flip, "app.bin was changed"),
        ("firmware.elf", _flip, "firmware.elf was changed"),
        ("partitions.bin", Path.unlink, "it cannot be read"),
        ("manifest.json", _edit_offset, "its manifest was changed"),
        ("manifest.json", Path.unlink, "it cannot be read"),
        ("manifest.json", lambda path: path.write_text("{"), "it cannot be read"),
        ("manifest.json", lambda path: path.write_text("[]"), "it cannot be read"),
        ("manifest.json", lambda path: path.write_text("{}"), "its manifest was changed"),
        ("app.bin", lambda path: path.write_bytes(b""), "app.bin was changed"),
    ],
)
def test_damage_is_found_and_said(
    store: ArtifactStore, saved: Stored, name: str, damage: Callable[[Path], object], words: str
) -> None:
    damage(saved.artifact.directory / name)
    with pytest.raises(DamagedArtifactError, match=words) as caught:
        store.load("virtual", BUILD_ID)
    assert caught.value.message.startswith(f"artifact virtual-{BUILD_ID[:16]} is damaged: ")
    assert caught.value.hint == "run `hostkit build`: it is made anew"
    assert caught.value.exit_code is ExitCode.INVALID


def test_every_byte_of_every_file_counts(store: ArtifactStore, saved: Stored) -> None:
    for name in (*FILES, "manifest.json"):
        path = saved.artifact.directory / name
        whole = path.read_bytes()
        for position in range(0, len(whole), 7):
            damaged = bytearray(whole)
            damaged[position] ^= 0x20
            if name == "manifest.json" and whole[position] in b" \n":
                continue  # white space between fields means nothing
            path.write_bytes(damaged)
            with pytest.raises(DamagedArtifactError):
                store.load("virtual", BUILD_ID)
        path.write_bytes(whole)
    assert store.load("virtual", BUILD_ID) == saved


def test_another_build_with_the_same_first_digits_is_not_taken(store: ArtifactStore, saved: Stored) -> None:
    other = BUILD_ID[:16] + "0" * 48
    with pytest.raises(DamagedArtifactError, match="it holds another build"):
        store.load("virtual", other)


def test_an_artifact_whose_id_is_not_the_hash_of_its_inputs_is_refused(store: ArtifactStore) -> None:
    store.save(_artifact("00" * 32), FILES, FACTS, [])
    with pytest.raises(DamagedArtifactError, match="does not belong to its build id"):
        store.load("virtual", "00" * 32)


def test_what_is_there_already_stands(store: ArtifactStore, saved: Stored) -> None:
    store.save(_artifact(), FILES | {"build.log": b"another log"}, FACTS, [])
    loaded = store.load("virtual", BUILD_ID)
    assert loaded is not None
    assert (loaded.artifact.directory / "build.log").read_bytes() == b"log"


def test_a_discarded_artifact_is_gone_and_leaves_nothing(store: ArtifactStore, saved: Stored) -> None:
    store.discard("virtual", BUILD_ID)
    store.discard("virtual", BUILD_ID)
    assert store.load("virtual", BUILD_ID) is None
    assert list(saved.artifact.directory.parent.iterdir()) == []


class _Interrupted(Mapping[str, bytes]):
    """Files of which the second cannot be had: the disk is full, or someone pressed Ctrl-C."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __getitem__(self, name: str) -> bytes:
        if name == "second" and self.asked:
            raise self._error
        self.asked = self.asked or name == "second"
        return b"data"

    def __iter__(self) -> Iterator[str]:
        return iter(("first", "second"))

    def __len__(self) -> int:
        return 2

    asked = False


def test_a_full_disk_leaves_no_half_written_artifact(store: ArtifactStore, tmp_path: Path) -> None:
    files = _Interrupted(OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(ToolError, match="no space left while writing") as caught:
        store.save(_artifact(), files, FACTS, [])
    assert caught.value.hint == "free some space, then run the same command"
    assert list((tmp_path / "artifacts").iterdir()) == []


def test_ctrl_c_leaves_no_half_written_artifact(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        store.save(_artifact(), _Interrupted(KeyboardInterrupt()), FACTS, [])
    assert list((tmp_path / "artifacts").iterdir()) == []
