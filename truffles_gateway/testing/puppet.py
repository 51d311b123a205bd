"""A plugin that does what the customer's words say, so that a test decides what a turn comes to.

    answer WORDS   the draft repeats all words           human WORDS    a wish for a human
    unknown WORDS  nobody knows an answer                 stop WORDS     no more messages, please
    poison WORDS   a draft that is rubbish                thanks WORDS   small talk
    hold WORDS     as `answer`, but only once the file named in the setting `hold` is gone

The first line decides. Other processes find it through an entry point: `install(folder)` makes one, for PYTHONPATH.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from truffles_gateway.messages import Draft, Inbound, ManagerReply, Route, Verdict
from truffles_gateway.plugin import Plugin, PluginSettings, Resources, hookimpl

ROUTES = {"human": Route.HUMAN, "stop": Route.OPT_OUT, "thanks": Route.THANKS}


class PuppetSettings(PluginSettings):
    """`hold`: a file; while it is there, `hold …` is being thought about."""

    hold: str = ""


class Puppet:
    """One tenant's hooks."""

    def __init__(self, settings: PuppetSettings) -> None:
        self._hold = Path(settings.hold) if settings.hold else None

    @hookimpl
    def classify(self, message: Inbound) -> Verdict:
        """By the first word."""
        return Verdict(route=ROUTES.get(_word(message), Route.ANSWER), intent=_word(message), language="en")

    @hookimpl
    async def answer(self, message: Inbound) -> Draft | None:
        """The words themselves, or nothing."""
        word = _word(message)
        if word == "unknown":
            return None
        while word == "hold" and self._hold and self._hold.exists():  # noqa: ASYNC110 - another process lets go
            await asyncio.sleep(0.02)
        return Draft(text="\0" if word == "poison" else f"re: {message.text}", verbatim=True)

    @hookimpl
    def on_manager_reply(self, reply: ManagerReply) -> None:
        """Only to have a job that runs."""


def _word(message: Inbound) -> str:
    return (message.text.split() or [""])[0]


def _create(settings: PuppetSettings, resources: Resources) -> Puppet:
    return Puppet(settings)


def install(folder: Path) -> Path:
    """Make `folder` announce the plugin to every process that has it in PYTHONPATH."""
    metadata = folder / "truffles_puppet-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: truffles-puppet\nVersion: 0\n")
    (metadata / "entry_points.txt").write_text("[truffles_gateway]\npuppet = truffles_gateway.testing.puppet:plugin\n")
    return folder


plugin = Plugin(name="puppet", version="0", create=_create, settings=PuppetSettings, summary="Does as it is told")
