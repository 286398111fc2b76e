"""Many processes want one board, and some are killed with it in hand."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from hostkit.boards.lease import LeaseOffice
from hostkit.clock import SystemClock

PROCESSES, ROUNDS, KILLS = 8, 500, 12
STEP = PROCESSES * ROUNDS // (KILLS + 2)
BOARD = "02686b000000"

WORKER = """
import contextlib, os, sys
from pathlib import Path
from hostkit.boards.lease import LeaseOffice
from hostkit.clock import SystemClock

here, mine, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
office = LeaseOffice(here / "leases", SystemClock())
marker, done = here / "inside", here / f"done-{mine}"
counting = os.open(here / "counter", os.O_RDWR)

def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False

while not done.exists() or done.stat().st_size < rounds:
    with office.take(sys.argv[4], f"worker {mine}", timeout_s=100):
        try:
            os.symlink(str(os.getpid()), marker)  # as O_EXCL, and it says whose it is at once
        except FileExistsError:
            other = int(os.readlink(marker))
            if runs(other):
                raise SystemExit(f"{os.getpid()} and {other} have the board at the same time")
            marker.unlink()
            os.symlink(str(os.getpid()), marker)
        number = os.pread(counting, 8, 0)
        os.pwrite(counting, b"%08d" % (int(number) + 1), 0)  # one call: a kill does not cut it in two
        with contextlib.suppress(FileNotFoundError):
            os.unlink(here / "die")  # whoever has the board now
            os.kill(os.getpid(), 9)
        with done.open("ab") as stream:
            stream.write(b".")
        marker.unlink()
"""


def start(here: Path, name: int) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", WORKER, str(here), str(name), str(ROUNDS), BOARD]
    return subprocess.Popen(argv, stderr=subprocess.PIPE)


def finished(here: Path) -> int:
    return sum(path.stat().st_size for path in here.glob("done-*"))


def test_eight_processes_share_a_board_without_overlap_though_some_are_killed_with_it(tmp_path: Path) -> None:
    (tmp_path / "counter").write_text("00000000")
    chance = random.Random(4)
    children = {name: start(tmp_path, name) for name in range(PROCESSES)}
    asked = killed = 0
    dies = tmp_path / "die"
    while any(child.poll() in {None, -signal.SIGKILL} for child in children.values()):
        time.sleep(0.005)  # no test may be as busy as what it watches
        for name, child in children.items():
            if child.returncode == -signal.SIGKILL:
                child.communicate()
                killed += 1
                children[name] = start(tmp_path, name)
        # Spread over the whole contest: the next one dies when its share of the rounds is done.
        if asked > killed or asked == KILLS or finished(tmp_path) < (asked + 1) * STEP:
            continue
        asked += 1
        if asked % 3:
            dies.touch()
        else:  # every third dies wherever it is, the others with the board
            alive = [name for name, child in children.items() if child.poll() is None]
            victim = children[chance.choice(alive)]
            victim.kill()
            if victim.wait() == 0:  # it was through with its rounds already: another one dies in its place
                asked -= 1
    errors = [child.communicate()[1].decode() for child in children.values()]
    assert [child.returncode for child in children.values()] == [0] * PROCESSES, "".join(errors)
    assert killed == KILLS
    assert not dies.exists()  # who died with the board took it away
    assert finished(tmp_path) == PROCESSES * ROUNDS
    # Who was killed between the two had counted, but not noted, a round.
    assert 0 <= int((tmp_path / "counter").read_text()) - finished(tmp_path) <= KILLS
    office = LeaseOffice(tmp_path / "leases", SystemClock())
    assert (office.holder(BOARD), office.waiters(BOARD)) == (None, ())
    office.take(BOARD, "the test itself").close()
    # A ticket that was being written when its writer died is no ticket; it is swept some seconds later.
    left = [each.name for each in (tmp_path / "leases" / f"{BOARD}.line").iterdir()]
    assert [name for name in left if not name.startswith(".")] == []
