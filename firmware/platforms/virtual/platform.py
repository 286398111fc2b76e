"""PlatformIO development platform of hostkit's virtual board: nothing to install, no board files."""

from platformio.platform.base import PlatformBase


class VirtualPlatform(PlatformBase):
    """All that differs from PlatformIO's own native platform is in ``builder/main.py``."""
