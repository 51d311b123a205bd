"""The owner is told when most of the day's budget is gone, and when it does not suffice any more: once a day each."""

from __future__ import annotations

from collections.abc import Mapping

from truffles_gateway.plugin import Resources
from truffles_llm_openai.budget import Budget

MOST = 0.8
LOW, SPENT = "budget_low", "budget_spent"
CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "ru": {
        LOW: "Модель {{ model }}: израсходовано {{ share }} % бюджета на сегодня. Когда он закончится, до полуночи "
        "отвечать будут готовые факты и люди.",
        SPENT: "Модель {{ model }}: бюджет на сегодня израсходован. До полуночи отвечают готовые факты и люди. Предел "
        "задают daily_tokens и daily_money.",
    },
    "kk": {
        LOW: "{{ model }} моделі: бүгінгі бюджеттің {{ share }} %-ы жұмсалды. Ол таусылса, түн ортасына дейін дайын "
        "фактілер мен адамдар жауап береді.",
        SPENT: "{{ model }} моделі: бүгінгі бюджет таусылды. Түн ортасына дейін дайын фактілер мен адамдар жауап береді. "
        "Шегі: daily_tokens, daily_money.",
    },
    "en": {
        LOW: "Model {{ model }}: {{ share }}% of today's budget is spent. Once all of it is, known facts and people answer "
        "until midnight.",
        SPENT: "Model {{ model }}: today's budget is spent. Known facts and people answer until midnight. The limits are "
        "daily_tokens and daily_money.",
    },
}


class BudgetAlarms:
    """One tenant's. A failure is logged: no answer waits for an alarm."""

    def __init__(self, budget: Budget, resources: Resources, model: str) -> None:
        self._budget, self._model = budget, model
        self._alarms, self._texts, self._log = resources.alarms, resources.texts, resources.log
        self._language = next(iter(resources.languages), "ru")
        self._told: dict[str, str] = {}

    async def look(self) -> None:
        """A request was paid: is most of the budget gone?"""
        if not self._is_told(LOW) and (share := await self._budget.share()) >= MOST:
            await self._tell(LOW, share=min(100, round(share * 100)))

    async def spent(self, hook: str) -> None:
        """A request did not fit into what is left."""
        if not self._is_told(SPENT):
            self._log.warning("budget used up", hook=hook, day=self._budget.day)
            await self._tell(SPENT)

    def _is_told(self, key: str) -> bool:
        return self._told.get(key) == self._budget.day

    async def _tell(self, key: str, **values: object) -> None:
        day = self._told[key] = self._budget.day
        text = self._texts.get(key, self._language, model=self._model, **values)
        try:
            await self._alarms.raise_(f"{key} {day}", text)
        except Exception as error:  # noqa: BLE001 - whoever asks the model is answered all the same
            self._told.pop(key)
            self._log.warning("alarm not raised", key=key, error=type(error).__name__)
