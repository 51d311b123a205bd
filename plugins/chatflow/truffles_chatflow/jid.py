"""WhatsApp addresses: one spelling for each customer, and what is no customer at all."""

from __future__ import annotations

import re

CUSTOMER_DOMAIN = "s.whatsapp.net"
_USER = re.compile(r"([0-9]{5,15})(?:[._][0-9]{1,3})?(?::[0-9]{1,5})?")
_LINKED = re.compile(r"([0-9]{5,20})(?:[._][0-9]{1,3})?(?::[0-9]{1,5})?")
_ROOM = re.compile(r"[0-9]{5,25}(?:-[0-9]{1,20})?")
# Within Kazakhstan and Russia people dial 8 where the world dials +7; no country code begins with 87.
_AT_HOME = re.compile(r"^8(7[0-9]{9})$")
_PUNCTUATION = re.compile(r"[\s()+\-.\u00a0]+")
_ANNOUNCER = "0@s.whatsapp.net"
_STATUS = "status@broadcast"
_NO_CUSTOMERS = {"g.us": "group", "broadcast": "broadcast", "newsletter": "broadcast"}


def normalise(raw: str) -> str:
    """`+7 700 000 00 01`, `77000000001@c.us` and `77000000001:12@s.whatsapp.net` are one jid; "" for what is none."""
    user, at, domain = raw.strip().rpartition("@")
    if not at:
        return _customer(_AT_HOME.sub(r"7\1", _PUNCTUATION.sub("", raw)))
    domain = domain.lower()
    if domain in {"c.us", CUSTOMER_DOMAIN}:
        return _ANNOUNCER if user == "0" else _customer(user.removeprefix("+"))
    return _other(user, domain)


def _customer(user: str) -> str:
    found = _USER.fullmatch(user)
    return f"{found[1]}@{CUSTOMER_DOMAIN}" if found else ""


def _other(user: str, domain: str) -> str:
    if domain == "lid":
        found = _LINKED.fullmatch(user)
        return f"{found[1]}@lid" if found else ""
    if f"{user.lower()}@{domain}" == _STATUS:
        return _STATUS
    return f"{user}@{domain}" if domain in _NO_CUSTOMERS and _ROOM.fullmatch(user) else ""


def phone(jid: str) -> str:
    """The digits of a customer's phone; "" where the address hides it."""
    user, _, domain = jid.rpartition("@")
    return user if domain == CUSTOMER_DOMAIN else ""


def is_linked(jid: str) -> bool:
    """An address that hides the phone; the real one often stands beside it."""
    return jid.endswith("@lid")


def address(raw: str) -> tuple[str, str]:
    """What a person or another system wrote → the jid ("" for what is none), and why nobody there is answered."""
    jid = normalise(raw)
    return jid, not_a_customer(jid)


def not_a_customer(jid: str) -> str:
    """Why nobody behind this address is answered: "group", "broadcast", "status"; "" for a customer."""
    if jid in {_STATUS, _ANNOUNCER}:
        return "status"
    return _NO_CUSTOMERS.get(jid.rpartition("@")[2], "")
