"""Whom a reminder is for: their name, and how each desk would point at them."""

from __future__ import annotations

from dataclasses import dataclass

from truffles_gateway import people
from truffles_gateway.handoff import HOLDER, HOLDER_NAME, PHONE
from truffles_gateway.messages import Person
from truffles_gateway.records import Conversation
from truffles_gateway.tenant_config import Identity
from truffles_gateway.tenants import Tenant


@dataclass(frozen=True, slots=True)
class Whom:
    """Somebody on the tenant's side; `id` counts at every desk that lists no other."""

    name: str
    identities: tuple[Identity, ...] = ()
    id: str = ""

    def data(self, channel: str) -> dict[str, str]:
        """What a desk needs to point at them in a text that holds their name."""
        known = [each for each in self.identities if each.channel == channel]
        own = next((each.id for each in known if each.id), self.id)
        username = next((each.username for each in known if each.username), "")
        facts = {"mention": self.name, "mention_id": own, "mention_username": username.lstrip("@")}
        return {key: value for key, value in facts.items() if value}


def leader(conversation: Conversation, tenant: Tenant) -> Whom | None:
    """Whoever leads the conversation or led it last; None where nobody did, or the owner from the phone, who has no desk
    there."""
    name = str(conversation.context.get(HOLDER_NAME) or "")
    channel, _, id = str(conversation.context.get(HOLDER) or "").partition(":")
    if not name or not id or id == PHONE:
        return None
    agent = people.agent_of(tenant, Person(channel=channel, id=id))
    return Whom(name, (Identity(channel=channel, id=id), *(agent.identities if agent else ())))


def owner(conversation: Conversation, tenant: Tenant) -> Whom | None:
    """The owner of the conversation's branch, else of the business; older deployments know only an id."""
    branch = tenant.branch_with_id(conversation.branch_id)
    here = branch.slug if branch else ""
    owners = [each for each in tenant.config.agents if each.role == "owner" and each.branch in ("", here)]
    for found in sorted(owners, key=lambda each: each.branch != here):  # who owns another branch is nobody here
        return Whom(found.name, found.identities)
    if not tenant.older_owner:
        return None
    return Whom(tenant.texts.get("owner_title", tenant.config.languages[0]), id=tenant.older_owner)
