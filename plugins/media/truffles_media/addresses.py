"""Which addresses belong to the open Internet: everything else is never connected to.

IPv4 is a list of what is denied, IPv6 a list of what is allowed (2000::/3, the only global unicast space that IANA has
opened) less what is denied inside it. `ipaddress.is_global` alone is not enough: it lets multicast, 6to4, NAT64,
site-local and others through. Source: the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890) and the RFCs
that are named beside each range.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

DENIED_V4: tuple[IPv4Network, ...] = tuple(
    IPv4Network(each)
    for each in (
        "0.0.0.0/8",  # this network, unspecified: RFC 1122
        "10.0.0.0/8",  # private: RFC 1918
        "100.64.0.0/10",  # carrier-grade NAT: RFC 6598
        "127.0.0.0/8",  # loopback: RFC 1122
        "168.63.129.16/32",  # the host of virtual machines in Azure: learn.microsoft.com, "What is IP address 168.63.129.16?"
        "169.254.0.0/16",  # link-local, metadata services of clouds: RFC 3927
        "172.16.0.0/12",  # private: RFC 1918
        "192.0.0.0/24",  # protocol assignments: RFC 6890
        "192.0.2.0/24",  # documentation: RFC 5737
        "192.31.196.0/24",  # AS112: RFC 7535
        "192.52.193.0/24",  # automatic multicast tunnelling: RFC 7450
        "192.88.99.0/24",  # 6to4 relays: RFC 7526
        "192.168.0.0/16",  # private: RFC 1918
        "192.175.48.0/24",  # AS112: RFC 7534
        "198.18.0.0/15",  # benchmarking: RFC 2544
        "198.51.100.0/24",  # documentation: RFC 5737
        "203.0.113.0/24",  # documentation: RFC 5737
        "224.0.0.0/4",  # multicast: RFC 5771
        "240.0.0.0/4",  # reserved, and the limited broadcast: RFC 1112, RFC 919
    )
)
ALLOWED_V6 = IPv6Network("2000::/3")
"""Global unicast: RFC 4291. Outside of it lie loopback, unspecified, mapped (::ffff:0:0/96), IPv4-compatible, NAT64
(64:ff9b::/96 of RFC 6052, 64:ff9b:1::/48 of RFC 8215), discard-only, unique-local, link-local, site-local, multicast."""
DENIED_V6: tuple[IPv6Network, ...] = tuple(
    IPv6Network(each)
    for each in (
        "2001::/23",  # protocol assignments: RFC 2928; Teredo (RFC 4380), benchmarking (RFC 5180), ORCHID (RFC 7343)
        "2001:db8::/32",  # documentation: RFC 3849
        "2002::/16",  # 6to4, holds an IPv4 address: RFC 3056
        "2620:4f:8000::/48",  # AS112: RFC 7534
        "3ffe::/16",  # the former 6bone: RFC 3701
        "3fff::/20",  # documentation: RFC 9637
    )
)
ISATAP, ISATAP_MASK = 0x00005EFE, 0xFDFFFFFF
"""An interface identifier that holds an IPv4 address; the universal/local bit may be either: RFC 5214, section 6.1."""


def is_public(address: Address) -> bool:
    """May this address be connected to?"""
    if isinstance(address, IPv4Address):
        return not _within(address, DENIED_V4)
    if address.scope_id is not None or address not in ALLOWED_V6:
        return False
    return not _within(address, DENIED_V6) and not _is_isatap(address)


def _within(address: Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)


def _is_isatap(address: IPv6Address) -> bool:
    return (int(address) >> 32) & ISATAP_MASK == ISATAP
