"""Which addresses of the internet are everybody's, so that no name can lead us into a network of our own."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# RFC 6052: how a network that has IPv6 alone writes the addresses of IPv4.
_NAT64 = ip_network("64:ff9b::/96")


def _is_open(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not address.is_multicast


def is_public(text: str) -> bool:
    """Tell whether `text` is an address that anybody on the internet can reach, and that hides no other one in it."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv4Address):
        return _is_open(address)
    if address.ipv4_mapped is not None:
        return _is_open(address.ipv4_mapped)
    if address in _NAT64:
        return _is_open(IPv4Address(int(address) & 0xFFFFFFFF))
    return _is_open(address) and address.sixtofour is None and address.teredo is None
