"""A PostgreSQL server of a test's own: from Debian's packages, on loopback, gone with its process."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from hostkit.clock import Clock
from hostkit.process import Command, end_group, start

_INSTALLED = Path("/usr/lib/postgresql")
_PATIENCE_S = 20.0


def find_postgres() -> Path | None:
    """Return the directory of the newest installed server's programs, None where there is none."""
    found = [path.parent for path in _INSTALLED.glob("*/bin/postgres") if path.parent.parent.name.isdigit()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class PrivatePostgres:
    """A running server with one user and a password. Nothing of it is flushed to the disk."""

    def __init__(self, programs: Path, clock: Clock) -> None:
        """Make a cluster in a temporary directory and start it. Raises :class:`OSError` when it does not."""
        self._programs = programs
        self._home = Path(tempfile.mkdtemp(prefix="hostkit-pg-"))
        self._word = secrets.token_hex(16)
        self._port = _free_port()
        try:
            self._as_owner = self._owner()
            self._make()
            server = (str(programs / "postgres"), "-D", str(self._home / "data"))
            options = {"listen_addresses": "127.0.0.1", "port": self._port, "fsync": "off"}
            options |= {"unix_socket_directories": self._home, "max_connections": 40}
            flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
            self._server = start(Command((*self._as_owner, *server, *flags)), stdout=subprocess.DEVNULL)
            self._wait(clock)
        except BaseException:
            shutil.rmtree(self._home, ignore_errors=True)
            raise

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql+psycopg://hostkit:{self._word}@127.0.0.1:{self._port}/postgres"

    def run(self, statement: str) -> None:
        """Run one statement in the database ``postgres``, the only one."""
        import psycopg  # noqa: PLC0415 - an extra of hostkit's

        with psycopg.connect(self.url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement.encode())

    def close(self) -> None:
        """End the server and remove all of it."""
        self._server.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
        end_group(self._server)
        shutil.rmtree(self._home, ignore_errors=True)

    def _owner(self) -> tuple[str, ...]:
        """Return what runs a program as somebody whom the server accepts: it refuses to be root's."""
        if os.geteuid() != 0:
            return ()
        account = pwd.getpwnam("postgres")
        os.chown(self._home, account.pw_uid, account.pw_gid)
        drop = ("--reuid=postgres", "--regid=postgres", "--clear-groups", "--pdeathsig=KILL")
        return ("setpriv", *drop)

    def _make(self) -> None:
        secret = self._home / "secret"
        secret.write_text(self._word)
        secret.chmod(0o644)
        made = ("-D", str(self._home / "data"), "-U", "hostkit", "-A", "scram-sha-256", "--no-sync")
        subprocess.run(
            (*self._as_owner, str(self._programs / "initdb"), *made, f"--pwfile={secret}", "-E", "UTF8"),
            check=True,
            capture_output=True,
        )

    def _wait(self, clock: Clock) -> None:
        import psycopg  # noqa: PLC0415

        until = clock.monotonic_ns() + _PATIENCE_S * 1e9
        while True:
            try:
                self.run("SELECT 1")
            except psycopg.OperationalError as error:
                if clock.monotonic_ns() > until or self._server.poll() is not None:
                    raise OSError(f"PostgreSQL did not start: {error}") from error
                clock.sleep(0.02)
            else:
                return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
