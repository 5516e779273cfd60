"""The module `ssl`, which a component does not have: it imports, and fails when it is used.

Many libraries import it whether they use it or not. The host is what speaks TLS: for requests that
come in, for databases behind `wasgi.sql`, and for what a component asks of other hosts.
"""

import sys
from enum import Enum, IntEnum, IntFlag
from types import ModuleType
from typing import Any, NoReturn

REASON = (
    "a component has no TLS of its own: the host speaks it. "
    "Connect to a plain port that the manifest grants, or use wasgi.sql for databases"
)


class SSLError(OSError):
    """An error of TLS."""


class SSLZeroReturnError(SSLError):
    """The connection was closed."""


class SSLWantReadError(SSLError):
    """More has to be read."""


class SSLWantWriteError(SSLError):
    """More has to be written."""


class SSLSyscallError(SSLError):
    """The system failed."""


class SSLEOFError(SSLError):
    """The connection broke off."""


class SSLCertVerificationError(SSLError, ValueError):
    """A certificate is not good."""


class VerifyMode(IntEnum):
    """Whether certificates are asked for."""

    CERT_NONE = 0
    CERT_OPTIONAL = 1
    CERT_REQUIRED = 2


class TLSVersion(IntEnum):
    """Versions of the protocol."""

    MINIMUM_SUPPORTED = -2
    SSLv3 = 768
    TLSv1 = 769
    TLSv1_1 = 770
    TLSv1_2 = 771
    TLSv1_3 = 772
    MAXIMUM_SUPPORTED = -1


class Options(IntFlag):
    """Options of a context."""

    OP_ALL = 0x80000050
    OP_NO_SSLv2 = 0
    OP_NO_SSLv3 = 0x2000000
    OP_NO_TICKET = 0x4000
    OP_NO_COMPRESSION = 0x20000
    OP_NO_TLSv1 = 0x4000000
    OP_NO_TLSv1_1 = 0x10000000


class VerifyFlags(IntFlag):
    """What is checked of a certificate."""

    VERIFY_DEFAULT = 0
    VERIFY_CRL_CHECK_LEAF = 0x4
    VERIFY_CRL_CHECK_CHAIN = 0xC
    VERIFY_X509_STRICT = 0x20
    VERIFY_ALLOW_PROXY_CERTS = 0x40
    VERIFY_X509_TRUSTED_FIRST = 0x8000
    VERIFY_X509_PARTIAL_CHAIN = 0x80000


class Purpose(Enum):
    """What a context is for."""

    SERVER_AUTH = "server"
    CLIENT_AUTH = "client"


class SSLContext:
    """Settings, which can be made but not used."""

    def __init__(self, protocol: int = 2) -> None:
        """Make settings for `protocol`."""
        self.protocol = protocol
        self.check_hostname = protocol == 16
        self.verify_mode = VerifyMode.CERT_REQUIRED if protocol == 16 else VerifyMode.CERT_NONE
        self.verify_flags = VerifyFlags.VERIFY_DEFAULT
        self.options = Options.OP_ALL
        self.minimum_version = TLSVersion.MINIMUM_SUPPORTED
        self.maximum_version = TLSVersion.MAXIMUM_SUPPORTED

    def __getattr__(self, name: str) -> Any:
        """Settings that begin so are taken, and mean nothing."""
        if name.startswith(("load_", "set_")):
            return lambda *_, **__: None
        raise AttributeError(name)

    def wrap_socket(self, *_: Any, **__: Any) -> NoReturn:
        """Fail: there is no TLS."""
        raise SSLError(REASON)

    def wrap_bio(self, *_: Any, **__: Any) -> NoReturn:
        """Fail: there is no TLS."""
        raise SSLError(REASON)


class SSLSocket:
    """A connection, of which there are none."""

    def __init__(self, *_: Any, **__: Any) -> None:
        """Fail: there is no TLS."""
        raise SSLError(REASON)


class SSLObject(SSLSocket):
    """A connection over memory, of which there are none."""


class MemoryBIO(SSLSocket):
    """The memory of such a connection."""


def create_default_context(*_: Any, **__: Any) -> SSLContext:
    """Make settings for a client."""
    return SSLContext(16)


def get_server_certificate(*_: Any, **__: Any) -> NoReturn:
    """Fail: there is no TLS."""
    raise SSLError(REASON)


def install() -> None:
    """Make this the module `ssl`."""
    module = ModuleType("ssl", "TLS, which a component does not have.")
    own = globals()
    names = [name for name, value in own.items() if getattr(value, "__module__", "") == __name__]
    vars(module).update({name: own[name] for name in names if name != "install"})
    for kind in (VerifyMode, VerifyFlags, Options):
        vars(module).update(dict(kind.__members__))
    vars(module).update(
        CertificateError=SSLCertVerificationError,
        PROTOCOL_TLS=2,
        PROTOCOL_SSLv23=2,
        PROTOCOL_TLS_CLIENT=16,
        PROTOCOL_TLS_SERVER=17,
        HAS_SNI=False,
        HAS_ALPN=False,
        HAS_TLSv1_3=False,
        HAS_NEVER_CHECK_COMMON_NAME=False,
        OPENSSL_VERSION="none",
        OPENSSL_VERSION_INFO=(0, 0, 0, 0, 0),
        OPENSSL_VERSION_NUMBER=0,
        _create_unverified_context=SSLContext,
        _create_default_https_context=create_default_context,
    )
    sys.modules["ssl"] = module
