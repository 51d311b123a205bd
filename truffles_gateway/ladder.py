"""What happens while a customer waits, and when nobody comes: reminders, from whoever led the conversation to everybody and
to the owner, an honest line to the customer, and the ways in which a handover ends by itself.

Each function is a scene: it fills the commit of a job whose time has come.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from truffles_gateway import compose, csat, handoff, mentions, promises, voice
from truffles_gateway.mentions import Whom
from truffles_gateway.messages import State
from truffles_gateway.records import Commit, Conversation, Job
from truffles_gateway.tenants import Tenant

TOLD_UNHEARD = "told_unheard"


@dataclass(slots=True)
class Scene:
    """A job with the conversation it is about and the commit it fills."""

    job: Job
    tenant: Tenant
    made: Commit
    conversation: Conversation

    @property
    def about_open_handover(self) -> bool:
        """Is the handover that the timer was set for still the open one?"""
        return bool(self.conversation.handover_id) and self.conversation.handover_id == self.job.payload["handover_id"]

    @property
    def waits(self) -> bool:
        """Does the customer still wait for somebody to take it?"""
        return self.about_open_handover and self.conversation.state is State.PENDING

    @property
    def since(self) -> datetime:
        """When the timer was set."""
        return datetime.fromisoformat(self.job.payload["since"])

    @property
    def is_unanswered(self) -> bool:
        """Has no human said a word since the timer was set?"""
        manager = self.conversation.last_manager_at
        return self.about_open_handover and (manager is None or manager <= self.since)

    @property
    def language(self) -> str:
        """The customer's language."""
        return str(self.conversation.context.get("language") or self.tenant.config.languages[0])

    def text(self, key: str, **values: object) -> str:
        """A text for the desk, in the tenant's first language, with who waits and for how long."""
        since = self.conversation.handover_since
        facts = {
            "customer": self.conversation.name or self.conversation.phone or self.conversation.address,
            "question": self.conversation.handover_question,
            "minutes": int((self.made.now - since).total_seconds() // 60) if since else 0,
        }
        return self.tenant.texts.get(key, self.tenant.config.languages[0], **(facts | values))

    def remind(self, key: str, whom: Whom | None = None, **values: object) -> None:
        """A line to the desks that names whom it is for."""
        text = self.text(key, name=whom.name if whom else "", **values)
        compose.remind_desks(self.made, self.tenant, text, whom)

    def after(self, minutes: float, start: datetime | None = None) -> datetime:
        """So many minutes of desk hours from now, or from `start`."""
        rules, zone = self.tenant.config.desk, self.tenant.config.timezone
        return handoff.desk_time(start or self.made.now, minutes, rules, zone)

    def end(self, event: handoff.Event, why: str) -> None:
        """Close the handover because its time is over."""
        handoff.apply(self.made, event, actor="timer", why=why)


def remind(scene: Scene) -> None:
    """Nobody has taken the handover yet: whoever led the conversation before hears of it first, else everybody."""
    if scene.waits:
        scene.remind("reminder_manager", mentions.leader(scene.conversation, scene.tenant))


def remind_all(scene: Scene) -> None:
    """Whoever led the conversation before did not come: everybody is asked. Where nobody did, everybody has been."""
    if scene.waits and mentions.leader(scene.conversation, scene.tenant):
        scene.remind("reminder_manager")


def remind_owner(scene: Scene) -> None:
    """Still nobody: the owner is named. What never times out has one more step after this one."""
    if not scene.waits:
        return
    scene.remind("reminder_owner", mentions.owner(scene.conversation, scene.tenant))
    if not handoff.times_out(scene.conversation):
        handoff.plan(scene.made, "handover.unheard", scene.after(scene.tenant.config.desk.owner_minutes))


def admit(scene: Scene) -> None:
    """Not even the owner came for what never times out: the customer is told so, once, and what they may expect."""
    about = scene.conversation
    if not scene.waits or about.context.get(TOLD_UNHEARD) == about.handover_id:
        return
    if (morning := scene.after(0)) > scene.made.now:  # the gateway was down when it was due, and now it is night
        handoff.plan(scene.made, "handover.unheard", morning)
        return
    due = promises.until(scene.made.now, scene.tenant)
    when = promises.spoken(due, scene.made.now, scene.tenant, scene.language)
    if compose.tell_customer(scene.made, scene.tenant, "still_waiting", when=when):
        scene.made.touch(context={**about.context, TOLD_UNHEARD: about.handover_id})
        promises.keep(scene.made, due)


def ask_for_mark(scene: Scene) -> None:
    """A human has resolved it: the customer is asked how they liked it, if asking is still right."""
    handover = scene.job.payload["handover_id"]
    if not csat.is_open(scene.made, scene.tenant, scene.since):
        return
    if (morning := scene.after(0)) > scene.made.now:  # the gateway was down when it was due, and now it is night
        csat.put_off(scene.made, handover, morning)
    elif compose.tell_customer(scene.made, scene.tenant, "csat_question"):
        csat.asked(scene.made, scene.tenant, handover)


def look_at_promise(scene: Scene) -> None:
    """The promised time has come. If no human has said a word since, the customer is told honestly, and the owner again."""
    due = promises.promised(scene.conversation)
    if due is None or not scene.about_open_handover:
        return
    promises.forget(scene.made)
    if scene.is_unanswered:
        when = promises.spoken(due, scene.made.now, scene.tenant, scene.language)
        compose.tell_customer(scene.made, scene.tenant, "promise_broken", when=when)
        scene.remind("reminder_promise", mentions.owner(scene.conversation, scene.tenant), when=_at_desk(scene, due))


def _at_desk(scene: Scene, due: datetime) -> str:
    return promises.spoken(due, scene.made.now, scene.tenant, scene.tenant.config.languages[0])


def time_out(scene: Scene) -> None:
    """Nobody came: customer and desk are told, the bot goes on. Where something was said meanwhile that is never given up,
    the customer is told honestly instead."""
    if scene.waits and not handoff.times_out(scene.conversation):
        admit(scene)
    elif scene.waits and voice.hushed(scene.tenant, scene.conversation, scene.made.now):
        # the bot may not tell the customer that nobody came, and would not answer afterwards: people keep it
        handoff.plan(scene.made, "handover.timeout", scene.after(scene.tenant.config.desk.timeout_minutes))
    elif scene.waits:
        scene.remind("desk_timed_out")
        scene.end(handoff.Event.TIME_OUT, "nobody took it in time")
        compose.tell_customer(scene.made, scene.tenant, "handover_timed_out")


def nudge(scene: Scene) -> None:
    """The customer waits for the manager who has the conversation."""
    if scene.is_unanswered and scene.conversation.state is State.MANAGER_ACTIVE:
        minutes = int((scene.made.now - scene.since).total_seconds() // 60)
        scene.remind("nudge", mentions.leader(scene.conversation, scene.tenant), minutes=minutes)


def take_back(scene: Scene) -> None:
    """The manager does not answer: the handover is open for everybody again."""
    if scene.is_unanswered and scene.conversation.state is State.MANAGER_ACTIVE:
        scene.end(handoff.Event.UNANSWERED, "the manager did not answer")
        scene.remind("reminder_manager")


def idle(scene: Scene) -> None:
    """Neither side wrote for hours: the bot takes over, and whoever asked for a human is told; otherwise look again later."""
    about = scene.conversation
    if not scene.about_open_handover or about.state is not State.MANAGER_ACTIVE:
        return
    spoken = [at for at in (about.last_customer_at, about.last_manager_at) if at]
    due = scene.after(scene.tenant.config.desk.idle_hours * 60, max(spoken, default=scene.since))
    if due > scene.made.now:
        handoff.plan(scene.made, "manager.idle", due)
        return
    scene.end(handoff.Event.IDLE, "neither side wrote")
    scene.remind("desk_returned")
    if not handoff.on_phone(about) and about.context.get(handoff.UNASKED) != about.handover_id:
        compose.tell_customer(scene.made, scene.tenant, "handover_returned")


def put_phone_down(scene: Scene) -> None:
    """The owner wrote nothing more from the phone: the bot answers again. The customer called nobody, and is told nothing;
    the desk is, also when their last words were left without an answer."""
    about = scene.conversation
    if not scene.about_open_handover or not handoff.on_phone(about):
        return
    customer, manager = about.last_customer_at, about.last_manager_at
    unanswered = customer is not None and manager is not None and customer > manager
    scene.remind("desk_phone_over", unanswered=unanswered)
    scene.end(handoff.Event.IDLE, "nothing more came from the phone")


SCENES: Mapping[str, Callable[[Scene], None]] = {
    "handover.remind": remind,
    "handover.all": remind_all,
    "handover.owner": remind_owner,
    "handover.unheard": admit,
    "handover.timeout": time_out,
    promises.DUE: look_at_promise,
    "manager.nudge": nudge,
    "manager.back": take_back,
    "manager.idle": idle,
    "manager.phone": put_phone_down,
    csat.KIND: ask_for_mark,
}
