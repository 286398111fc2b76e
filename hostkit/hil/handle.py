"""The board as a test sees it."""

from __future__ import annotations

from hostkit.boards.model import BoardSpec
from hostkit.hil.compare import Difference, first_difference
from hostkit.hil.golden.geometry import Geometry
from hostkit.hil.profiles import Profile
from hostkit.hil.scene import Scene
from hostkit.hil.session import HilSession
from hostkit.link.bodies import Identity
from hostkit.link.client import Link
from hostkit.link.messages import Tap


class BoardHandle:
    """What a board must be (``spec``, ``profile``), what it says (``identity``), how it is restarted."""

    def __init__(self, session: HilSession, link: Link) -> None:
        """Wrap an open session."""
        self._session = session
        self._link = link

    @property
    def spec(self) -> BoardSpec:
        """What ``boards.toml`` says of it."""
        return self._session.board.spec

    @property
    def profile(self) -> Profile:
        """What must hang on it."""
        return self._session.profile

    @property
    def geometry(self) -> Geometry:
        """Where its LEDs must be."""
        return Geometry(self.profile.lengths)

    @property
    def identity(self) -> Identity:
        """What the firmware said when it was first asked, or after the last restart."""
        return self._session.identity

    @property
    def restarts(self) -> int:
        """How often the firmware restarted during this run without being asked to."""
        return self._session.restarts

    def has(self, feature: str) -> bool:
        """Tell whether the firmware names a feature of ``link.cddl``."""
        return feature in self.identity.features

    def reset(self) -> Identity:
        """Press the reset button and wait for the firmware; return what it says then."""
        return self._session.restart(self._session.board.reset)

    def reboot(self) -> Identity:
        """Ask the firmware to restart and wait for it; return what it says then."""
        return self._session.restart(self._link.reboot)

    def difference(self, scene: Scene, tap: Tap = Tap.FRAME) -> Difference | None:
        """Return where the board's frames part from the model's, None if they are the same bit for bit."""
        return first_difference(self._link, self.identity, self.geometry, scene, tap)
