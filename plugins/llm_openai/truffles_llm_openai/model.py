"""A model under guard: the circuit, the day's budget, the limits, and only validated replies."""

from __future__ import annotations

import time
from typing import TypeVar

from pydantic import BaseModel

from truffles_gateway.plugin import Resources
from truffles_llm_openai.alarms import BudgetAlarms
from truffles_llm_openai.budget import Budget, Reserved, Usage, estimate
from truffles_llm_openai.circuit import Change, Circuit
from truffles_llm_openai.client import Client, Completion, Request
from truffles_llm_openai.errors import LlmError
from truffles_llm_openai.replies import read
from truffles_llm_openai.settings import LlmSettings

R = TypeVar("R", bound=BaseModel)


class Model:
    """One tenant's model. None means "ask somebody else"; what is broken raises `LlmError`, so that it is recorded."""

    def __init__(self, settings: LlmSettings, resources: Resources) -> None:
        self._settings, self._log = settings, resources.log
        self._client = Client(settings, resources.http)
        self._budget = Budget(settings, resources.counters, resources.clock, resources.timezone)
        self._circuit = Circuit(
            resources.clock, failures=settings.failures, within=settings.failure_seconds, rest=settings.open_seconds
        )
        self._alarms = BudgetAlarms(self._budget, resources, settings.model)

    async def warm_up(self) -> None:
        """Load what the first request would wait for."""
        await self._client.warm_up()

    async def ask(self, request: Request, reply: type[R]) -> R | None:
        """A validated reply; None while the circuit is open, when the day's budget is used up, and on a refusal."""
        if not self._circuit.enter():
            return None
        worked: bool | None = None
        try:
            taken = await self._reserve(request)
            if taken is None:
                return None
            completion = await self._paid(request, taken)
            worked = True
        except LlmError as error:
            worked = False if error.outage else None
            raise
        finally:
            self._tell(self._circuit.leave(worked))
        return self._read(request, completion, reply)

    async def _reserve(self, request: Request) -> Reserved | None:
        sent = estimate(request.system) + estimate(request.data)
        taken = await self._budget.reserve(Usage(sent, request.tokens))
        if taken is None:
            await self._alarms.spent(request.hook)
        return taken

    async def _paid(self, request: Request, taken: Reserved) -> Completion:
        """Ask, and put the budget right. An attempt that ran out of time may have been billed: it stays counted."""
        started = time.perf_counter()
        try:
            completion = await self._client.complete(request)
        except LlmError as error:
            if not error.billed:
                await self._settle(taken, Usage(0, 0))
            raise
        used = completion.usage or Usage(taken.tokens - request.tokens, estimate(completion.text))
        await self._settle(taken, used)
        milliseconds = round((time.perf_counter() - started) * 1000)
        self._log.info(
            "model call", hook=request.hook, model=self._settings.model, sent=used.sent, produced=used.produced,
            ms=milliseconds,
        )  # fmt: skip
        return completion

    async def _settle(self, taken: Reserved, used: Usage) -> None:
        try:
            await self._budget.settle(taken, used)
            await self._alarms.look()
        except Exception as error:  # noqa: BLE001 - the answer is paid for: it is worth more than its exact price
            self._log.warning("budget not put right", error=type(error).__name__)

    def _read(self, request: Request, completion: Completion, reply: type[R]) -> R | None:
        if completion.refused:
            self._log.warning("the model refused", hook=request.hook)
            return None
        if completion.cut:
            raise LlmError(f"the model's answer was cut off: raise {request.hook}_tokens, now {request.tokens}")
        return read(completion.text, reply)

    def _tell(self, change: Change) -> None:
        if change:
            self._log.warning(f"circuit {change}", base_url=self._settings.base_url, model=self._settings.model)
