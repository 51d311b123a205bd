"""Durable jobs and timers: what a row of `jobs` does when its time has come. Each runs once, whoever crashes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from truffles_gateway import (
    amending,
    booking,
    branching,
    calls,
    compose,
    drafts,
    fetching,
    handoff,
    ladder,
    lately,
    lessons,
    own_facts,
    roles,
)
from truffles_gateway.calls import FaultSink
from truffles_gateway.clock import Clock
from truffles_gateway.errors import LeaseLost, PluginError, StateChanged, TrufflesError
from truffles_gateway.failpoints import reach
from truffles_gateway.ladder import Scene
from truffles_gateway.messages import (
    HandoverCard,
    ManagerReply,
    Person,
    State,
    Trigger,
    Turn,
)
from truffles_gateway.observability import logger
from truffles_gateway.records import Commit, Job, NewHandover
from truffles_gateway.store import events, jobs, lanes
from truffles_gateway.store.codec import outgoing_to_json
from truffles_gateway.store.commit import commit
from truffles_gateway.store.database import Database
from truffles_gateway.tenants import Tenant

log = logger("jobs")


class JobFailed(TrufflesError):
    """A job did not get its work done and shall be tried again."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Runs claimed jobs of any tenant."""

    database: Database
    clock: Clock
    faults: FaultSink

    async def handle(self, job: Job, tenant: Tenant) -> None:
        """Run one job; what fails is put off, longer each time, and becomes a dead letter in the end."""
        try:
            reach("job.before")
            await self._run(job, tenant)
            reach("job.after")
        except LeaseLost as lost:
            log.warning("job lost to another worker", job=job.kind, problem=str(lost))
        except Exception as problem:
            log.exception("job failed", job=job.kind, attempt=job.attempts + 1)
            error = f"{type(problem).__name__}: {problem}"
            if not await jobs.retry_later(self.database, job, self.clock.now(), error):
                log.error("job is dead", job=job.kind, key=job.key)  # noqa: TRY400 - its traceback was logged above

    async def _run(self, job: Job, tenant: Tenant) -> None:
        if job.kind == "alarm":
            await self._alarm(job, tenant)
        elif job.kind == "manager_reply":
            await self._manager_reply(job, tenant)
        elif job.kind == "learned":
            await self._learned(job, tenant)
        elif job.kind == own_facts.KIND:
            await own_facts.run(self.database, job, tenant, self.clock)
        elif job.kind == fetching.FOLLOWING:
            await fetching.bring(self.database, job, tenant, self.clock)
        elif job.kind in SCENES or job.kind in ladder.SCENES:
            await self._scene(job, tenant)
        else:
            raise JobFailed(f"nobody knows jobs of kind {job.kind!r}")

    async def _alarm(self, job: Job, tenant: Tenant) -> None:
        """Tell the owner. Who raised it wrote the text, or named one of the catalogue because a statement raised it."""
        about = job.payload
        cause, text = about["cause"], about.get("text", "")
        if "key" in about:
            text = tenant.texts.get(about["key"], tenant.config.languages[0], **about["values"])
        branch = await self._branch_of(job, tenant)
        cause = f"{cause} ({branch})" if branch else cause  # told at one desk, it is still news at another
        rows = [(each.channel, outgoing_to_json(each)) for each in compose.alarm_rows(tenant, text, branch)]
        once = tenant.config.alarms.once_minutes
        if await events.raise_alarm(self.database, job, cause, text, rows, self.clock.now(), once):
            log.error("alarm", cause=cause, text=text)

    async def _branch_of(self, job: Job, tenant: Tenant) -> str:
        """The branch that an alarm concerns: of the conversation it is about, else of the number."""
        if not tenant.config.branches:
            return ""
        id = job.conversation_id
        about = await lanes.find_conversation(self.database, tenant.id, id=id) if id else None
        found = branching.of_number(tenant, str(job.payload.get("instance") or ""))
        return roles.branch_of(tenant, about) or (found.slug if found else "")

    async def _manager_reply(self, job: Job, tenant: Tenant) -> None:
        """Let one plugin observe a manager's reply; the words themselves were committed long before."""
        about = job.payload
        reply = ManagerReply(
            id=about["message_id"],
            tenant=tenant.slug,
            handover_id=about["handover_id"],
            conversation_id=job.conversation_id,
            question=about["question"],
            text=about["text"],
            person=Person(**about["person"]),
            role=about["role"],
            at=job.run_at,
            correlation_id=job.correlation_id,
            earlier=tuple(about.get("earlier", ())),
            unasked=about.get("unasked", False),
            asked_again=about.get("asked_again", False),
            with_file=about.get("with_file", False),
            amends=about.get("amends", ""),
        )
        try:
            result = await calls.owner(tenant.hooks, "on_manager_reply", about["plugin"], self.faults, reply=reply)
        except PluginError:
            await jobs.finish(self.database, job, self.clock.now(), status="cancelled", error="plugin is gone")
            return
        if result.faults:
            raise JobFailed(result.faults[0].error)
        await jobs.finish(self.database, job, self.clock.now())

    async def _learned(self, job: Job, tenant: Tenant) -> None:
        """Make the knowledge follow what was decided about a learned answer."""
        await lessons.follow(self.database, tenant, job.payload["learned_id"], self.clock)
        await jobs.finish(self.database, job, self.clock.now())

    async def _scene(self, job: Job, tenant: Tenant) -> None:
        """A job about a conversation: read it, play the scene, commit; again if somebody changed it meanwhile."""
        for _ in range(5):
            found = await lanes.find_conversation(self.database, tenant.id, id=job.conversation_id)
            if found is None:
                await jobs.finish(self.database, job, self.clock.now(), status="cancelled", error="no conversation")
                return
            now = self.clock.now()
            made = Commit(
                client_id=tenant.id, now=now, correlation_id=job.correlation_id, lease=job,
                worth=tenant.config.outbox.worth(), before=found, after=found,
            )  # fmt: skip
            scene = Scene(job=job, tenant=tenant, made=made, conversation=found)
            if job.kind in SCENES:
                await SCENES[job.kind](self, scene)
            else:
                ladder.SCENES[job.kind](scene)
            compose.plan_timers(made, tenant)
            compose.show_changes(made, tenant)
            try:
                await commit(self.database, made)
                return
            except StateChanged:
                continue
        raise JobFailed("the conversation kept changing")

    async def unwritten(self, scene: Scene) -> None:
        """An owner wanted to write a learned answer anew, and did not."""
        amending.unwritten(scene.made, scene.tenant, scene.job.payload)

    async def undelivered(self, scene: Scene) -> None:
        """A bot's reply never reached the customer: a human gets the question, once."""
        scene.made.reopened_turn = scene.job.payload["turn_id"]
        if scene.conversation.state is not State.BOT_ACTIVE:
            return
        question = await events.turn_text(self.database, scene.tenant.id, scene.made.reopened_turn)
        opening = handoff.new_handover(Trigger.UNDELIVERED, scene.text("reason_undelivered"), question)
        handoff.apply(
            scene.made, handoff.Event.ESCALATE, actor="outbox", why="a reply was not delivered", opening=opening
        )
        await self._call(scene, opening)

    async def draft_overdue(self, scene: Scene) -> None:
        """Nobody decided in time whether the bot may say it: a human gets the question."""
        opening = drafts.overdue(scene.made, scene.tenant, scene.job.payload["draft_id"])
        if opening is not None:
            await self._call(scene, opening)

    async def _call(self, scene: Scene, handover: NewHandover) -> None:
        failing = await self._cards(scene, handover, [each.plugin_name for each in scene.tenant.hooks.of("escalate")])
        if failing:
            compose.failed(scene.made, scene.tenant, handover, failing)

    async def escalate_again(self, scene: Scene) -> None:
        """A desk's plugin failed to make its card: ask it again."""
        if not scene.about_open_handover:
            return
        stored = await events.handover(self.database, scene.tenant.id, scene.conversation.handover_id)
        handover = NewHandover(
            id=scene.conversation.handover_id,
            trigger=Trigger(stored["trigger_type"]),
            reason=stored["reason"],
            question=stored["user_message"],
            urgent=bool(scene.job.payload.get("urgent")),
        )
        used = [plugin for plugin in scene.job.payload["plugins"] if plugin in scene.tenant.used]
        failing = await self._cards(scene, handover, used)
        if failing:
            raise JobFailed(f"no card from {', '.join(failing)}")

    async def _cards(self, scene: Scene, handover: NewHandover, plugins: list[str]) -> list[str]:
        """Ask these plugins for their cards; returns which of them failed."""
        turn, card = _turn(scene), _card(scene, handover)
        failing = []
        for plugin in plugins:
            result = await calls.owner(scene.tenant.hooks, "escalate", plugin, self.faults, turn=turn, card=card)
            failing += [plugin] if result.faults else []
            for outgoing in result.value or ():
                compose.add_outgoing(scene.made, replace(outgoing, handover_id=handover.id))
        return failing


SCENES: Mapping[str, Callable[[Jobs, Scene], Awaitable[None]]] = {
    amending.TIMER: Jobs.unwritten,
    "turn.undelivered": Jobs.undelivered,
    "draft.overdue": Jobs.draft_overdue,
    "escalate.retry": Jobs.escalate_again,
}
"""The scenes that ask plugins; those of `ladder` ask nobody."""


def _turn(scene: Scene) -> Turn:
    about = scene.conversation
    return Turn(
        tenant=scene.tenant.slug,
        id=scene.job.id,
        correlation_id=scene.job.correlation_id,
        channel=about.channel,
        lane=f"{about.channel}:{about.address}",
        conversation_id=about.id,
        state=about.state,
        customer=about.customer,
        now=scene.made.now,
        timezone=scene.tenant.config.timezone,
        languages=scene.tenant.config.languages,
        branch=roles.branch_of(scene.tenant, about),
        history=about.history,
    )


def _card(scene: Scene, handover: NewHandover) -> HandoverCard:
    here = scene.tenant.branch_with_id(scene.conversation.branch_id)
    return HandoverCard(
        handover_id=handover.id,
        trigger=handover.trigger,
        reason=handover.reason,
        question=handover.question,
        customer=scene.conversation.customer,
        dialogue=scene.conversation.history,
        attachments=lately.take_owed(scene.made, scene.tenant, handover.id),
        branch=here.slug if here else "",
        branch_name=here.label(scene.tenant.config.languages[0]) if here else "",
        urgent=handover.urgent,
        booking=booking.on_card(scene.made.after, scene.tenant),
    )
