"""All patterns in registry order."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hostkit.hil.golden.bloom import BLOOM
from hostkit.hil.golden.chance import LAVA, TWINKLE
from hostkit.hil.golden.model import Pattern
from hostkit.hil.golden.pulse import PULSE
from hostkit.hil.golden.runners import CHASE, COMET
from hostkit.hil.golden.spectrum import SPECTRUM
from hostkit.hil.golden.steady import BREATHE, GRADIENT, SOLID
from hostkit.hil.golden.waves import RAINBOW, WAVE

PATTERNS: Mapping[str, Pattern] = MappingProxyType(
    {
        pattern.name: pattern
        for pattern in (
            *(SOLID, GRADIENT, BREATHE, COMET, CHASE, TWINKLE, LAVA, WAVE, RAINBOW),
            *(SPECTRUM, PULSE, BLOOM),
        )
    }
)
"""The twelve patterns by name, in the order in which the firmware lists them."""
