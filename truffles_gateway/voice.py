"""May the bot speak to this customer now? The one rule that every line of the bot's obeys, whoever wants it said."""

from __future__ import annotations

from datetime import datetime

from truffles_gateway import overrides, roles
from truffles_gateway.records import Conversation
from truffles_gateway.tenant_config import digits
from truffles_gateway.tenants import Tenant

SUSPENDED, OFF, NOT_SERVED, SHADOW = "suspended", "mode off", "not in only_numbers", "shadow"
APPROVE = "approve"
PAUSED, LEFT_ALONE = "paused", "do-not-answer"
DO_NOT_ANSWER = "do_not_answer"
"""The conversation's word for a contact whom the bot leaves alone, and who said so."""


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


def hushed(tenant: Tenant, conversation: Conversation, now: datetime) -> str:
    """Why the bot says nothing here for now although its mode lets it, "" if it may speak: this contact is left alone, or
    the owner paused the bot. The desk goes on as ever, and reads along."""
    if conversation.context.get(DO_NOT_ANSWER) or roles.is_agent(tenant, conversation):
        return LEFT_ALONE
    paused = overrides.pause(tenant.overrides, now, roles.branch_of(tenant, conversation))
    return PAUSED if paused else ""


def number(conversation: Conversation) -> str:
    """The customer's number, as `only_numbers` writes it; where the channel tells none, the address's own digits."""
    return digits(conversation.phone or conversation.address.partition("@")[0])
