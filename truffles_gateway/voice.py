"""May the bot speak to this customer now? The one rule that every line of the bot's obeys, whoever wants it said."""

from __future__ import annotations

from truffles_gateway.records import Conversation
from truffles_gateway.tenant_config import digits
from truffles_gateway.tenants import Tenant

SUSPENDED, OFF, NOT_SERVED, SHADOW = "suspended", "mode off", "not in only_numbers", "shadow"


def silence(tenant: Tenant, conversation: Conversation) -> str:
    """Why the bot is silent here, "" if it may speak: only in mode `auto` of an active tenant, to those it serves."""
    if tenant.suspended:
        return SUSPENDED
    branch = tenant.branch_with_id(conversation.branch_id)
    mode = tenant.mode(branch.slug if branch else "")
    if mode == "off":
        return OFF
    only = tenant.config.only_numbers
    if only and number(conversation) not in only:
        return NOT_SERVED
    return "" if mode == "auto" else SHADOW


def number(conversation: Conversation) -> str:
    """The customer's number, as `only_numbers` writes it; where the channel tells none, the address's own digits."""
    return digits(conversation.phone or conversation.address.partition("@")[0])
