"""The model plugin: a verdict on what the rules leave open, and a reply written from the tenant's own facts.

It never leaves a customer in silence: while the circuit is open, when the budget is used up or when the model has
nothing to say it passes (None), and whatever fails is raised, so that it is recorded. Either way the next plugin in the
tenant's order is asked, and after the last of them a human.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources as files
from zoneinfo import ZoneInfo

from truffles_gateway.messages import Draft, Inbound, Passage, Route, Turn, Verdict
from truffles_gateway.plugin import Plugin, Resources, hookimpl
from truffles_llm_openai import blocks, remembered, sorting, writing
from truffles_llm_openai.alarms import CATALOGUE
from truffles_llm_openai.model import Model
from truffles_llm_openai.remembered import Remembered
from truffles_llm_openai.replies import AnswerReply, ClassifyReply
from truffles_llm_openai.settings import LlmSettings

SURE = 0.5
TEMPLATES = ("classify", "answer", "answer.ru", "answer.kk", "answer.en")


class LlmOpenai:
    """One tenant's `classify` and `answer`."""

    def __init__(self, settings: LlmSettings, resources: Resources) -> None:
        self._settings, self._prompts, self._log = settings, resources.prompts, resources.log
        self._model = Model(settings, resources)
        self._remembered = Remembered(resources.clock, settings.cache_minutes)

    async def warm_up(self) -> None:
        """Load the API's library before a customer waits for it."""
        await self._model.warm_up()

    @hookimpl
    async def classify(self, turn: Turn, message: Inbound) -> Verdict | None:
        """The model's verdict, if it is sure of one. Raises `LlmError`, or `ConfigError` for a broken prompt."""
        if not self._settings.classify or not message.text.strip():
            return None
        language = message.language or turn.languages[0]
        system = self._prompts.render(
            "classify", language, business=self._settings.business, languages=list(turn.languages)
        )
        reply = await self._model.ask(sorting.request(self._settings, system, turn, message), ClassifyReply)
        return sorting.verdict(reply, turn.languages, self._settings.min_confidence) if reply else None

    @hookimpl
    async def answer(
        self, turn: Turn, message: Inbound, verdict: Verdict, passages: Sequence[Passage], objections: Sequence[str]
    ) -> Draft | None:
        """A reply from the passages alone, None where they hold none. Raises as `classify` does."""
        shown = writing.good(passages, self._least(verdict))
        if not self._settings.answer or not shown or not message.text.strip():
            return None
        language = writing.language(turn, message, verdict)
        system = self._instructions(turn, language, repair=bool(objections))
        request, labelled = writing.request(self._settings, system, turn, message, shown, objections)
        known = self._key(turn, message, language, shown)
        again = self._again(known, objections)
        reply = again or await self._model.ask(request, AnswerReply)
        if reply is None or self._tells(reply.answer, system):
            return None
        if known and not objections and not again:
            self._remembered.keep(known, reply)
        return writing.draft(writing.brief(reply), labelled, passages, message.text, times=self._settings.reading)

    def _least(self, verdict: Verdict) -> float:
        """How sure a search must be of a passage that is shown. What a message wants that nobody understands ("цена?") is asked back, and
        not guessed from what is near it."""
        least = self._settings.passage_confidence
        return max(least, SURE) if verdict.route is Route.UNSURE else least

    def _key(self, turn: Turn, message: Inbound, language: str, shown: Sequence[Passage]) -> str:
        """Under what the answer is remembered, "" if it is for this customer alone. The prompt counts by its day: what
        depends on the hour is not remembered."""
        if not self._settings.cache_minutes or not remembered.is_repeatable(turn, message):
            return ""
        midnight = turn.now.astimezone(ZoneInfo(turn.timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
        system = self._instructions(replace(turn, now=midnight), language, repair=False)
        return remembered.key(turn, message, system, language, shown, self._settings.model)

    def _again(self, key: str, objections: Sequence[str]) -> AnswerReply | None:
        """What was answered to the same question; nothing that somebody objects to."""
        if key and objections:
            self._remembered.forget(key)
        reply = None if not key or objections else self._remembered.get(key)
        if reply:
            self._log.info("answered as before", hook="answer")
        return reply

    def _tells(self, text: str, system: str) -> bool:
        """What the business is may be said; the rest of the instructions, and the blocks, are nobody's business."""
        found = blocks.shows(text) or writing.tells(
            text, system.replace(self._settings.business, " ") if self._settings.business else system
        )
        if found:
            self._log.warning("the model told its instructions", hook="answer")
        return found

    def _instructions(self, turn: Turn, language: str, *, repair: bool) -> str:
        return self._prompts.render(
            "answer", language, business=self._settings.business, repair=repair,
            language_name=self._settings.language_name(language), today=writing.today(turn.now, turn.timezone),
        )  # fmt: skip


def _template(name: str) -> str:
    return files.files("truffles_llm_openai").joinpath("templates", f"{name}.j2").read_text(encoding="utf-8")


plugin = Plugin(
    name="llm_openai",
    version="0.1.0",
    summary="Classifies messages and writes answers with a model that speaks the OpenAI API.",
    settings=LlmSettings,
    create=LlmOpenai,
    catalogue=CATALOGUE,
    uses_model=True,
    templates={name: _template(name) for name in TEMPLATES},
)

__all__ = ["TEMPLATES", "LlmOpenai", "plugin"]
