"""Envs whose platform comes from PlatformIO's registry: run with the user's own core directory.

Toolchain and framework of such a platform take gigabytes, and whoever builds for a chip mostly has them.
So PlatformIO runs on the user's own core directory, and installs there what is missing, exactly as the
user's own ``pio run`` would; hostkit itself writes nothing into it (docs/decisions/0011).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from hostkit.build.inputs import Inputs
from hostkit.build.platformio import (
    TIMEOUT_S,
    Places,
    common_environment,
    kept_environment,
    make_directory,
    run_argv,
)
from hostkit.build.project import EnvSettings
from hostkit.build.toolchain import zcbor_directory
from hostkit.files import disk_error
from hostkit.process import Command

PROGRAM = "firmware.elf"
"""What PlatformIO's espressif32 calls the linked program."""

# Packages and ESP-IDF's Python requirements come over the network: how to get there is the user's business.
_KEPT = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "NETRC")
_KEPT_PREFIX = "PIP_"


def registry_places(places: Places, outer: Mapping[str, str]) -> Places:
    """Return the same places with the user's core directory and the program's name there. Pure."""
    return replace(places, core=user_core(outer), product=PROGRAM)


def user_core(outer: Mapping[str, str]) -> Path:
    """Return the core directory of the user's own PlatformIO, as PlatformIO itself finds it. Pure."""
    named = outer.get("PLATFORMIO_CORE_DIR") or outer.get("PLATFORMIO_HOME_DIR")
    return Path(named) if named else Path(outer.get("HOME", "~")).expanduser() / ".platformio"


def is_installed(core: Path, platform: str) -> bool:
    """True when the core directory has a platform of that name, whatever its version and packages."""
    name = platform.rsplit("/", 1)[-1].partition("@")[0].strip()
    platforms = core / "platforms"
    return (platforms / name).is_dir() or any(platforms.glob(f"{name}@*"))


def registry_command(places: Places, env: EnvSettings, inputs: Inputs, outer: Mapping[str, str]) -> Command:
    """Return how PlatformIO is run; ``places`` are those of :func:`registry_places`.

    ``HK_ZCBOR`` tells firmware/CMakeLists.txt where zcbor's C sources lie: ESP-IDF's Python has none.
    """
    network = {k: v for k, v in outer.items() if k in _KEPT or k.startswith(_KEPT_PREFIX)}
    own = {
        "PLATFORMIO_CORE_DIR": str(places.core),
        # Registry platforms are named with their version: sharing them between checkouts is safe.
        "PLATFORMIO_PLATFORMS_DIR": str(places.core / "platforms"),
        "HK_ZCBOR": str(zcbor_directory()),
    }
    environment = kept_environment(outer) | network | common_environment(places, env, inputs) | own
    return Command(run_argv(places, env), cwd=places.project, env=environment, timeout_s=TIMEOUT_S)


def forget_configuration(places: Places) -> None:
    """Remove ESP-IDF's generated sdkconfig, so that it is made anew from sdkconfig.defaults.

    An option that the file has already is never taken from the defaults: a stale one would be an input
    of the build that no build id knows. Its absence also makes CMake run again and read the new identity.
    """
    stale = places.work / "workspace" / f"sdkconfig.{places.work.name}"
    try:
        with suppress(FileNotFoundError):
            stale.unlink()
    except OSError as error:
        raise disk_error(error, stale) from error
    make_directory(stale.parent)
