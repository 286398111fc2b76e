"""Panic texts as boards print them. `{pc}`, `{ra}` and `{call}` are addresses to be filled in.

The words are those of ESP-IDF 4.4 to 5.x and of the ROMs; registers that do not matter are shortened.
"""

from __future__ import annotations

_XTENSA_DUMP = """\

Core  {core} register dump:
PC      : {pc}  PS      : 0x00060130  A0      : 0x800d1f5c  A1      : 0x3ffb4570  \n\
A2      : 0x00000000  A3      : 0x00000007  A4      : 0x3ffb45a0  A5      : 0x00000001  \n\
SAR     : 0x00000004  EXCCAUSE: 0x0000001d  EXCVADDR: 0x00000000  LBEG    : 0x40001609  \n\
LEND    : 0x4000160d  LCOUNT  : 0x00000000  \n\


Backtrace: {traced}:0x3ffb4570 {call}:0x3ffb4590 |<-CORRUPTED


ELF file SHA256: 0123456789abcdef

Rebooting...
ets Jul 29 2019 12:21:46

rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
"""

_RISCV_DUMP = """\

Core  0 register dump:
MEPC    : {pc}  RA      : {ra}  SP      : 0x3fc8f5e0  GP      : 0x3fc8a600  \n\
TP      : 0x3fc8f6a0  T0      : 0x4005890e  T1      : 0x00000000  T2      : 0x00000000  \n\
S0/FP   : 0x00000000  S1      : 0x00000000  A0      : 0x00000000  A1      : 0x00000007  \n\
MSTATUS : 0x00001881  MTVEC   : 0x40380001  MCAUSE  : 0x00000007  MTVAL   : 0x00000000  \n\
MHARTID : 0x00000000  \n\

Stack memory:
3fc8f5e0: 0x00000000 0x42006b78 0x00000000 0x42006b9c 0x00000000 0x42016c20 0x00000000 0x00000000
3fc8f600: 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5 0xa5a5a5a5


ELF file SHA256: 0123456789abcdef

Rebooting...
ESP-ROM:esp32c3-api1-20210207
Build:Feb  7 2021
rst:0x3 (RTC_SW_SYS_RST),boot:0xc (SPI_FAST_FLASH_BOOT)
"""


def _xtensa(reason: str, core: int = 0, more: str = "") -> str:
    head = f"Guru Meditation Error: Core  {core} panic'ed ({reason}). Exception was unhandled.\n{more}"
    return head + _XTENSA_DUMP.replace("{core}", str(core))


def _riscv(reason: str) -> str:
    return f"Guru Meditation Error: Core  0 panic'ed ({reason}). Exception was unhandled.\n" + _RISCV_DUMP


XTENSA = {
    name: _xtensa(name)
    for name in (
        "LoadProhibited",
        "StoreProhibited",
        "IllegalInstruction",
        "InstrFetchProhibited",
        "IntegerDivideByZero",
    )
}
"""Exceptions of the CPU by their words."""

RISCV = {
    name: _riscv(name)
    for name in ("Load access fault", "Store access fault", "Illegal instruction", "Instruction access fault")
}

INTERRUPT_WATCHDOG = (
    "Guru Meditation Error: Core  0 panic'ed (Interrupt wdt timeout on CPU0). \n"
    + _XTENSA_DUMP.split("\n\n\nELF", maxsplit=1)[0].replace("{core}", "0")
    + """\


Core  1 register dump:
PC      : 0x40081aaa  PS      : 0x00060d35  A0      : 0x800d1f5c  A1      : 0x3ffb4570  \n\


Backtrace: 0x40081aaa:0x3ffb4570 0x400d1111:0x3ffb4590


Rebooting...
"""
)

CANARY = _xtensa(
    "Unhandled debug exception", 1, "Debug exception reason: Stack canary watchpoint triggered (lights) \n"
)

ABORT = """\

abort() was called at PC {pc} on core 0


Backtrace: 0x40081c2d:0x3ffb4570 0x40085e4d:0x3ffb4590 {call}:0x3ffb45b0


ELF file SHA256: 0123456789abcdef

Rebooting...
"""

ASSERT = """\

assert failed: xQueueSemaphoreTake queue.c:1545 (( pxQueue ))


Backtrace: {traced}:0x3ffb4570 {call}:0x3ffb4590


Rebooting...
"""

SMASHING = """\

Stack smashing protect failure!

abort() was called at PC {pc} on core 0


Backtrace: 0x40081c2d:0x3ffb4570 {call}:0x3ffb45b0

Rebooting...
"""

OVERFLOW = """\
***ERROR*** A stack overflow in task lights has been detected.


Backtrace: 0x40081c2d:0x3ffb4570 {call}:0x3ffb45b0

Rebooting...
"""

TASK_WATCHDOG = """\
\x1b[0;31mE (10298) task_wdt: Task watchdog got triggered. The following tasks/users did not reset the \
watchdog in time:\x1b[0m
\x1b[0;31mE (10298) task_wdt:  - IDLE0 (CPU 0)\x1b[0m
\x1b[0;31mE (10298) task_wdt: Tasks currently running:\x1b[0m
\x1b[0;31mE (10298) task_wdt: CPU 0: lights\x1b[0m
\x1b[0;31mE (10298) task_wdt: CPU 1: IDLE1\x1b[0m
\x1b[0;31mE (10298) task_wdt: Aborting.\x1b[0m

abort() was called at PC {pc} on core 0


Backtrace: 0x40081c2d:0x3ffb4570 {call}:0x3ffb45b0


Rebooting...
"""

BROWNOUT = """\

Brownout detector was triggered

ets Jul 29 2019 12:21:46

rst:0xc (SW_CPU_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
"""

ROM_BROWNOUT = """\
ESP-ROM:esp32s3-20210327
Build:Mar 27 2021
rst:0xf (BROWN_OUT_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)
"""

BOOT_LOOP = """\
rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
invalid header: 0xffffffff
ets Jul 29 2019 12:21:46

rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
invalid header: 0xffffffff
ets Jul 29 2019 12:21:46

rst:0x10 (RTCWDT_RTC_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)
invalid header: 0xffffffff
"""

HOST = """\

Guru Meditation Error: Core  0 panic'ed (StoreProhibited). Exception was unhandled.

Core  0 register dump:
PC      : {pc}  SP      : 0x00007ffc1a2b3c40  ADDRESS : 0x0000000000000000

Backtrace: {traced}:0x00007ffc1a2b3c40 {call}:0x00007ffc1a2b3c60

ELF file SHA256: 0123456789abcdef

Rebooting...
"""
"""What ``firmware/ports/host`` prints."""

ALL = (
    *XTENSA.values(),
    *RISCV.values(),
    INTERRUPT_WATCHDOG,
    CANARY,
    ABORT,
    ASSERT,
    SMASHING,
    OVERFLOW,
    TASK_WATCHDOG,
    BROWNOUT,
    ROM_BROWNOUT,
    BOOT_LOOP,
    HOST,
)


def spoken(text: str, *, pc: int = 0x400D1F4A, call: int = 0x400D1F59, ra: int = 0x42006B78) -> bytes:
    """Return a text as it comes out of a UART, with addresses: ESP-IDF's backtrace begins at ``pc - 3``."""
    filled = text.format(pc=f"0x{pc:08x}", call=f"0x{call:08x}", ra=f"0x{ra:08x}", traced=f"0x{pc - 3:08x}")
    return filled.replace("\n", "\r\n").encode()
