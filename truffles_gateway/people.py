"""What a desk calls the people who work there: by the config's names, else by those that they go by on the channel. Pure.

A name gives nobody a right (`roles.py`): it is for show, and it changes when its bearer wants it to.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection

from truffles_gateway import roles
from truffles_gateway.messages import Person
from truffles_gateway.plain import letters
from truffles_gateway.tenant_config import Agent
from truffles_gateway.tenants import Tenant

LONGEST = 64
_JOINER = "\u200d"  # within an emoji of several it is no mark of direction
_UNSEEN, _BLANK = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}), frozenset("\u115f\u1160\u2800\u3164\uffa0")


def plain(name: str) -> str:
    """A name in one line: without what nobody sees or what would turn the writing direction of what follows, and not longer
    than anybody reads."""
    seen = "".join(each if _is_seen(each) else " " for each in name)
    line = " ".join(seen.split()).strip(_JOINER)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip().rstrip(_JOINER)}…"


def agent_of(tenant: Tenant, person: Person) -> Agent | None:
    """The agent whom the config lists under this id, else under this user name, at whatever branch."""
    here, username = list(roles.identities(tenant, person.channel)), roles.username(person.username)
    by_id = (agent for agent, each in here if each.id and each.id == person.id)
    by_name = (agent for agent, each in here if each.username and roles.username(each.username) == username)
    return next(by_id, None) or next(by_name, None)


def name_of(tenant: Tenant, person: Person, namesakes: Collection[str] = ()) -> str:
    """How the desk names somebody. Whoever the config does not list is told apart from `namesakes`, and from those whom it
    lists, by user name or id."""
    if agent := agent_of(tenant, person):
        return plain(agent.name) or agent.name
    name, handle = plain(person.name), f"@{_handle(person)}" if _handle(person) else person.id
    if not name:
        return handle
    taken = {_seen(each) for each in (*namesakes, *(agent.name for agent in tenant.config.agents))}
    return f"{name} ({handle})" if handle and _seen(name) in taken else name


def _seen(name: str) -> str:
    """A name as the eye tells it from others: letters of another script that look the same, and what is not seen at all,
    make no other name."""
    return letters(plain(name)).casefold()


def _is_seen(letter: str) -> bool:
    return letter == _JOINER or (unicodedata.category(letter) not in _UNSEEN and letter not in _BLANK)


def _handle(person: Person) -> str:
    return plain(person.username.lstrip("@"))
