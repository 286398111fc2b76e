"""Where hostkit keeps what outlives a command: state (boards, leases, ledger, keys) and cache (artifacts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Paths:
    """Per-user directories, shared by every checkout. They are made when first written, not here."""

    state: Path
    cache: Path

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Paths:
        """Take ``HOSTKIT_STATE_DIR`` and ``HOSTKIT_CACHE_DIR``, else the platform's own user directories."""
        from platformdirs import user_cache_path, user_state_path  # noqa: PLC0415 - 10 ms, not for --help

        state = env.get("HOSTKIT_STATE_DIR")
        cache = env.get("HOSTKIT_CACHE_DIR")
        return cls(
            Path(state) if state else user_state_path("hostkit", appauthor=False),
            Path(cache) if cache else user_cache_path("hostkit", appauthor=False),
        )

    @property
    def boards(self) -> Path:
        """Live state of virtual boards, one directory a board."""
        return self.state / "boards"

    @property
    def leases(self) -> Path:
        """Lock files, one a board identity."""
        return self.state / "leases"

    @property
    def slots(self) -> Path:
        """Lock files of build slots."""
        return self.state / "slots"

    @property
    def queue(self) -> Path:
        """What attempts of the queue print, and where its workers are woken."""
        return self.state / "queue"

    @property
    def keys(self) -> Path:
        """The user's signing key, and public keys that are trusted besides."""
        return self.state / "keys"

    @property
    def trusted(self) -> Path:
        """Public keys of others whose evidence counts here as well."""
        return self.keys / "trusted"

    @property
    def artifacts(self) -> Path:
        """Content-addressed artifacts."""
        return self.cache / "artifacts"

    @property
    def core(self) -> Path:
        """PlatformIO's core directory, hostkit's own."""
        return self.cache / "platformio"
