"""The number of a customer who shares their own contact. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from truffles_telegram.fields import integer, mapping, text

_NUMBER = re.compile(r"\+?[\d\s()-]{5,30}", re.ASCII)
_FEWEST, _MOST = 7, 15  # E.164


def own_phone(message: Mapping[str, object]) -> str:
    """Digits only; "" where the contact is somebody else's: Telegram says whose account it belongs to."""
    contact, sender = mapping(message.get("contact")), integer(mapping(message.get("from")).get("id"))
    number = text(contact.get("phone_number")).strip()
    if sender is None or integer(contact.get("user_id")) != sender or not _NUMBER.fullmatch(number):
        return ""
    found = re.sub(r"\D", "", number)
    return found if _FEWEST <= len(found) <= _MOST else ""
