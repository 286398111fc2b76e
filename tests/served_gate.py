"""A scripted gate that answers from the test's own process.

A gate is a program. One that is a Python script with a ledger takes a quarter of a second to load what it
needs, for every commit that a test has judged. So the program here is a small one that asks the process of
the test.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Judge = Callable[..., tuple[int, str]]
"""Takes the working directory and the words of the command line; returns exit code and what is printed."""

_CLIENT = """
import os, socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect("\\0" + sys.argv[1])
    line.sendall("\\0".join([os.getcwd(), *sys.argv[2:]]).encode())
    line.shutdown(socket.SHUT_WR)
    code, _, text = b"".join(iter(lambda: line.recv(4096), b"")).decode().partition("\\n")
sys.stdout.write(text)
sys.exit(int(code))
"""
_numbers = itertools.count()


@contextmanager
def served(judge: Judge) -> Iterator[tuple[str, ...]]:
    """Serve a judge; yield the command line that asks it, to which the judge's words are added."""

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            where, *words = self.rfile.read().decode().split("\0")
            code, text = judge(Path(where), *words)  # where it raises, the client dies of its empty answer
            with contextlib.suppress(OSError):  # who asked was killed
                self.wfile.write(f"{code}\n{text}".encode())

    name = f"hostkit-gate-{os.getpid()}-{next(_numbers)}"  # abstract: no path, whose length is limited
    with socketserver.ThreadingUnixStreamServer("\0" + name, Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield (sys.executable, "-I", "-S", "-c", _CLIENT, name)
        finally:
            server.shutdown()
            thread.join()
