"""`wasgi:gateway/types`."""

from dataclasses import dataclass


@dataclass
class Peer:
    address: str
    port: int


@dataclass
class TlsSession:
    version: str
    cipher: str
    client_certificate: bytes | None


@dataclass
class Environ:
    request_method: str
    url_scheme: str
    server_name: str
    server_port: int
    script_name: str
    path_info: str
    query_string: str | None
    server_protocol: str
    remote: Peer | None
    tls: TlsSession | None
    request_id: str
    route_parameters: list[tuple[str, str]]
    headers: list[tuple[str, bytes]]


@dataclass
class InputError_TooLarge:
    pass


@dataclass
class InputError_TimedOut:
    pass


@dataclass
class InputError_Closed:
    pass


@dataclass
class InputError_Other:
    value: str


InputError = InputError_TooLarge | InputError_TimedOut | InputError_Closed | InputError_Other


class Input:
    def read(self, max: int) -> bytes:
        raise NotImplementedError

    def trailers(self) -> list[tuple[str, bytes]]:
        raise NotImplementedError
