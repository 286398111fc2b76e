"""Results as they come, on the disk: a campaign that was cut off goes on where it was.

A file of JSON lines. The first names the ground: sources, tools, suite and models. On another ground nothing
of it holds, and the file begins anew. A line that was cut off is left aside.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from hostkit.errors import ToolError
from hostkit.files import atomic_write, disk_error
from hostkit.mutants.model import Fate, Result

NAME = "journal.jsonl"


class Journal:
    """Keeps results by mutant, and counts of clean runs."""

    def __init__(self, directory: Path, ground: str, *, fresh: bool = False) -> None:
        """Open the journal of a directory; ``fresh`` forgets what is in it. Raises :class:`ToolError`."""
        self._path = directory / NAME
        self.results: dict[str, Result] = {}
        self.clean: list[Mapping[str, Any]] = []
        known = [] if fresh else self._read()
        going_on = bool(known) and known[0].get("ground") == ground
        for record in known[1:] if going_on else []:
            self._take(record)
        # A last line without an end would swallow the next one, so what was read is written anew.
        kept: list[Mapping[str, Any]] = [{"ground": ground}]
        kept += [{"result": result.record()} for result in self.results.values()]
        kept += [{"clean": run} for run in self.clean]
        atomic_write(self._path, "".join(map(_line, kept)).encode())
        try:
            self._stream: IO[str] = self._path.open("a", encoding="utf-8")
        except OSError as error:
            raise disk_error(error, self._path) from error

    def add(self, result: Result) -> None:
        """Keep a result; it is on the disk when this returns. Inconclusive ones are tried again next time."""
        if result.fate is Fate.INCONCLUSIVE:
            return
        self.results[result.digest] = result
        self._write({"result": result.record()})

    def add_clean(self, run: Mapping[str, Any]) -> None:
        """Keep a run on the clean tree."""
        self.clean.append(run)
        self._write({"clean": run})

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def _read(self) -> list[dict[str, Any]]:
        try:
            lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ToolError(f"cannot read {self._path}: {error.strerror}", hint="say --fresh") from error
        found: list[dict[str, Any]] = []
        for line in lines:
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if isinstance(record, dict):
                found.append(record)
        return found

    def _take(self, record: Mapping[str, Any]) -> None:
        try:
            if "result" in record:
                result = Result.of_record(record["result"])
                self.results[result.digest] = result
            elif "clean" in record:
                self.clean.append(dict(record["clean"]))
        except (TypeError, ValueError, KeyError):
            return  # of another version of hostkit: it is tried again

    def _write(self, record: Mapping[str, Any]) -> None:
        try:
            self._stream.write(_line(record))
            self._stream.flush()
            os.fsync(self._stream.fileno())
        except OSError as error:
            raise disk_error(error, self._path) from error


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False) + "\n"
