"""Golden vectors for the link: bytes on the wire and what they mean, good ones and broken ones.

Built straight from the libraries (cbor2, cobs, zlib), not with :mod:`hostkit.link`, which is tested by them.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import cbor2
from cobs import cobs

_NONCE = 0xC0FFEE01
_BUILD = "0123456789abcdef" * 4


def _digest(question: bytes, build: str, mac: str, nonce: int) -> bytes:
    told = bytes.fromhex(mac.replace(":", "")) + nonce.to_bytes(4, "little")
    return hashlib.sha256(question + build.encode() + told).digest()


_IDENTITY: dict[str, Any] = {
    "proto": 1,
    "project": "led-controller",
    "version": "0.1.0",
    "commit": "89abcdef0123456789abcdef0123456789abcdef",
    "dirty": False,
    "build": _BUILD,
    "profile": "dual-160",
    "chip": "esp32",
    "port": "host",
    "mac": "02:00:00:00:00:01",
    "features": ["wire", "audio", "live", "storage"],
    "boots": 3,
    "reset": "power-on",
    "mtu": 2048,
    "tick-ns": 25,
    "reset-us": 300,
    "strips": [[5, 160, "GRB"], [4, 160, "GRB"]],
    "uptime-us": 123456,
}

_STATS: dict[str, int] = {
    "frames": 1000,
    "dropped": 2,
    "events-lost": 0,
    "frames-broken": 1,
    "requests": 77,
    "repeats": 1,
    "heap-min": 0,
    "allocations": 0,
    "stack-free": 4096,
    "uptime-us": 5_000_000_000,
    "naks": 1,
}

_REQUESTS: tuple[tuple[str, int, list[Any]], ...] = (
    ("hello", 0, []),
    ("echo of nothing", 1, [b""]),
    ("echo of one zero byte", 1, [b"\0"]),
    ("echo of all byte values", 1, [bytes(range(256))]),
    ("echo of 512 zero bytes", 1, [bytes(512)]),
    ("echo of 512 times 255", 1, [b"\xff" * 512]),
    ("patterns", 2, []),
    ("describe", 3, ["comet"]),
    ("configure, defaults", 4, ["rainbow", 0, {}]),
    ("configure, parameters", 4, ["comet", 0xFFFFFFFF, {"tail": 12, "speed": 250, "colour": 0xFF8000}]),
    ("configure, below the range and unknown", 4, ["comet", 1, {"tail": -5, "wings": 2}]),
    ("output", 5, [96, 2000]),
    ("audio, silent", 6, [0, 0, [0] * 8]),
    ("audio, loud", 6, [65535, 65535, [65535, 32768, 16384, 8192, 4096, 256, 255, 24]]),
    ("mode test", 7, [0, 0]),
    ("mode live at 60", 7, [1, 60]),
    ("reset-state", 8, []),
    ("step", 9, [(1 << 64) - 1]),
    ("run", 10, [0, 16667, 200, 3]),
    ("read", 11, [4, 1, 0, 1900]),
    ("stats", 12, []),
    ("reboot", 13, []),
    ("save", 14, []),
    ("an operation that there is not", 99, []),
    ("challenge", 15, [bytes(range(100, 132))]),
)

_REPLIES: tuple[tuple[str, int, Any], ...] = (
    ("hello", 0, _IDENTITY),
    ("echo", 0, bytes(range(256))),
    ("patterns", 0, ["solid", "gradient"]),
    ("describe", 0, ["solid", False, [["colour", 1, 0, 0xFFFFFF, 0xFFA040, ""]]]),
    ("configure", 0, [{"colour": 0xFFFFFF}, ["colour", "?wings"]]),
    ("output", 0, [255, 0]),
    ("nothing to say", 0, None),
    ("step", 0, [0xCBF43926, 1234]),
    ("run", 0, [0, 1, 0x7FFFFFFF, 0xFFFFFFFF]),
    ("stats", 0, _STATS),
    ("unknown operation", 1, "unknown-op"),
    ("bad arguments", 2, "time-us"),
    ("not found", 3, "pattern"),
    ("internal", 7, "é and 漢 are text too"),
    (
        "challenge",
        0,
        [_digest(bytes(range(100, 132)), _BUILD, "02:00:00:00:00:01", _NONCE), _BUILD, "02:00:00:00:00:01"],
    ),
)

_CHALLENGES = (
    (bytes(range(16)), _BUILD, "02:00:00:00:00:01", _NONCE),
    (bytes(range(1, 17)), _BUILD, "02:00:00:00:00:01", _NONCE),
    (b"\xff" * 32, _BUILD, "24:0a:c4:00:12:ff", 1),
    (bytes(32), "f" * 64, "00:00:00:00:00:00", 0xFFFFFFFF),
    (bytes(range(200, 229)), "0" * 64, "ff:ff:ff:ff:ff:ff", 0x01020304),
)

_OTHERS: tuple[tuple[str, list[Any]], ...] = (
    ("frame event", [2, _NONCE, [41, 1_000_000, 812, 5100, 0xDEADBEEF, 2345, 0]]),
    ("log", [3, _NONCE, 1, 77_000, "strip 1 is late"]),
    ("nak, bad crc", [4, _NONCE, 0, 1]),
    ("nak, too long", [4, _NONCE, 3, 4294967296]),
)


def link_vectors() -> dict[str, Any]:
    """Return CRC and COBS examples, whole messages, broken chunks, and a stream with text in it."""
    return {
        "about": [
            "firmware/protocol/link.cddl. wire = 00 COBS(CBOR || CRC-32 little endian) 00, in hex.",
            "In 'decoded' a byte string is {'hex': ...} and a map is {'map': {...}}.",
        ],
        "crc32": [[data.hex(), zlib.crc32(data)] for data in (b"", b"\0", b"123456789", bytes(range(256)))],
        "cobs": [[data.hex(), cobs.encode(data).hex()] for data in _cobs_inputs()],
        "sha256": [[data.hex(), hashlib.sha256(data).hexdigest()] for data in _sha_inputs()],
        "challenges": [_challenge(*asked) for asked in _CHALLENGES],
        "messages": [_message(name, value) for name, value in _messages()],
        "broken": [_broken(name, chunk, reason) for name, chunk, reason in _broken_chunks()],
        "streams": _streams(),
    }


def _cobs_inputs() -> list[bytes]:
    run = bytes(range(1, 256))
    return [b"", b"\0", b"\0\0", b"\1", b"\1\0\2", run[:253], run[:254], run, run[:254] + b"\0", b"\0" + run]


def _sha_inputs() -> list[bytes]:
    sizes = (0, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 300)  # around the ends of blocks
    return [b"abc", *(bytes((i * 5 + size) & 0xFF for i in range(size)) for size in sizes)]


def _challenge(question: bytes, build: str, mac: str, nonce: int) -> dict[str, Any]:
    digest = _digest(question, build, mac, nonce).hex()
    return {"question": question.hex(), "build": build, "mac": mac, "nonce": nonce, "digest": digest}


def _messages() -> list[tuple[str, list[Any]]]:
    requests = [(f"request: {name}", [0, i, op, args]) for i, (name, op, args) in enumerate(_REQUESTS, 1)]
    replies = [
        (f"reply: {name}", [1, 4294967295 - i, _NONCE, status, body])
        for i, (name, status, body) in enumerate(_REPLIES)
    ]
    return [*requests, *replies, *_OTHERS]


def _frame(body: bytes) -> bytes:
    """Return the chunk between two zeros for a message's bytes."""
    chunk: bytes = cobs.encode(body + zlib.crc32(body).to_bytes(4, "little"))
    return chunk


def _cbor(value: Any) -> bytes:
    encoded: bytes = cbor2.dumps(value, canonical=True)
    return encoded


def _message(name: str, value: list[Any]) -> dict[str, Any]:
    body = _cbor(value)
    return {
        "name": name,
        "decoded": _plain(value),
        "cbor": body.hex(),
        "crc": zlib.crc32(body),
        "wire": (b"\0" + _frame(body) + b"\0").hex(),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"hex": value.hex()}
    if isinstance(value, dict):
        return {"map": {key: _plain(item) for key, item in value.items()}}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _broken_chunks() -> list[tuple[str, bytes, str]]:
    body = _cbor([0, 7, 1, [b"\x81\x82\x83"]])
    good = _frame(body)
    crc = zlib.crc32(body).to_bytes(4, "little")
    flipped = bytes([body[0] ^ 0x40]) + body[1:]
    return [
        ("a bit of the message is flipped", cobs.encode(flipped + crc), "bad-crc"),
        ("a bit of the CRC is flipped", cobs.encode(body + bytes([crc[0] ^ 1]) + crc[1:]), "bad-crc"),
        ("the CRC is big endian", cobs.encode(body + crc[::-1]), "bad-crc"),
        ("too short for a CRC", cobs.encode(b"\x80\x81\x82"), "bad-crc"),
        ("COBS points past the end", good[:-3], "bad-cobs"),
        ("not CBOR", _frame(b"\xff"), "bad-cbor"),
        ("CBOR ends early", _frame(body[:-1]), "bad-cbor"),
        ("bytes after the message", _frame(body + b"\0"), "bad-cbor"),
        ("not a message", _frame(_cbor({"a": 1})), "bad-cbor"),
        ("a kind of message that there is not", _frame(_cbor([9, 1, 2])), "bad-cbor"),
        ("id 0", _frame(_cbor([0, 0, 0, []])), "bad-cbor"),
        ("too long by one byte", _frame(_cbor([0, 8, 1, [bytes(2049 - 8)]])), "too-long"),
    ]


def _broken(name: str, chunk: bytes, reason: str) -> dict[str, str]:
    return {"name": name, "wire": (b"\0" + chunk + b"\0").hex(), "nak": reason}


def _streams() -> list[dict[str, Any]]:
    hello = _frame(_cbor([1, 1, _NONCE, 0, None]))
    log = _frame(_cbor([3, _NONCE, 2, 5, "up"]))
    boot = b"rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n"
    return [
        {
            "name": "boot text, then frames that share their zeros",
            "wire": (boot + b"\0" + log + b"\0" + hello + b"\0").hex(),
            "pieces": [{"text": boot.decode()}, {"frame": log.hex()}, {"frame": hello.hex()}],
        },
        {
            "name": "empty chunks mean nothing",
            "wire": (b"\0\0\0" + hello + b"\0\0").hex(),
            "pieces": [{"frame": hello.hex()}],
        },
        {
            "name": "text between two frames",
            "wire": (b"\0" + log + b"\0" + b"Guru Meditation\r\n" + b"\0" + hello + b"\0").hex(),
            "pieces": [{"frame": log.hex()}, {"text": "Guru Meditation\r\n"}, {"frame": hello.hex()}],
        },
    ]
