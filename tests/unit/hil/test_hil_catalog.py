"""Boards of boards.toml, leased for the suite."""

import os
from types import SimpleNamespace

import pytest

from hostkit.boards.lease import BusyError, LeaseOffice
from hostkit.errors import UsageError
from hostkit.hil import catalog
from hostkit.settings.paths import Paths
from hostkit.testing.clock import FakeClock
from hostkit.testing.link import MemoryTransport

TOML = '[boards.desk]\nkind = "serial"\nchip = "esp32"\nmac = "02:00:00:00:00:01"\nport = "/dev/none"\n'


@pytest.fixture
def opener(tmp_path, monkeypatch):
    (tmp_path / "boards.toml").write_text(TOML)
    monkeypatch.setenv("HOSTKIT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HOSTKIT_CACHE_DIR", str(tmp_path / "cache"))
    return catalog.opener_for(tmp_path, dict(os.environ), tmp_path / "transcript.jsonl")


def test_the_nearest_catalog_upwards_counts(tmp_path):
    (tmp_path / "boards.toml").write_text(TOML)
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert catalog.find_catalog(tmp_path / "a" / "b") == tmp_path / "boards.toml"


def test_no_catalog_at_all_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"there is no boards\.toml in"):
        catalog.find_catalog(tmp_path)


def test_an_unknown_board_is_a_usage_error_and_holds_nothing(opener):
    with pytest.raises(UsageError, match="there is no board 'dsk'"):
        opener.open("dsk")
    assert not opener.paths.leases.exists()


def test_an_open_board_is_leased_until_it_is_closed(opener):
    office = LeaseOffice(opener.paths.leases, opener.clock)
    board = opener.open("desk")
    assert board.spec.name == "desk"
    holder = office.holder(board.spec.identity)
    assert holder is not None
    assert holder.what == "pytest --board desk"
    board.close()
    board.close()
    assert office.holder(board.spec.identity) is None


def test_a_board_that_somebody_holds_is_refused_unless_the_holder_let_this_one_through(opener, tmp_path):
    office = LeaseOffice(opener.paths.leases, opener.clock)
    with office.take("020000000001", "hostkit gate") as lease:
        stranger = catalog.CatalogOpener(opener.catalog, opener.paths, FakeClock(), {}, None)
        with pytest.raises(BusyError, match="hostkit gate"):
            stranger.open("desk")
        child = catalog.CatalogOpener(opener.catalog, opener.paths, FakeClock(), lease.environment(), None)
        child.open("desk").close()
        assert office.holder("020000000001") is not None


def test_the_lease_is_given_back_when_the_board_cannot_be_opened(opener, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise UsageError("no such thing")

    monkeypatch.setattr(catalog, "open_board", refuse)
    with pytest.raises(UsageError):
        opener.open("desk")
    assert LeaseOffice(opener.paths.leases, opener.clock).holder("020000000001") is None


def test_the_link_is_opened_on_the_boards_port_and_written_down(opener, monkeypatch, tmp_path):
    host, _device = MemoryTransport.pair(FakeClock())
    ports = []
    monkeypatch.setattr(catalog, "open_transport", lambda port: ports.append(port) or host)
    monkeypatch.setattr(
        catalog,
        "open_board",
        lambda spec, **_: SimpleNamespace(
            spec=spec,
            link_port=lambda: "/dev/none",
            run_application=lambda: ports.append("reset"),
            close=lambda: None,
        ),
    )
    board = opener.open("desk")
    link = board.open_link()
    board.reset()
    link.raw(b"hello")
    board.close()
    assert ports == ["/dev/none", "reset"]
    assert b"hello".hex() in (tmp_path / "transcript.jsonl").read_text()
    assert (
        Paths.from_environment({"HOSTKIT_STATE_DIR": "a", "HOSTKIT_CACHE_DIR": "b"}).leases.name == "leases"
    )
