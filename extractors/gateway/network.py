"""Which addresses may be dialled: a name is resolved once, all it stands for is judged, and only that is dialled (R46).

Public addresses may be. This machine may be where a URL names it by its own name or number (ADR 7). Addresses within
a practice's own network may be where its registration lists the range; those of no machine in particular never.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from extractors.errors import LinkRefused
from extractors.places import is_this_machine

Address = IPv4Address | IPv6Address
Range = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

_TRANSLATED = ip_network("64:ff9b::/96")
_NOBODYS = (ip_network("192.0.0.0/24"), ip_network("fec0::/10"))
"""Of protocols (RFC 6890) and of sites in a form given up (RFC 3879): metadata of a cloud may answer there."""
_MOST = 4


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of a name as the operating system knows them.

    Raises:
        OSError: it knows none.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Network:
    """Where the gateway may connect to: `ranges` of a practice's own network, besides the public one."""

    ranges: tuple[Range, ...] = ()
    resolve: Resolver = system_resolver

    @classmethod
    def of(cls, ranges: Iterable[str]) -> "Network":
        """With ranges as they are written, such as `10.20.0.0/16`.

        Raises:
            ValueError: one is no range.
        """
        return cls(tuple(ip_network(text) for text in ranges))

    def addresses(self, host: str, port: int) -> tuple[str, ...]:
        """The addresses to dial for a host, in their order.

        Raises:
            LinkRefused: one of them may not be dialled; then none is.
            OSError: it has none.
        """
        found = [_plain(text) for text in self.resolve(host, port)]
        if not found:
            raise OSError("the name has no address")
        if not all(self._may(address, host) for address in found):
            raise LinkRefused(
                "it lies in a private network, which is not asked unless its range is registered. "
                "Register the range if the server is the practice's own (on the command line: --private-range)."
            )
        return tuple(str(address) for address in found[:_MOST])

    def _may(self, address: Address, host: str) -> bool:
        meant = _meant(address)
        if _is_nobodys(meant):
            return False
        if meant.is_loopback:
            return is_this_machine(host)
        registered = any(meant in known for known in self.ranges if known.version == meant.version)
        return registered or (meant.is_global and not meant.is_reserved)


def _is_nobodys(address: Address) -> bool:
    """Whether an address is of no machine in particular; no registration opens it."""
    named = any(address in known for known in _NOBODYS if known.version == address.version)
    return named or address.is_link_local or address.is_multicast or address.is_unspecified


def _plain(text: str) -> Address:
    return ip_address(text.partition("%")[0])


def _meant(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, else the address."""
    if isinstance(address, IPv6Address):
        if address in _TRANSLATED:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return address.ipv4_mapped or address.sixtofour or address
    return address
