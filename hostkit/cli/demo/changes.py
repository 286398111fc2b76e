"""The changes that the demo's agents make: what a person would type, as edits of files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hostkit.errors import FailedError

STROBE_CPP = """\
// Every LED flashes: lit for a part of each period, else dark.
#include <iterator>

#include "pattern/motion.hpp"
#include "pattern/registry.hpp"

namespace hk {
namespace {

enum : std::size_t { kColour, kPeriod, kDuty };

constexpr Param kParams[] = {
    {"colour", ParamType::colour, 0, kMaxColour, 0xFFFFFF, ""},
    {"period", ParamType::integer, 50, 10000, 500, "ms"},
    {"duty", ParamType::integer, 1, 255, 64, "/256"},
};

void draw(const Inputs& in, const State&, const Canvas& canvas) {
    const std::uint32_t phase = cycle(in.time_us, in.value(kPeriod)).phase;
    const Colour colour = (phase >> 8) < in.value(kDuty) ? in.colour(kColour) : Colour{};
    for (std::uint32_t i = 0; i < canvas.leds; ++i) {
        canvas.out[i] = colour;
    }
}

}  // namespace

const Pattern kStrobe{"strobe", kParams, std::size(kParams), false, draw, nullptr};

}  // namespace hk
"""

STROBE_MODEL = '''\
"""What ``strobe`` must look like: written from its description, not from the firmware."""

import numpy as np

from hostkit.hil.golden.model import Pattern, colour, integer, stateless
from hostkit.hil.golden.motion import phases


def _strobe(setting, times, _audio):
    lit = phases(times, setting["period"]) // 256 < setting["duty"]
    return np.where(lit[..., None], setting.colour("colour"), 0)


STROBE = Pattern(
    "strobe",
    (
        colour("colour", 0xFFFFFF),
        integer("period", 50, 10000, 500, "ms"),
        integer("duty", 1, 255, 64, "/256"),
    ),
    stateless(_strobe),
)
'''


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace ``old``, which stands in the file exactly once, by ``new``. An empty ``old``: a new file."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """What one agent does, and the subject of its commit."""

    subject: str
    edits: tuple[Edit, ...]


CHANGES = {
    "strobe": Change(
        "pattern: strobe, with its model",
        (
            Edit("firmware/lib/pattern/strobe.cpp", "", STROBE_CPP),
            Edit("firmware/lib/pattern/registry.hpp", "kPulse, kBloom;", "kPulse, kBloom, kStrobe;"),
            Edit("firmware/lib/pattern/registry.cpp", "&kPulse, &kBloom,", "&kPulse, &kBloom, &kStrobe,"),
            Edit("hil_tests/strobe_model.py", "", STROBE_MODEL),
            Edit(
                "hil_tests/conftest.py",
                "\n\ndef pytest_hostkit_patterns():\n    return ()\n",
                "\nfrom strobe_model import STROBE\n\n\n"
                "def pytest_hostkit_patterns():\n    return (STROBE,)\n",
            ),
        ),
    ),
    "strobe-gentle": Change(
        "pattern: strobe starts slower",
        (
            Edit("firmware/lib/pattern/strobe.cpp", "50, 10000, 500,", "50, 10000, 900,"),
            Edit("hil_tests/strobe_model.py", "50, 10000, 500,", "50, 10000, 900,"),
        ),
    ),
    # The datasheet of another LED: the firmware still says GRB, and sends RGB.
    "colour-order": Change(
        "strip: send red first",
        (Edit("firmware/lib/strip/order.hpp", '{"GRB", {1, 0, 2}}', '{"GRB", {0, 1, 2}}'),),
    ),
    "colour-order-doc": Change(
        "strip: say why red goes first", (Edit("docs/colour-order.md", "", "Red goes first.\n"),)
    ),
}
"""Task id to what its agent does."""


def apply(change: Change, worktree: Path) -> None:
    """Make the edits. Raises :class:`FailedError` where a file is not as the edit expects it."""
    for edit in change.edits:
        path = worktree / edit.file
        if not edit.old:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(edit.new, encoding="utf-8")
            continue
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text.count(edit.old) != 1:
            raise FailedError(
                f"{edit.file} does not have {edit.old.strip()!r} exactly once",
                hint="the demo's edits are in hostkit/cli/demo/changes.py; bring them up to date",
            )
        path.write_text(text.replace(edit.old, edit.new), encoding="utf-8")
