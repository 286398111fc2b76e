"""A lane's tree is the project, byte for byte, and no commit; its board is like another, but its own."""

import shutil
import struct
from pathlib import Path

import pytest

from hostkit.boards.catalog import load_catalog
from hostkit.build.inputs import read_revision
from hostkit.errors import ToolError, UsageError
from hostkit.mutants.lane import Tree, lane_spec
from hostkit.mutants.objects import ObjectShelf, digest_object, digest_objects
from hostkit.process import Command, SystemRunner

BOARDS = """
[boards.virt0]
kind = "virtual"
chip = "esp32"
mac = "02:00:00:00:00:01"
flash_size = "8MB"

[boards.desk]
kind = "serial"
chip = "esp32"
port = "/dev/ttyUSB0"
"""


@pytest.fixture
def project(tmp_path):
    project = tmp_path / "project"
    for name, text in {
        "boards.toml": BOARDS,
        "platformio.ini": "[env:virtual]\n",
        "firmware/lib/a.cpp": "int a = 1;\n",
        "firmware/lib/b.hpp": "int b;\n",
        "hil_tests/test_a.py": "",
        "hil_tests/__pycache__/test_a.pyc": "old",
        "hostkit/hil/model.py": "",
    }.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project


@pytest.fixture
def tree(project, tmp_path):
    tree = Tree(lane_spec(project, tmp_path / "cache", "virt0", 0))
    tree.refresh()
    return tree


def test_the_tree_has_the_sources_the_suite_and_the_models(project, tree):
    assert tree.read("firmware/lib/a.cpp") == "int a = 1;\n"
    assert (tree.path / "hil_tests" / "test_a.py").is_file()
    assert not (tree.path / "hil_tests" / "__pycache__").exists()
    assert (tree.path / "hostkit").resolve() == project / "hostkit"


def test_a_change_of_the_tree_does_not_reach_the_project_and_is_taken_back(project, tree):
    tree.write("firmware/lib/a.cpp", "int a = 2;\n")
    assert (project / "firmware/lib/a.cpp").read_text() == "int a = 1;\n"
    untouched = (tree.path / "firmware/lib/b.hpp").stat().st_mtime_ns
    tree.refresh()
    assert tree.read("firmware/lib/a.cpp") == "int a = 1;\n"
    assert (tree.path / "firmware/lib/b.hpp").stat().st_mtime_ns == untouched


def test_what_left_the_project_leaves_the_tree(project, tree):
    (project / "firmware/lib/b.hpp").unlink()
    shutil.rmtree(project / "hostkit")
    tree.refresh()
    assert not (tree.path / "firmware/lib/b.hpp").exists()
    assert not (tree.path / "hostkit").exists()


def test_a_mutant_carries_no_commit_wherever_the_tree_lies(project, tree, git_repository):
    git_repository(project.parent)
    revision = read_revision(tree.path, SystemRunner())
    assert revision.commit == ""
    assert revision.dirty


@pytest.fixture
def git_repository():
    def make(directory: Path):
        for argv in (("init", "-q"), ("-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "-q")):
            extra = ("--allow-empty", "-m", "one") if "commit" in argv else ()
            assert SystemRunner().run(_git(directory, *argv, *extra)).ok

    return make


def _git(directory, *argv):
    return Command(("git", "-C", str(directory), *argv))


def test_each_lane_has_a_board_of_its_own_like_the_one_that_is_named(project, tmp_path):
    specs = [lane_spec(project, tmp_path, "virt0", number) for number in range(3)]
    assert len({spec.board.name for spec in specs}) == len({spec.board.mac for spec in specs}) == 3
    Tree(specs[1]).refresh()
    assert load_catalog(specs[1].tree / "boards.toml").get(specs[1].board.name) == specs[1].board
    assert specs[0].board.flash_size == 8 << 20


def test_a_real_board_is_left_alone(project, tmp_path):
    with pytest.raises(UsageError, match="board desk is serial") as caught:
        lane_spec(project, tmp_path, "desk", 0)
    assert "virtual" in caught.value.hint


def test_a_source_that_is_not_there_is_an_error(tree):
    with pytest.raises(ToolError, match="none"):
        tree.read("firmware/none.cpp")


def elf(*sections):
    """Return a small 64-bit ELF object of sections (name, type, flags, content, info)."""
    names = b"\0" + b"".join(name + b"\0" for name, *_ in sections) + b".shstrtab\0"
    body, rows = b"", [struct.pack("<IIQQQQIIQQ", *[0] * 10)]
    for name, kind, flags, content, info in (*sections, (b".shstrtab", 3, 0, names, 0)):
        offset = 64 + len(body)
        at = names.index(b"\0" + name + b"\0") + 1
        rows.append(struct.pack("<IIQQQQIIQQ", at, kind, flags, 0, offset, len(content), 0, info, 1, 0))
        body += content
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<Q", head, 40, 64 + len(body))
    struct.pack_into("<HHH", head, 58, 64, len(rows), len(rows) - 1)
    return bytes(head) + body + b"".join(rows)


TEXT = (b".text", 1, 6, b"\x90\xc3", 0)


def test_lines_of_the_debugger_do_not_make_another_object():
    one = elf(TEXT, (b".debug_line", 1, 0, b"line 5", 0))
    other = elf(TEXT, (b".debug_line", 1, 0, b"line 6", 0))
    assert digest_object(one) == digest_object(other)


@pytest.mark.parametrize(
    "other",
    [
        elf((b".text", 1, 6, b"\x90\xc2", 0)),
        elf((b".text.hot", 1, 6, b"\x90\xc3", 0)),
        elf(TEXT, (b".rodata", 1, 2, b"a", 0)),
        elf(TEXT, (b".rela.text", 4, 0, b"moved", 1)),
        elf(TEXT, (b".symtab", 2, 0, b"named", 0)),
        elf(TEXT, (b".strtab", 3, 0, b"named", 0)),
    ],
)
def test_code_data_relocations_and_symbols_do(other):
    assert digest_object(elf(TEXT)) != digest_object(other)


def test_relocations_of_debug_sections_do_not_count():
    debug = (b".debug_line", 1, 0, b"", 0)
    one = elf(TEXT, debug, (b".rela.debug_line", 4, 0, b"x", 2))
    assert digest_object(one) == digest_object(elf(TEXT, debug, (b".rela.debug_line", 4, 0, b"y", 2)))


def test_all_objects_but_the_one_with_the_build_id_are_compared(tmp_path):
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.o").write_bytes(elf(TEXT))
    (tmp_path / "build_info.o").write_bytes(b"not even looked at")
    assert set(digest_objects(tmp_path)) == {"src/a.o"}


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"\x7fELF\x02\x01" + bytes(80), elf(TEXT)[:-70]])
def test_what_is_no_object_is_an_error_and_no_proof(tmp_path, data):
    (tmp_path / "a.o").write_bytes(data)
    with pytest.raises(ToolError, match="cannot be read"):
        digest_objects(tmp_path)


def test_no_objects_are_no_proof(tmp_path):
    with pytest.raises(ToolError, match="no object files"):
        digest_objects(tmp_path)


def test_a_shelf_forgets_what_it_cannot_read(tmp_path):
    shelf = ObjectShelf(tmp_path)
    assert shelf.load("aa") is None
    shelf.save("aa", {"a.o": "1"})
    assert shelf.load("aa") == {"a.o": "1"}
    (tmp_path / "aa.json").write_text("{")
    assert shelf.load("aa") is None
    (tmp_path / "aa.json").write_text("{}")
    assert shelf.load("aa") is None
