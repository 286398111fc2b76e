"""The user's signing key: made at first use, outside of every checkout, readable by its user alone."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hostkit.errors import ToolError, UsageError
from hostkit.files import disk_error, fsync_directory
from hostkit.gate.dsse import Envelope, EnvelopeError, pae
from hostkit.settings.paths import Paths

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

VARIABLE = "HOSTKIT_SIGNING_KEY"
"""Environment variable that names another private key file, as a CI job wants it."""

FILE_NAME = "signing-key.pem"
_SIZE_LIMIT = 10_000  # bytes; an Ed25519 key in PEM has 119
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")  # RFC 8410, section 7; the key's 32 bytes follow
_PLAIN_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----\n([A-Za-z0-9+/]{64})\n-----END PRIVATE KEY-----\n")


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that signatures are checked with. ``whose``: in words, for messages."""

    raw: bytes  # 32
    whose: str

    @property
    def key_id(self) -> str:
        """Name of the key: SHA-256 of its 32 bytes, 64 hex digits."""
        return hashlib.sha256(self.raw).hexdigest()

    def pem(self) -> str:
        """Return the key as others want it: PEM, SubjectPublicKeyInfo."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

        return self._loaded().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def check(self, envelope: Envelope) -> None:
        """Raise :class:`EnvelopeError` unless this key signed exactly this payload of this type."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 30 ms, not at start-up

        if envelope.key_id != self.key_id:
            raise EnvelopeError(
                f"it names the key {envelope.key_id[:16] or '(none)'}, {self.whose} is {self.key_id[:16]}",
                hint="check it with the public key of who made it: hostkit verify BUNDLE --key FILE",
            )
        try:
            self._loaded().verify(envelope.signature, pae(envelope.payload_type, envelope.payload))
        except InvalidSignature:
            raise EnvelopeError(
                f"the signature is not by {self.whose} ({self.key_id[:16]})",
                hint="what is signed was edited, or somebody else signed it",
            ) from None

    def _loaded(self) -> Ed25519PublicKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415

        return Ed25519PublicKey.from_public_bytes(self.raw)


class Signer:
    """Signs with a private key, which stays in here."""

    def __init__(self, key: Ed25519PrivateKey, whose: str) -> None:
        """Keep the key. Use :func:`open_signer`."""
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw(), whose)

    def sign(self, payload_type: str, payload: bytes) -> Envelope:
        """Return the payload in a signed envelope."""
        signature = self._key.sign(pae(payload_type, payload))
        return Envelope(payload, payload_type, self.public.key_id, signature)


def key_path(paths: Paths, env: Mapping[str, str]) -> Path:
    """Return where the private key lies, or will: ``HOSTKIT_SIGNING_KEY``, else in the state directory."""
    named = env.get(VARIABLE)
    return Path(named) if named else paths.keys / FILE_NAME


def open_signer(paths: Paths, env: Mapping[str, str], outside: Iterable[Path]) -> Signer:
    """Return the user's signer, with a new key where there is none yet and none was named.

    Two processes that come first at once get the same key. ``outside``: checkouts that the key must not
    lie in. Raises :class:`UsageError` for a key in there or a named one that is
    missing, :class:`ToolError` for one that others can read.
    """
    path = key_path(paths, env)
    for checkout in outside:
        _refuse_inside(path, checkout)
    named = bool(env.get(VARIABLE))
    if not named and not path.exists():
        _create(path)
    return Signer(
        _read_private(path, own=not named), "this user's key" if not named else f"the key in {path}"
    )


def own_public(paths: Paths, env: Mapping[str, str]) -> PublicKey:
    """Return the public half of the user's key, which is not made for it.

    Raises :class:`UsageError` where there is none.
    """
    if not env.get(VARIABLE) and not (paths.keys / FILE_NAME).exists():
        raise UsageError(
            "this user has signed nothing yet, so there is no key of theirs to check with",
            hint="name the public key of who made the bundle: --key FILE",
        )
    return open_signer(paths, env, ()).public


def trusted_keys(paths: Paths, env: Mapping[str, str]) -> tuple[PublicKey, ...]:
    """Return the keys whose signatures count here: the user's own, and those in ``keys/trusted``."""
    named = [{VARIABLE: env[VARIABLE]}] if env.get(VARIABLE) else []
    own = [own_public(paths, each) for each in (*named, {}) if key_path(paths, each).exists()]
    return (*own, *(read_public(path) for path in sorted(paths.trusted.glob("*.pem"))))


def read_public(path: Path) -> PublicKey:
    """Return a public key out of a PEM file. Raises :class:`UsageError` for what holds none."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    hint = "it is what `hostkit keys export` prints where the bundle was made"
    try:
        with path.open("rb") as stream:
            data = stream.read(_SIZE_LIMIT)
    except OSError as error:
        raise UsageError(f"cannot read the public key {path}: {error.strerror}", hint=hint) from error
    if b"PRIVATE KEY" in data:
        raise UsageError(f"{path} holds a private key", hint=f"give the public one: {hint}")
    try:
        key = load_pem_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{path} holds no public key in PEM", hint=hint) from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"the key in {path} is not of Ed25519", hint=hint)
    return PublicKey(key.public_bytes_raw(), f"the key in {path}")


def checkouts_of(project: Path) -> tuple[Path, ...]:
    """Return the working trees that a project is in: the nearest, and for a linked one its repository."""
    for directory in (project, *project.parents):
        mark = directory / ".git"
        if mark.is_dir():
            return (project, directory)
        if mark.is_file():
            said = mark.read_text(encoding="utf-8", errors="replace").strip().removeprefix("gitdir: ")
            inside = next((above for above in Path(said).parents if above.name == ".git"), None)
            return (project, directory, *([inside.parent] if inside is not None else ()))
    return (project,)


def _refuse_inside(path: Path, checkout: Path) -> None:
    if path.resolve().is_relative_to(checkout.resolve()):
        raise UsageError(
            f"the signing key {path} lies inside the checkout {checkout}",
            hint=f"a private key never goes into a repository: move it, and name it with {VARIABLE} or set "
            "HOSTKIT_STATE_DIR elsewhere",
        )


def _create(path: Path) -> None:
    """Make a key whole before it has its name; whoever names its own first has made the one that counts."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    key = Ed25519PrivateKey.generate()
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    staged = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            try:
                os.link(staged, path)
            except FileExistsError:
                return
        finally:
            staged.unlink(missing_ok=True)
        fsync_directory(path.parent)
    except OSError as error:
        raise disk_error(error, path) from error


def _read_private(path: Path, *, own: bool) -> Ed25519PrivateKey:
    try:
        with path.open("rb") as stream:
            _refuse_open(path, os.fstat(stream.fileno()).st_mode, 0o600)
            if own:
                _refuse_open(path.parent, path.parent.stat().st_mode, 0o700)
            data = stream.read(_SIZE_LIMIT)
    except OSError as error:
        raise UsageError(
            f"cannot read the signing key {path}: {error.strerror}", hint=f"check the path and {VARIABLE}"
        ) from error
    key = _loaded_plain(data) or _loaded(data)
    if key is None:
        raise UsageError(
            f"{path} holds no Ed25519 private key without a password, in PEM",
            hint="make one: openssl genpkey -algorithm ed25519; or remove it, and hostkit makes its own",
        )
    return key


def _loaded_plain(data: bytes) -> Ed25519PrivateKey | None:
    """Return the key of a file as we and openssl write it, None for any other.

    The library's own reader imports every cipher that a key file may use: too long for an answer at a glance.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    found = _PLAIN_PEM.fullmatch(data)
    der = base64.b64decode(found[1]) if found else b""
    if len(der) != len(_PKCS8) + 32 or not der.startswith(_PKCS8):
        return None
    return Ed25519PrivateKey.from_private_bytes(der.removeprefix(_PKCS8))


def _loaded(data: bytes) -> Ed25519PrivateKey | None:
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PrivateKey) else None


def _refuse_open(path: Path, mode: int, wanted: int) -> None:
    if stat.S_IMODE(mode) & 0o077:
        raise ToolError(
            f"others than you can get at {path}: its mode is {stat.S_IMODE(mode):04o}",
            hint=f"chmod {wanted:o} {path}; if somebody may have read the key, remove it: a new one is made",
        )
