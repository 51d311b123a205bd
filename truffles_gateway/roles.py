"""Who somebody is on the tenant's side: by the identities of its config, at a branch or everywhere. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from truffles_gateway.messages import Person
from truffles_gateway.records import Conversation
from truffles_gateway.tenant_config import Agent, Identity, digits
from truffles_gateway.tenants import Tenant

PHONE = "phone"
"""The id of the owner who answers from the business's own phone."""
USERNAME = "username"
"""The conversation's word for the customer's user name, where their channel knows such names."""


def role_of(tenant: Tenant, person: Person, branch: str = "") -> str:
    """The role that this tenant gives to a person at `branch` ("" is the business as a whole), "" if it does not know them
    there. Who belongs to one branch is nobody elsewhere. Ids come before names: they never change hands."""
    known = [(each, agent.role) for agent, each in identities(tenant, person.channel) if agent.branch in ("", branch)]
    named = username(person.username)
    by_id = (role for each, role in known if each.id and each.id == person.id)
    by_name = (role for each, role in known if each.username and username(each.username) == named)
    oldest = "owner" if person.id in {PHONE, tenant.older_owner or PHONE} else ""
    return next(by_id, "") or next(by_name, "") or oldest


def role_by_id(tenant: Tenant, person: Person, branch_id: str) -> str:
    """The same at the branch with this id, as rows have it."""
    branch = tenant.branch_with_id(branch_id)
    return role_of(tenant, person, branch.slug if branch else "")


def branch_of(tenant: Tenant, conversation: Conversation | None) -> str:
    """The slug of a conversation's branch, "" if it has none."""
    found = tenant.branch_with_id(conversation.branch_id) if conversation else None
    return found.slug if found else ""


def is_agent(tenant: Tenant, conversation: Conversation) -> bool:
    """Is it somebody of the business who uses a customers' channel, whatever their branch? Numbers count in any spelling,
    user names where the channel told one."""
    names = {username(str(conversation.context.get(USERNAME) or ""))} - {""}
    address, phone = conversation.address, digits(conversation.phone or conversation.address.partition("@")[0])
    return any(each.phone == phone for each in tenant.config.agents) or any(
        username(each.username) in names
        or each.id in {address, address.partition("@")[0]} - {""}
        or _number(each) == phone
        for _, each in identities(tenant, conversation.channel)
    )


def identities(tenant: Tenant, channel: str) -> Iterator[tuple[Agent, Identity]]:
    """By what a channel knows the people of the config, in its order."""
    return ((agent, each) for agent in tenant.config.agents for each in agent.identities if each.channel == channel)


def _number(identity: Identity) -> str | None:
    """The number of an identity that is one."""
    return digits(identity.id.partition("@")[0]) or None


def username(name: str) -> str:
    """A user name in one spelling."""
    return name.lower().lstrip("@")
