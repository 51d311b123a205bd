"""May the bot speak to this customer now? The one rule that every line of the bot's obeys, whoever wants it said."""

from __future__ import annotations

from truffles_gateway.records import Conversation
from truffles_gateway.tenant_config import digits
from truffles_gateway.tenants import Tenant

SUSPENDED, OFF, NOT_SERVED, SHADOW = "suspended", "mode off", "not in only_numbers", "shadow"
APPROVE = "approve"


def silence(tenant: Tenant, conversation: Conversation) -> str:
    """Why the bot is silent here, "" if it may speak: only in the modes `auto` and `approve` of an active tenant, to
    those it serves. In `approve` its answers wait for a person; lines about the service do not."""
    if tenant.suspended:
        return SUSPENDED
    mode = _mode(tenant, conversation)
    if mode == "off":
        return OFF
    only = tenant.config.only_numbers
    if only and number(conversation) not in only:
        return NOT_SERVED
    return "" if mode in {"auto", APPROVE} else SHADOW


def asks_first(tenant: Tenant, conversation: Conversation) -> bool:
    """Does a person let each answer go here?"""
    return not silence(tenant, conversation) and _mode(tenant, conversation) == APPROVE


def _mode(tenant: Tenant, conversation: Conversation) -> str:
    branch = tenant.branch_with_id(conversation.branch_id)
    return tenant.mode(branch.slug if branch else "")


def number(conversation: Conversation) -> str:
    """The customer's number, as `only_numbers` writes it; where the channel tells none, the address's own digits."""
    return digits(conversation.phone or conversation.address.partition("@")[0])
