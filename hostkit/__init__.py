"""hostkit: build, flash and prove ESP32 LED firmware; completion is derived from evidence."""

__version__ = "0.1.0"
