"""A simulated chip: the firmware for its own instruction set, on labwired, inside a virtual board."""
