"""Who acts at the desk, and what a line of the catalogue says to them."""

from __future__ import annotations

from truffles_gateway import roles
from truffles_gateway.drafts import key_of as _key
from truffles_gateway.drafts import name_of as _name
from truffles_gateway.handoff import HOLDER, HOLDER_NAME
from truffles_gateway.messages import InboundEvent, Person, State
from truffles_gateway.records import Commit
from truffles_gateway.tenants import Tenant


def person_of(event: InboundEvent, tenant: Tenant) -> Person:
    """Who acts; an echo is the owner at the phone."""
    return event.person or Person(channel=event.channel, id=roles.PHONE, name=text_of(tenant, "owner_on_phone"))


def role_here(made: Commit, tenant: Tenant, person: Person) -> str:
    """The role of a person where this conversation belongs."""
    return roles.role_of(tenant, person, roles.branch_of(tenant, made.after))


def who(made: Commit, event: InboundEvent, tenant: Tenant) -> tuple[Person, str]:
    """Who acts, and the role that this tenant gives them."""
    person = person_of(event, tenant)
    return person, role_here(made, tenant, person)


def hold(made: Commit, person: Person) -> None:
    """Whoever took the conversation, or wrote in it last, leads it."""
    assert made.after is not None
    if made.after.state is State.MANAGER_ACTIVE:
        made.touch(context={**made.after.context, HOLDER: _key(person), HOLDER_NAME: _name(person)})


def origin(event: InboundEvent, tenant: Tenant) -> dict[str, str]:
    """Where a manager wrote these words: there it is shown whether they arrived, and what is said if they did not."""
    if not event.ref:
        return {}
    failed = text_of(tenant, "not_delivered_line")
    return {"desk": event.channel, "thread": event.thread, "ref": event.ref, "failed": failed}


def text_of(tenant: Tenant, key: str, **values: object) -> str:
    return tenant.texts.get(key, tenant.config.languages[0], **values)
