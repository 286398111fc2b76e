"""The suite while it runs: a bar, the last test and a strip where the terminal can, plain lines elsewhere."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.errors import HostkitError
from hostkit.hil.observations import Outcome, TestSeen

if TYPE_CHECKING:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    from hostkit.hil.picture import Picture

_BAD = {Outcome.FAILED: "failed", Outcome.ERROR: "error", Outcome.LOST: "lost", Outcome.FLAKY: "flaky"}
_BAR = 24  # cells
_WIDEST = 80  # cells of a strip
_LABEL = f"{'hil':<6} "
_COLOURFUL = ("truecolor", "256", "windows")
_PER_SECOND = 8


class SuiteProgress:
    """Is told of every test that ended. What stays on the screen are tests that did not pass.

    On a terminal the rest is one bar and, with colours enough, what the board showed in the last picture
    that was taken. Elsewhere there is one line for each file of tests.
    """

    def __init__(self, console: Console) -> None:
        """Write to ``console``."""
        self._console = console
        self._live: Live | None = None
        self._total: int | None = None
        self._done: set[str] = set()  # a test that several boards run is one
        self._bad = 0
        self._last = ""
        self._files: dict[Path, str] = {}  # where each board is, by its evidence
        self._passed: Counter[str] = Counter()
        self._picture: Picture | None = None

    def collected(self, tests: int) -> None:
        """Say how many tests there are to run."""
        self._total = tests

    def ended(self, test: TestSeen, evidence: Path) -> None:
        """Count a test; its pictures lie in ``evidence``."""
        if not self._console.is_terminal:
            self._count_in_file(test, evidence)
        self._done.add(test.test)
        self._bad += test.outcome in _BAD
        self._last = test.test.rsplit("::", 1)[-1]
        if self._console.is_terminal and test.pictures and self._console.color_system in _COLOURFUL:
            self._look_at(evidence / test.pictures[-1])
        if test.outcome in _BAD:
            self._say_bad(test)
        if self._console.is_terminal:
            self._draw()

    def note(self, text: str) -> None:
        """Show how the test goes that runs now, where a bar can."""
        self._last = text
        if self._console.is_terminal:
            self._draw()

    def close(self) -> None:
        """Take the bar away; a second call does nothing."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        for evidence in tuple(self._files):
            self._leave_file(evidence)

    def _say_bad(self, test: TestSeen) -> None:
        from rich.text import Text  # noqa: PLC0415 - not for --help

        from hostkit.report.visible import visible  # noqa: PLC0415

        line = Text().append(_LABEL, style="dim")
        line.append(f"✘ {_BAD[test.outcome]} ", style="bold red")
        line.append(visible(f"{test.test}: {test.message}".removesuffix(": ")), style="default")
        self._console.print(line)

    def _count_in_file(self, test: TestSeen, evidence: Path) -> None:
        file = test.test.split("::", 1)[0]
        if file != self._files.get(evidence):
            self._leave_file(evidence)
            self._files[evidence] = file
        self._passed[file] += test.outcome is Outcome.PASSED and test.test not in self._done

    def _leave_file(self, evidence: Path) -> None:
        """Say what came of a file of tests when the last board is through with it, where no bar shows it."""
        file = self._files.pop(evidence, None)
        if file is not None and file not in self._files.values():
            of = f" of {self._total}" if self._total else ""
            said = f"{_LABEL}{len(self._done)}{of}  {file}: {self._passed.pop(file)} passed"
            self._console.print(said, markup=False)

    def _look_at(self, path: Path) -> None:
        from hostkit.hil.picture import read_picture  # noqa: PLC0415 - NumPy

        with suppress(HostkitError):  # a picture that cannot be shown is no news here
            self._picture = read_picture(path)

    def _draw(self) -> None:
        from rich.live import Live  # noqa: PLC0415 - not for --help

        if self._live is None:
            self._live = Live(
                console=self._console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
                refresh_per_second=_PER_SECOND,
                get_renderable=self._screen,
            )
            self._live.start()

    def _screen(self) -> Group:
        from rich.console import Group  # noqa: PLC0415 - not for --help

        lines = [self._bar()]
        if self._picture is not None:
            lines.append(self._strip(self._picture))
        return Group(*lines)

    def _bar(self) -> Text:
        from rich.text import Text  # noqa: PLC0415 - not for --help

        done = len(self._done)
        total = max(self._total or done, done, 1)
        full = _BAR * done // total
        line = Text(no_wrap=True, overflow="ellipsis").append(_LABEL, style="dim")
        line.append("━" * full, style="green" if not self._bad else "red")
        line.append("━" * (_BAR - full), style="bright_black")
        line.append(f" {done}/{self._total or '?'}", style="default")
        if self._bad:
            line.append(f"  {self._bad} not passed", style="bold red")
        return line.append(f"  {self._last}", style="dim")

    def _strip(self, picture: Picture) -> Text:
        from rich.text import Text  # noqa: PLC0415 - not for --help

        from hostkit.report.preview import strip_line  # noqa: PLC0415 - NumPy

        name = f"{picture.pattern[:12]:<12} "
        width = max(8, min(_WIDEST, self._console.width - len(_LABEL) - len(name) - 1))
        line = Text(no_wrap=True).append(_LABEL + name, style="dim")
        return line.append_text(strip_line(picture, width))
