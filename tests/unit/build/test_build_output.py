from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostkit.build.output import (
    Diagnostic,
    Severity,
    Step,
    StepKind,
    errors,
    is_out_of_space,
    parse_diagnostics,
    parse_step,
    warnings,
)

E, W = Severity.ERROR, Severity.WARNING

CLANG = """\
Compiling .hostkit/build/virtual/out/virtual/src/lib/app.o
In file included from firmware/src/main_host.cpp:1:
firmware/lib/app/app.hpp:7:14: warning: unused parameter 'x' [-Wunused-parameter]
    7 | int app(int x) {
      |             ^
\x1b[1mfirmware/src/main_host.cpp:5:9: \x1b[0m\x1b[0;1;31merror: \x1b[0mexpected expression\x1b[0m
    5 | int x = ;
      |         ^
firmware/src/main_host.cpp:9:10: fatal error: 'none.hpp' file not found
firmware/src/main_host.cpp:2:1: note: declared here
2 errors generated.
*** [.hostkit/build/virtual/out/virtual/src/src/main_host.o] Error 1
"""


def test_clangs_diagnostics_are_read_with_their_place() -> None:
    assert parse_diagnostics(CLANG) == (
        Diagnostic(W, "unused parameter 'x' [-Wunused-parameter]", "firmware/lib/app/app.hpp", 7, 14),
        Diagnostic(E, "expected expression", "firmware/src/main_host.cpp", 5, 9),
        Diagnostic(E, "'none.hpp' file not found", "firmware/src/main_host.cpp", 9, 10),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.cpp:3: error: no column", Diagnostic(E, "no column", "a.cpp", 3, 0)),
        ("my dir/a b.cpp:3:4: error: spaces", Diagnostic(E, "spaces", "my dir/a b.cpp", 3, 4)),
        ("ld.lld: error: undefined symbol: f()", Diagnostic(E, "undefined symbol: f()")),
        (
            "ld.lld: error: undefined symbol: f()\n>>> referenced by main_host.cpp\n>>>    x.o:(main)",
            Diagnostic(E, "undefined symbol: f()", "main_host.cpp"),
        ),
        (
            "ld.lld: error: duplicate symbol: g()\n>>> defined at b.cpp:4 (lib/b.cpp:4)",
            Diagnostic(E, "duplicate symbol: g()", "b.cpp"),
        ),
        (
            "/usr/bin/ld: x.o: in function `main':\nmain.cpp:(.text+0x5): undefined reference to `f()'",
            Diagnostic(E, "undefined reference to `f()'", "main.cpp"),
        ),
        ("error: unable to create file", Diagnostic(E, "unable to create file")),
        ("Error: no C++ compiler: install one", Diagnostic(E, "no C++ compiler: install one")),
        (
            "UnknownPlatform: Unknown development platform 'x'",
            Diagnostic(E, "UnknownPlatform: Unknown development platform 'x'"),
        ),
        (
            (
                "InvalidProjectConfError: Invalid '/p/platformio.ini' (project configuration file): "
                "'No option 'flagz' in section: 'env''"
            ),
            Diagnostic(E, "No option 'flagz' in section: 'env'", "platformio.ini"),
        ),
        (
            "UndefinedEnvPlatformError: Please specify platform for 'a' environment",
            Diagnostic(E, "Please specify platform for 'a' environment", "platformio.ini"),
        ),
        (
            "UnknownEnvNamesError: Unknown environment names 'b'. Valid names are 'a'",
            Diagnostic(E, "Unknown environment names 'b'. Valid names are 'a'", "platformio.ini"),
        ),
        (
            "ProjectOptionValueError: Invalid value: 'offf' is not one of 'off'",
            Diagnostic(E, "Invalid value: 'offf' is not one of 'off'", "platformio.ini"),
        ),
        (
            "PackageException: Can not create a symbolic link for `x`, not a directory",
            Diagnostic(E, "Can not create a symbolic link for `x`, not a directory", "platformio.ini"),
        ),
        (
            "*** missing SConscript file 'nope.py'",
            Diagnostic(E, "missing SConscript file 'nope.py'", "platformio.ini"),
        ),
        ("NameError: name 'x' is not defined", Diagnostic(E, "NameError: name 'x' is not defined")),
        ("zig: error: unsupported option", Diagnostic(E, "unsupported option")),
        ("sh: line 1: 4242 Killed", Diagnostic(E, "Killed")),
    ],
)
def test_each_tools_way_to_complain_is_known(text: str, expected: Diagnostic) -> None:
    assert parse_diagnostics(text) == (expected,)


@pytest.mark.parametrize(
    "text",
    [
        "collect2: error: ld returned 1 exit status",
        "*** [x.o] Error 1",
        "========================= [SUCCESS] Took 1.15 seconds =====",
        "2 errors generated.",
        "LDF Modes: Finder ~ off, Compatibility ~ soft",
        "Processing virtual (platform: symlink://firmware/platforms/virtual)",
        "Compiling .hostkit/build/virtual/out/virtual/src/lib/error.o",
        "",
    ],
)
def test_ordinary_lines_are_no_complaints(text: str) -> None:
    assert parse_diagnostics(text) == ()


def test_the_same_complaint_from_two_files_that_include_it_counts_once() -> None:
    assert len(parse_diagnostics("a.hpp:1:2: error: x\na.hpp:1:2: error: x\n")) == 1


def test_errors_with_a_line_come_before_those_without() -> None:
    found = parse_diagnostics("error: late echo\na.cpp:1:2: error: cause\nb.cpp:3:4: warning: w\n")
    assert [str(item) for item in errors(found)] == ["a.cpp:1:2: cause", "late echo"]
    assert [str(item) for item in warnings(found)] == ["b.cpp:3:4: w"]


@given(st.text())
def test_any_text_is_read_without_an_error(text: str) -> None:
    for item in parse_diagnostics(text):
        assert item.severity in Severity
        assert item.line >= 0
    parse_step(text)


@given(
    st.from_regex(r"[a-z/]{1,20}\.cpp", fullmatch=True),
    st.integers(1, 99999),
    st.integers(1, 999),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1).map(str.strip).filter(bool),
)
def test_what_a_compiler_prints_is_what_is_read(file: str, line: int, column: int, message: str) -> None:
    (found,) = parse_diagnostics(f"{file}:{line}:{column}: error: {message}\n") or (None,)
    assert found is not None
    assert (found.file, found.line, found.column) == (file, line, column)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("hostkit: 38 sources", Step(StepKind.SOURCES, count=38)),
        ("Compiling .hostkit/x/a.o", Step(StepKind.COMPILE, ".hostkit/x/a.o")),
        ("Retrieved `.hostkit/x/a.o' from cache", Step(StepKind.REUSE, ".hostkit/x/a.o")),
        ("Retrieved `.hostkit/x/a.o.d' from cache", None),
        ("Linking .hostkit/x/program\r", Step(StepKind.LINK, ".hostkit/x/program")),
        ("Scanning dependencies...", None),
    ],
)
def test_progress_is_read(line: str, expected: Step | None) -> None:
    assert parse_step(line) == expected


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("OSError: [Errno 28] No space left on device", True),
        ("error: unable to write: NoSpaceLeft", True),
        ("x.cpp:1:1: error: leftover", False),
    ],
)
def test_a_full_disk_is_recognised(text: str, full: bool) -> None:
    assert is_out_of_space(text) is full
