"""The golden vectors as C++: firmware/protocol/vectors/*.json in, one source file out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PRIMITIVES = (
    *("scale16", "lerp16", "fade16", "tri16", "smooth16", "sin16", "swell16"),
    *("mix32", "hash32", "noise16", "hsv16", "ramp16", "cycle", "travel"),
)
NAK_REASONS = ("bad-crc", "bad-cobs", "bad-cbor", "too-long")
TYPES = {"u8": "std::uint8_t", "u16": "std::uint16_t", "u32": "std::uint32_t", "u64": "std::uint64_t"}


class Source:
    """A C++ source that grows; arrays are named as they come."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._arrays = 0

    def array(self, kind: str, values: Iterable[int | str]) -> str:
        """Add an array of numbers or initialisers; return its name ("nullptr" when it is empty)."""
        items = [literal(kind, value) for value in values]
        if not items:
            return "nullptr"
        name = f"a{self._arrays}"
        self._arrays += 1
        self.lines.append(f"const {TYPES.get(kind, kind)} {name}[] = {{{', '.join(items)}}};")
        return name

    def bytes(self, hexadecimal: str) -> str:
        """Add bytes; return an initialiser of Bytes."""
        data = bytes.fromhex(hexadecimal)
        return f"{{{self.array('u8', data)}, {len(data)}}}"

    def list(self, name: str, kind: str, items: list[str]) -> None:
        """Define one of the lists that vectors.hpp declares."""
        body = self.array(kind, items)
        self.lines.append(f"const List<{kind}> {name}{{{body}, {len(items)}}};")


def literal(kind: str, value: int | str) -> str:
    """Return a number as C++; a negative one (only sines are) as its two's complement."""
    if isinstance(value, str):
        return value
    return f"{value % 2**64}ull" if kind == "u64" else str(value)


def text(value: str) -> str:
    """Return a C++ string literal; JSON's escapes of ASCII are C++'s."""
    return json.dumps(value)


def mac_of(value: str) -> str:
    """Return the initialiser of a Mac."""
    return "{{" + ", ".join(str(octet) for octet in bytes.fromhex(value.replace(":", ""))) + "}}"


def add_rows(source: Source, tables: dict[str, list[list[int]]]) -> None:
    """Define rows()."""
    body = []
    for name, table in tables.items():
        cells = source.array("u64", [cell for row in table for cell in row])
        body.append(
            f"if (std::strcmp(name, {text(name)}) == 0) return {{{cells}, {len(table)}, {len(table[0])}}};"
        )
    source.lines.append("Rows rows(const char* name) {\n" + "\n".join(body) + "\nreturn {nullptr, 0, 0};\n}")


def add_color(source: Source, color: dict[str, Any], primitives: dict[str, Any]) -> None:
    """Define the tables of color.json and primitives.json."""
    tables = {name: primitives[name] for name in PRIMITIVES}
    add_rows(source, tables | {"lut": [[value] for value in color["lut"]], "channels": color["channels"]})
    geometry = [
        f"{{{g['n']}, {source.array('u32', g['k'])}, {source.array('u32', g['r'])}}}"
        for g in primitives["geometry"]
    ]
    source.list("kGeometryVectors", "GeometryVector", geometry)
    frames = [
        f"{{{text(f['name'])}, {f['brightness']}, {f['limit_ma']}, {len(f['linear'])}, "
        f"{source.array('u16', f['linear'])}, {source.array('u16', f['gamma'])}, {f['factor']}, "
        f"{source.array('u16', f['limited'])}, {source.array('u8', f['frame'])}, {f['ma']}}}"
        for f in color["frames"]
    ]
    source.list("kColorVectors", "ColorVector", frames)


def add_symbols(source: Source, symbols: dict[str, Any]) -> None:
    """Define the tables of symbols.json."""
    strips = []
    for strip in symbols["strips"]:
        rgb = source.array("u8", [channel for led in strip["rgb"] for channel in led])
        words = source.array("u32", strip["words"])
        strips.append(f"{{{len(strip['rgb'])}, {rgb}, {words}, {len(strip['words'])}}}")
    source.list("kStripVectors", "StripVector", strips)
    windows = [f"{{{high}, {low}, {-1 if bit is None else bit}}}" for high, low, bit in symbols["windows"]]
    source.list("kWindowVectors", "WindowVector", windows)
    resets = [f"{{{ticks}, {str(latches).lower()}}}" for ticks, latches in symbols["resets"]]
    source.list("kResetVectors", "ResetVector", resets)


def add_link(source: Source, link: dict[str, Any]) -> None:
    """Define the tables of link.json."""
    source.list(
        "kCrcVectors", "CrcVector", [f"{{{source.bytes(data)}, {crc}u}}" for data, crc in link["crc32"]]
    )
    pairs = [f"{{{source.bytes(plain)}, {source.bytes(coded)}}}" for plain, coded in link["cobs"]]
    source.list("kCobsVectors", "PairVector", pairs)
    pairs = [f"{{{source.bytes(plain)}, {source.bytes(digest)}}}" for plain, digest in link["sha256"]]
    source.list("kShaVectors", "PairVector", pairs)
    challenges = [
        f"{{{source.bytes(c['question'])}, {text(c['build'])}, {mac_of(c['mac'])}, {c['nonce']}u, "
        f"{source.bytes(c['digest'])}}}"
        for c in link["challenges"]
    ]
    source.list("kChallengeVectors", "ChallengeVector", challenges)
    messages = [
        f"{{{text(m['name'])}, {source.bytes(m['cbor'])}, {m['crc']}u, {source.bytes(m['wire'])}}}"
        for m in link["messages"]
    ]
    source.list("kMessageVectors", "MessageVector", messages)
    broken = [
        f"{{{text(b['name'])}, {source.bytes(b['wire'])}, {NAK_REASONS.index(b['nak'])}}}"
        for b in link["broken"]
    ]
    source.list("kBrokenVectors", "BrokenVector", broken)


def frame_of(source: Source, frame: dict[str, Any]) -> str:
    """Return the initialiser of a FrameVector."""
    audio = frame.get("audio")
    heard = f"{{{audio[0]}, {audio[1]}, {{{', '.join(map(str, audio[2]))}}}}}" if audio else "{}"
    first = ", ".join(source.array("u16", values) for values in frame["first"])
    counts = ", ".join(str(len(values)) for values in frame["first"])
    return (
        f"{{{frame['time']}ull, {'true' if audio else 'false'}, {heard}, "
        f"{frame['crc'][0]}u, {frame['crc'][1]}u, {frame['ma']}, {{{first}}}, {{{counts}}}}}"
    )


def case_of(source: Source, case: dict[str, Any]) -> str:
    """Return the initialiser of a CaseVector."""
    strips = ", ".join(f"{{0, {leds}, kWireOrder}}" for leds in case["strips"])
    params = source.array(
        "ParamVector", [f"{{{text(name)}, {value}}}" for name, value in case["params"].items()]
    )
    frames = source.array("FrameVector", [frame_of(source, frame) for frame in case["frames"]])
    return (
        f'{{{text(case["name"])}, {{"", {len(case["strips"])}, {{{strips}}}}}, {case["seed"]}u, '
        f"{params}, {len(case['params'])}, {case['brightness']}, {case['limit_ma']}, "
        f"{frames}, {len(case['frames'])}}}"
    )


def add_patterns(source: Source, patterns: list[dict[str, Any]]) -> None:
    """Define the tables of patterns.json."""
    items = []
    for pattern in patterns:
        params = source.array(
            "Param",
            [
                f"{{{text(name)}, static_cast<ParamType>({kind}), {least}, {most}, {preset}, {text(unit)}}}"
                for name, kind, least, most, preset, unit in pattern["parameters"]
            ],
        )
        cases = source.array("CaseVector", [case_of(source, case) for case in pattern["cases"]])
        items.append(
            f"{{{text(pattern['name'])}, {str(pattern['audio_driven']).lower()}, "
            f"{params}, {len(pattern['parameters'])}, {cases}, {len(pattern['cases'])}}}"
        )
    source.list("kPatternVectors", "PatternVector", items)


def generate(directory: Path) -> str:
    """Return a C++ source that defines what test/vectors.hpp declares; `directory` holds the JSON files."""
    read = {
        name: json.loads((directory / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("color", "primitives", "symbols", "link", "patterns")
    }
    source = Source()
    add_color(source, read["color"], read["primitives"])
    add_symbols(source, read["symbols"])
    add_link(source, read["link"])
    add_patterns(source, read["patterns"]["patterns"])
    head = '#include <cstring>\n\n#include "vectors.hpp"\n\nnamespace hk::test {\n\n'
    return head + "\n".join(source.lines) + "\n\n}  // namespace hk::test\n"
