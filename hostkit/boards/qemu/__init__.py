"""Boards that are Espressif's QEMU: the chip's own instructions, in a process of this machine."""
