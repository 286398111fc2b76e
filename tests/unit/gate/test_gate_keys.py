"""The signing key: one for all processes, for its user alone, in no checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hostkit.errors import ToolError, UsageError
from hostkit.gate.keys import VARIABLE, checkouts_of, open_signer, read_public
from hostkit.settings.paths import Paths

FIRST = """
import sys
from pathlib import Path
from hostkit.gate.keys import open_signer
from hostkit.settings.paths import Paths
print(end="ready", flush=True)
sys.stdin.readline()
print(open_signer(Paths(Path(sys.argv[1]), Path()), {}, ()).public.key_id)
"""


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "state", tmp_path / "cache")


def test_a_key_is_made_at_first_use_for_its_user_alone_and_then_kept(paths: Paths) -> None:
    first = open_signer(paths, {}, ())
    key = paths.keys / "signing-key.pem"
    assert (key.stat().st_mode & 0o777, paths.keys.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in paths.keys.iterdir()] == [key.name]
    assert open_signer(paths, {}, ()).public == first.public
    first.public.check(open_signer(paths, {}, ()).sign("t", b"x"))
    assert (len(first.public.key_id), first.public.whose) == (64, "this user's key")


def test_processes_that_come_first_at_once_get_the_same_key(paths: Paths) -> None:
    argv = [sys.executable, "-c", FIRST, str(paths.state)]
    started = [
        subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in started:
        assert process.stdout is not None
        assert process.stdout.read(5) == "ready"
    for process in started:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    said = {process.communicate(timeout=60)[0] for process in started}
    assert said == {open_signer(paths, {}, ()).public.key_id + "\n"}
    assert len(list(paths.keys.iterdir())) == 1


@pytest.mark.parametrize(("which", "mode", "wanted"), [("file", 0o640, "600"), ("folder", 0o755, "700")])
def test_a_key_that_others_can_get_at_is_refused(paths: Paths, which: str, mode: int, wanted: str) -> None:
    open_signer(paths, {}, ())
    target = paths.keys / "signing-key.pem" if which == "file" else paths.keys
    target.chmod(mode)
    with pytest.raises(ToolError, match=f"its mode is {mode:04o}") as caught:
        open_signer(paths, {}, ())
    assert f"chmod {wanted} {target}" in caught.value.hint


def test_another_key_file_is_named_by_the_environment_and_never_made(paths: Paths, tmp_path: Path) -> None:
    named = tmp_path / "ci.pem"
    with pytest.raises(UsageError, match=r"cannot read the signing key .*ci\.pem") as caught:
        open_signer(paths, {VARIABLE: str(named)}, ())
    assert VARIABLE in caught.value.hint
    assert not paths.keys.exists()
    own = open_signer(paths, {}, ()).public
    (paths.keys / "signing-key.pem").rename(named)
    signer = open_signer(paths, {VARIABLE: str(named)}, ())
    assert (signer.public.raw, signer.public.whose) == (own.raw, f"the key in {named}")


@pytest.mark.parametrize("ending", ["", "\n", "# a note\n"])
def test_a_key_file_as_openssl_writes_it_and_one_with_a_note_hold_the_same_key(
    paths: Paths, ending: str
) -> None:
    first = open_signer(paths, {}, ()).public
    key = paths.keys / "signing-key.pem"
    key.write_text(key.read_text() + ending)
    assert open_signer(paths, {}, ()).public == first


def test_what_is_no_ed25519_key_is_refused(paths: Paths, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"\xff" * 200, other):
        path.write_bytes(content)
        path.chmod(0o600)
        with pytest.raises(UsageError, match="holds no Ed25519 private key") as caught:
            open_signer(paths, {VARIABLE: str(path)}, ())
        assert "openssl genpkey" in caught.value.hint


@pytest.mark.parametrize("place", ["state/keys", "link/keys"])
def test_a_key_inside_of_a_checkout_is_refused_before_it_is_made(tmp_path: Path, place: str) -> None:
    (tmp_path / "checkout" / "state").mkdir(parents=True)
    (tmp_path / "checkout" / "link").symlink_to(tmp_path / "checkout" / "state")
    state = (tmp_path / "checkout" / place).parent
    with pytest.raises(UsageError, match="lies inside the checkout") as caught:
        open_signer(Paths(state, tmp_path), {}, (tmp_path / "checkout",))
    assert "never goes into a repository" in caught.value.hint
    assert not (state / "keys").exists()


def test_a_checkout_is_its_repository_and_for_a_linked_one_that_of_the_main_one(tmp_path: Path) -> None:
    main, linked = tmp_path / "main", tmp_path / "linked"
    (main / "sub").mkdir(parents=True)
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost"]
    subprocess.run(["git", "init", "-q"], cwd=main, check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "begin"], cwd=main, check=True)
    subprocess.run(["git", "worktree", "add", "-q", str(linked)], cwd=main, check=True)
    assert set(checkouts_of(main / "sub")) == {main / "sub", main}
    assert set(checkouts_of(linked)) == {linked, main}
    assert checkouts_of(tmp_path) == (tmp_path,)


def test_an_exported_key_checks_what_its_signer_signed(paths: Paths, tmp_path: Path) -> None:
    signer = open_signer(paths, {}, ())
    (tmp_path / "pub.pem").write_text(signer.public.pem())
    read = read_public(tmp_path / "pub.pem")
    assert read.key_id == signer.public.key_id
    read.check(signer.sign("t", b"x"))


def test_what_is_no_public_key_is_refused_a_private_one_most_of_all(paths: Paths, tmp_path: Path) -> None:
    open_signer(paths, {}, ())
    with pytest.raises(UsageError, match="holds a private key"):
        read_public(paths.keys / "signing-key.pem")
    (tmp_path / "x").write_text("x")
    with pytest.raises(UsageError, match="holds no public key"):
        read_public(tmp_path / "x")
    with pytest.raises(UsageError, match="cannot read the public key"):
        read_public(tmp_path / "none")


def test_nothing_of_cryptography_is_loaded_before_something_is_signed() -> None:
    code = "import hostkit.gate.keys, hostkit.cli.main, sys; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
