"""Signed links to files: what one says, and how its signature is made and held against it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from urllib.parse import urlencode

PATH = "/media"
LONGEST_EXPIRY = 12
"""Digits of a time: more are no time, and cost time to read."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says. All of it is signed. `expires` is in seconds since 1970; `mime` is "" where the file's own counts."""

    tenant: str
    blob: str
    expires: int
    mime: str = ""
    name: str = ""

    def signature(self, key: bytes) -> str:
        """HMAC-SHA256 over all parts, each in its place: as JSON, so that no two links are the same text."""
        said = json.dumps(astuple(self)).encode()
        return base64.urlsafe_b64encode(hmac.digest(key, said, hashlib.sha256)).decode().rstrip("=")

    def is_signed(self, key: bytes, signature: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.signature(key).encode(), signature.encode("utf-8", "replace"))

    def url(self, base: str, key: bytes) -> str:
        """The link as it is handed out; `base` is where the world reaches the gateway."""
        about = {"expires": str(self.expires), "mime": self.mime, "name": self.name, "signature": self.signature(key)}
        query = urlencode({name: value for name, value in about.items() if value})
        return f"{base}{PATH}/{self.tenant}/{self.blob}?{query}"


def read(tenant: str, blob: str, query: Mapping[str, str]) -> tuple[Link, str]:
    """The link of a request and the signature that came with it. Whatever cannot be read has expired long ago."""
    expires = query.get("expires", "")
    readable = expires.isascii() and expires.isdigit() and len(expires) <= LONGEST_EXPIRY
    link = Link(tenant, blob, int(expires) if readable else 0, query.get("mime", ""), query.get("name", ""))
    return link, query.get("signature", "")
