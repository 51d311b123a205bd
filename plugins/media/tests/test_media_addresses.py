"""Which addresses may be connected to: a table of every special range, and properties over all addresses."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from truffles_media.addresses import is_public

DENIED = {
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "private 10": "10.0.0.1",
    "carrier-grade NAT": "100.64.0.1",
    "carrier-grade NAT, last": "100.127.255.255",
    "loopback": "127.0.0.1",
    "loopback, other": "127.255.255.254",
    "host service of Azure": "168.63.129.16",
    "link-local, cloud metadata": "169.254.169.254",
    "private 172": "172.16.0.1",
    "private 172, last": "172.31.255.255",
    "protocol assignments": "192.0.0.1",
    "NAT64 discovery": "192.0.0.170",
    "documentation 1": "192.0.2.1",
    "AS112": "192.31.196.1",
    "AMT": "192.52.193.1",
    "6to4 relay": "192.88.99.1",
    "private 192": "192.168.1.1",
    "direct AS112": "192.175.48.1",
    "benchmarking": "198.18.0.1",
    "benchmarking, last": "198.19.255.255",
    "documentation 2": "198.51.100.1",
    "documentation 3": "203.0.113.1",
    "multicast": "224.0.0.1",
    "multicast, global scope": "233.252.0.1",
    "multicast, last": "239.255.255.255",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "v6 unspecified": "::",
    "v6 loopback": "::1",
    "v6 mapped loopback": "::ffff:127.0.0.1",
    "v6 mapped public": "::ffff:8.8.8.8",
    "v6 translated": "::ffff:0:8.8.8.8",
    "v6 compatible": "::8.8.8.8",
    "v6 NAT64": "64:ff9b::10.0.0.1",
    "v6 NAT64 of a public address": "64:ff9b::8.8.8.8",
    "v6 NAT64, local": "64:ff9b:1::1",
    "v6 discard": "100::1",
    "v6 dummy prefix": "100:0:0:1::1",
    "v6 Teredo": "2001::1",
    "v6 benchmarking": "2001:2::1",
    "v6 ORCHID": "2001:10::1",
    "v6 ORCHIDv2": "2001:20::1",
    "v6 drone remote id": "2001:30::1",
    "v6 documentation": "2001:db8::1",
    "v6 6to4": "2002:0a00:0001::1",
    "v6 6to4 of a public address": "2002:808:808::1",
    "v6 AS112": "2620:4f:8000::1",
    "v6 6bone": "3ffe::1",
    "v6 documentation, new": "3fff::1",
    "v6 unassigned": "4000::1",
    "v6 segment routing": "5f00::1",
    "v6 unique-local": "fd00::1",
    "v6 link-local": "fe80::1",
    "v6 link-local with zone": "fe80::1%eth0",
    "v6 public with zone": "2606:4700::1111%eth0",
    "v6 site-local": "fec0::1",
    "v6 multicast": "ff02::1",
    "v6 multicast, global scope": "ff0e::1",
    "v6 ISATAP": "2606:4700::5efe:10.0.0.1",
    "v6 ISATAP, global": "2606:4700::200:5efe:10.0.0.1",
}
PUBLIC = ("8.8.8.8", "1.1.1.1", "91.195.1.1", "100.63.255.255", "172.32.0.1", "192.0.1.1", "198.20.0.1", "223.255.255.254",
          "2606:4700::1111", "2a00:1450:4010::8b", "2001:4860:4860::8888", "2400:cb00::1")  # fmt: skip


@pytest.mark.parametrize("address", DENIED.values(), ids=DENIED)
def test_what_is_special_is_denied(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses())
def test_nothing_passes_that_the_standard_library_knows_as_special(address: IPv4Address | IPv6Address) -> None:
    if is_public(address):
        assert address.is_global
        special = (address.is_private, address.is_loopback, address.is_link_local, address.is_multicast,
                   address.is_unspecified, address.is_reserved)  # fmt: skip
        assert not any(special)


@given(st.ip_addresses(v=4))
def test_no_address_hides_another_inside(inner: IPv4Address) -> None:
    number = int(inner)
    hidden = {
        "mapped": 0xFFFF << 32 | number,
        "compatible": number,
        "translated": 0xFFFF << 48 | number,
        "NAT64": 0x64FF9B << 96 | number,
        "6to4": 0x2002 << 112 | number << 80 | 1,
        "Teredo": 0x20010000 << 96 | number << 64,
        "Teredo, obfuscated client": 0x20010000 << 96 | number ^ 0xFFFFFFFF,
        "ISATAP": 0x26064700 << 96 | 0x5EFE << 32 | number,
    }
    assert not [name for name, value in hidden.items() if is_public(IPv6Address(value))]


@given(
    st.ip_addresses(network="10.0.0.0/8") | st.ip_addresses(network="fc00::/7") | st.ip_addresses(network="fe80::/10")
)
def test_nothing_of_a_local_network_passes(address: IPv4Address | IPv6Address) -> None:
    assert not is_public(address)


SPECIAL_V4 = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "168.63.129.16/32",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/4",
    "240.0.0.0/4",
]
"""IANA IPv4 Special-Purpose Address Registry and Multicast Address Space, written down here once more."""
SPECIAL_V6 = [
    "::/3",
    "2001::/23",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3ffe::/16",
    "3fff::/20",
    "4000::/2",
    "8000::/1",
]
"""IANA IPv6 Special-Purpose Address Registry, and what the registry of the address space does not call global unicast."""
SPECIAL = tuple(ip_network(each) for each in (*SPECIAL_V4, *SPECIAL_V6))


def is_special(address: IPv4Address | IPv6Address) -> bool:
    """By the registries; addresses that hold another address in their last 64 bits are told elsewhere."""
    return any(address in network for network in SPECIAL if network.version == address.version)


def holds_another(address: IPv4Address | IPv6Address) -> bool:
    """ISATAP, of which one in two thousand million addresses has the look."""
    return address.version == 6 and address.packed[8:12] in {b"\0\0\x5e\xfe", b"\2\0\x5e\xfe"}


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6) | st.ip_addresses(network="2000::/3"))
def test_what_the_registries_do_not_name_is_public_and_what_they_name_is_not(
    address: IPv4Address | IPv6Address,
) -> None:
    assert is_public(address) is not (is_special(address) or holds_another(address))


@pytest.mark.parametrize("network", SPECIAL, ids=str)
def test_the_neighbours_of_each_special_range_are_as_the_registries_say(network: IPv4Network | IPv6Network) -> None:
    first, last, kind = int(network[0]), int(network[-1]), type(network[0])
    for number in (first - 1, first, (first + last) // 2, last, last + 1):
        if 0 <= number < 2**network.max_prefixlen:
            address = kind(number)
            assert is_public(address) is not is_special(address)
