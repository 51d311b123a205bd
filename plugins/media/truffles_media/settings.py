"""What a tenant may set: in the plugin's settings, and over them in its `[media]` table."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from truffles_gateway.errors import ConfigError
from truffles_gateway.messages import Content
from truffles_gateway.plugin import PluginSettings

MB = 1024 * 1024
DAY = 86_400
_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")


def _host(value: object) -> object:
    """A DNS name. An address has no place here, and a link is a slip that is easily mended."""
    if not isinstance(value, str):
        return value
    host = value.strip().lower()
    if not _HOST.fullmatch(host):
        raise ValueError('is no host name. Write the name alone, without https:// and path, as "app.chatflow.kz"')
    return host


Megabytes = Annotated[float, Field(gt=0, le=50)]
Seconds = Annotated[int, Field(ge=1, le=DAY)]
Count = Annotated[int, Field(ge=1, le=1000)]
Host = Annotated[str, BeforeValidator(_host)]


class Sizes(PluginSettings):
    """The largest file of each kind, in MB of 1,048,576 bytes."""

    photo: Megabytes = 8
    audio: Megabytes = 8
    document: Megabytes = 10


class Rate(PluginSettings):
    """How much one customer may send.

    count           files within `window_seconds`; while a handover is open three times as many
    daily_count     files within 24 hours
    bytes_mb        MB within `window_seconds`
    block_seconds   how long nothing is taken from one who sent more; 0 blocks nobody
    """

    count: Count = 5
    window_seconds: Seconds = 600
    daily_count: Count = 20
    bytes_mb: Annotated[float, Field(gt=0, le=1000)] = 30
    block_seconds: Annotated[int, Field(ge=0, le=DAY)] = 900


class MediaSettings(PluginSettings):
    """Which media are taken, how many, how large, from where, and what becomes of them.

    enabled              false refuses all of them
    allow_…              false refuses this kind; video is always refused
    store_media          false keeps no bytes: they are checked, and the desk gets the link
    forward_to_telegram  false shows no medium at a desk, only that one came
    storage_dir, quota_mb, ttl_days
                         where files are kept, how much room they have, for how long: the gateway itself reads and checks
                         them, from `[media]` alone
    allowed_hosts        where files may be fetched from, redirects included
    """

    enabled: bool = True
    allow_photo: bool = True
    allow_audio: bool = True
    allow_document: bool = True
    max_size_mb: Sizes = Sizes()
    rate_limit: Rate = Rate()
    store_media: bool = True
    forward_to_telegram: bool = True
    storage_dir: str = ""
    quota_mb: Annotated[float, Field(gt=0)] = 2048
    ttl_days: Annotated[float, Field(gt=0)] = 7
    allowed_hosts: tuple[Host, ...] = ("app.chatflow.kz",)

    @model_validator(mode="after")
    def _every_size_can_pass(self) -> MediaSettings:
        largest = max(self.max_size_mb.photo, self.max_size_mb.audio, self.max_size_mb.document)
        if largest > self.rate_limit.bytes_mb:
            raise ValueError(
                f"rate_limit.bytes_mb is less than the {largest:g} MB of max_size_mb: such a file could never pass. "
                "Raise the one or lower the other"
            )
        return self

    def allows(self, content: Content) -> bool:
        """May this kind be sent at all?"""
        allowed = {
            Content.IMAGE: self.allow_photo,
            Content.AUDIO: self.allow_audio,
            Content.DOCUMENT: self.allow_document,
        }
        return self.enabled and allowed.get(content, False)

    def largest(self, content: Content) -> int:
        """The limit for one file of an allowed kind, in bytes."""
        sizes = self.max_size_mb
        limits = {Content.IMAGE: sizes.photo, Content.AUDIO: sizes.audio, Content.DOCUMENT: sizes.document}
        return int(limits[content] * MB)


def misplaced(settings: MediaSettings) -> list[str]:
    """Keys of the gateway's own that stand in the plugin's settings, where nobody reads them."""
    return sorted({"storage_dir", "quota_mb", "ttl_days"} & settings.model_fields_set)


def overlaid(settings: MediaSettings, table: Mapping[str, Any], *, tenant: str) -> MediaSettings:
    """The settings with the tenant's `[media]` table over them. Raises `ConfigError` that names each key and its fix."""
    try:
        return MediaSettings.model_validate(_merged(settings.model_dump(exclude_unset=True), table))
    except ValidationError as error:
        found = [_explain(each, tenant) for each in error.errors(include_input=False, include_url=False)]
    if len(found) == 1:
        raise found[0]
    lines = "; ".join(f"{each.where}: {each.problem}. {each.cure}" for each in found)
    raise ConfigError(lines, tenant=tenant, where="media")


def _merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` on top of `under`, table by table."""
    merged = {**under, **over}
    for key in under.keys() & over.keys():
        if isinstance(under[key], Mapping) and isinstance(over[key], Mapping):
            merged[key] = _merged(under[key], over[key])
    return merged


def _explain(finding: Any, tenant: str) -> ConfigError:
    """pydantic's finding, with the key as the tenant wrote it and what to write instead."""
    path = [str(step) for step in finding["loc"]]
    where = ".".join(["media", *path])
    if finding["type"] == "extra_forbidden":
        return ConfigError("unknown key", tenant=tenant, where=where, cure=_nearest(path[-1], _keys(path[:-1])))
    problem, _, cure = finding["msg"].removeprefix("Value error, ").partition(". ")
    return ConfigError(problem, tenant=tenant, where=where, cure=cure or "Change it, or leave it out for the default")


def _keys(path: Iterable[str]) -> list[str]:
    model: type[BaseModel] = MediaSettings
    for step in path:
        inner = model.model_fields[step].annotation
        assert isinstance(inner, type)
        assert issubclass(inner, BaseModel)  # only models refuse keys
        model = inner
    return list(model.model_fields)


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"Known here: {', '.join(known)}"
