"""A process that behaves as an ESP32 does on a wire."""
