"""Serves one board as a child process: ``python -m hostkit.boards.virtual.serve DIRECTORY SPEC``.

Says one JSON line when the board is up, or why it is not, and ends when its standard input does: with
whoever opened the board.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from hostkit.boards.model import Chip
from hostkit.boards.served import error_word
from hostkit.boards.virtual.server import BoardServer, ServeSpec
from hostkit.clock import SystemClock
from hostkit.errors import HostkitError


def spec_to_json(spec: ServeSpec) -> str:
    """Return a spec as the command line carries it."""
    return json.dumps(asdict(spec) | {"chip": spec.chip.value})


def spec_from_json(text: str) -> ServeSpec:
    """Return the spec of :func:`spec_to_json`."""
    raw = json.loads(text)
    return ServeSpec(**(raw | {"chip": Chip(raw["chip"])}))


def main(directory: str, spec: str) -> int:
    """Serve until standard input ends, the control channel says stop, or a signal comes."""
    try:
        server = BoardServer(spec_from_json(spec), Path(directory), SystemClock())
    except HostkitError as error:
        _say({"ok": False, "error": error.message, "hint": error.hint, "kind": error_word(error)})
        return error.exit_code
    try:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: server.stop())
        threading.Thread(target=_wait_for_the_end, args=(server,), daemon=True).start()
        _say({"ok": True})
        server.run()
    finally:
        server.close()
    return 0


def _say(answer: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _wait_for_the_end(server: BoardServer) -> None:
    while os.read(0, 4096):
        pass
    server.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
