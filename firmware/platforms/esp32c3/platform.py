"""PlatformIO development platform of the ESP32-C3: nothing to install, no board files."""

from platformio.platform.base import PlatformBase


class Esp32c3Platform(PlatformBase):
    """How it builds is in ``builder/main.py``."""
