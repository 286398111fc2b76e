"""What can be wrong with a model board, for tests of the suite that must notice it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from hostkit.hil.golden.symbols import Words
from hostkit.link.messages import FrameEvent, Request

if TYPE_CHECKING:
    from hostkit.testing.hil_firmware import ModelFirmware

Strips = list[np.ndarray[Any, np.dtype[Any]]]


@dataclass
class Flaws:
    """What is wrong with the board; by default nothing. Strips are uint8 R, G, B arrays of (LEDs, 3)."""

    on_wire: Callable[[Strips], Strips] = lambda strips: strips
    on_frame: Callable[[Strips], Strips] = lambda strips: strips
    on_symbols: Callable[[Words], Words] = lambda words: words  # of one strip
    on_event: Callable[[FrameEvent], FrameEvent | None] = lambda event: event
    on_time: Callable[[int], int] = lambda time_us: time_us  # of frames that are stepped
    on_output: Callable[[int, int], tuple[int, int]] = lambda brightness, limit_ma: (brightness, limit_ma)
    on_stats: Callable[[dict[str, int]], dict[str, int]] = lambda stats: stats
    before: Callable[[ModelFirmware, Request], None] = lambda _firmware, _request: None
    identity: dict[str, Any] = field(default_factory=dict)
