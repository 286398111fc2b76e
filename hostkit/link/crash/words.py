"""The words that boards crash with: ROM, ESP-IDF (Xtensa and RISC-V), and hostkit's own ports. Pure.

From ESP-IDF's panic handler, task watchdog, brown-out and stack check sources (4.4 to 5.x), and the ROMs'
boot banner.
"""

from __future__ import annotations

import re

PANIC = re.compile(r"Guru Meditation Error: Core\s+(?P<core>\d+) panic'ed \((?P<reason>.+?)\)\s*(?:\.|$)")
DEBUG_REASON = re.compile(r"Debug exception reason: (?P<reason>.+)")
CANARY = re.compile(r"Stack canary watchpoint triggered \((?P<task>[^)]*)\)")
STACK_FAULT_TASK = re.compile(r'Detected in task "(?P<task>[^"]*)"')
ABORT = re.compile(r"abort\(\) was called at PC (?P<pc>0x[0-9a-fA-F]+)(?: on core (?P<core>\d+))?")
ASSERT = re.compile(r"assert(?:ion)? (?:failed: (?P<said>.+)|(?P<old>\".+\" failed: .+))")
SMASHING = re.compile(r"Stack smashing protect failure!")
OVERFLOW = re.compile(r"\*\*\*ERROR\*\*\* A stack overflow in task (?P<task>\S+) has been detected")
TASK_WATCHDOG = re.compile(r"Task watchdog got triggered")
STARVED = re.compile(r"task_wdt:\s+- (?P<task>.+)")
BUSY = re.compile(r"task_wdt:\s+CPU (?P<core>\d+): (?P<task>.+)")
BROWNOUT = re.compile(r"Brownout detector was triggered")
DUMP = re.compile(r"Core\s+(?P<core>\d+) register dump:")
REGISTER = re.compile(r"\b(?P<name>[A-Z][A-Z0-9]{0,8})\s*: (?P<value>0x[0-9a-fA-F]{8,16})\b")
BACKTRACE = re.compile(r"Backtrace:(?P<calls>(?:\s*0x[0-9a-fA-F]+:0x[0-9a-fA-F]+)+)")
CALL = re.compile(r"(?P<pc>0x[0-9a-fA-F]+):0x[0-9a-fA-F]+")
ELF = re.compile(r"ELF file SHA256: (?P<elf>[0-9a-fA-F]{7,64})")
MEMORY = re.compile(r"^[0-9a-fA-F]{8,16}: (?:0x[0-9a-fA-F]{8,16}\s*)+$")
END = re.compile(r"^Rebooting\.\.\.")
RESET = re.compile(r"rst:0x(?P<code>[0-9a-fA-F]+) \((?P<cause>[A-Z0-9_]+)\),boot:0x[0-9a-fA-F]+(?P<mode>.*)")
BANNER = re.compile(r"^(?:ets |ESP-ROM:|Build:)")
"""What a ROM prints before it says why it was reset."""

DOWNLOAD = "DOWNLOAD"
"""In the boot mode of a reset that waits for a flasher instead of running anything."""

COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
"""Terminal colours of ESP-IDF's log lines."""
