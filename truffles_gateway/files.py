"""Files of a tenant's channels that no link leads to: whoever needs their bytes asks the channel's plugin by way of here."""

from __future__ import annotations

from truffles_gateway.errors import FileUnavailable
from truffles_gateway.messages import Attachment
from truffles_gateway.plugin import FileHolder


class ChannelFiles:
    """One tenant's holders by channel; they are added while its plugins are made, and asked later."""

    def __init__(self) -> None:
        self._holders: dict[str, FileHolder] = {}

    def add(self, channel: str, made: object) -> None:
        """The plugin of `channel` has made this object."""
        if channel and isinstance(made, FileHolder):
            self._holders[channel] = made

    def holds(self, channel: str, url: str) -> bool:
        """Is it a file of this channel?"""
        holder = self._holders.get(channel)
        return holder is not None and url.startswith(holder.file_scheme)

    async def fetch(self, channel: str, attachment: Attachment, *, limit: int) -> bytes:
        """The bytes, from the channel's own plugin. Raises `FileUnavailable`."""
        if not self.holds(channel, attachment.url):
            raise FileUnavailable("no plugin gets files of this channel")
        data = await self._holders[channel].fetch(attachment, limit=limit)
        if len(data) > limit:
            raise FileUnavailable("is too large", too_large=True)
        return data
