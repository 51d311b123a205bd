"""What can go wrong at the Bot API, and what each means for a row."""

from __future__ import annotations

import re

from truffles_gateway.messages import Receipt

_TOPIC_GONE = re.compile(r"thread not found|topic_deleted|topic_id_invalid|topic not found", re.IGNORECASE)
_TOPIC_CLOSED = re.compile(r"topic_closed", re.IGNORECASE)
_MESSAGE_GONE = re.compile(
    r"message (to \w+|with the specified id|identifier)? ?(not found|is not specified)|message_id_invalid"
    r"|message can't be (edited|pinned|unpinned)|message to be replied not found",
    re.IGNORECASE,
)
_UNCHANGED = re.compile(r"not modified|topic_not_modified", re.IGNORECASE)
_TOO_BIG = re.compile(r"file is too big", re.IGNORECASE)
_MARKUP = re.compile(r"can't parse entities", re.IGNORECASE)
_FIXABLE = re.compile(
    r"not enough rights|administrator rights|admin_required|chat not found|not a member|was kicked|was deactivated"
    r"|not a forum|write_forbidden|have no rights|restricted|topics? (is|are) disabled|chat_restricted",
    re.IGNORECASE,
)
_CURE = "make the bot an admin of the managers' forum group; `truffles telegram check TENANT` says what is missing"
_BUSY_SECONDS, _LONGEST_WAIT = 5.0, 86_400.0


class CallFailed(Exception):
    """A call that did not succeed. `receipt` is what it means for a row; `said` is Telegram's own line."""

    def __init__(self, receipt: Receipt, said: str = "", *, code: int = 0, migrated_to: str = "") -> None:
        super().__init__(receipt.error)
        self.receipt, self.said, self.code, self.migrated_to = receipt, said, code, migrated_to

    @property
    def refused(self) -> bool:
        """Telegram understood and said no: nothing was done."""
        return self.code in {400, 403, 413}

    @property
    def topic_gone(self) -> bool:
        """The topic was deleted."""
        return self.refused and bool(_TOPIC_GONE.search(self.said))

    @property
    def topic_closed(self) -> bool:
        """The topic was closed; it can be opened again."""
        return self.refused and bool(_TOPIC_CLOSED.search(self.said))

    @property
    def message_gone(self) -> bool:
        """The message to be edited, pinned, answered or reacted to is no longer there, or too old."""
        return self.refused and bool(_MESSAGE_GONE.search(self.said))

    @property
    def unchanged(self) -> bool:
        """It already is as it should be."""
        return self.refused and bool(_UNCHANGED.search(self.said))

    @property
    def too_big(self) -> bool:
        """Bots may fetch no file of this size: 20 MB, unless they use a server of their own."""
        return self.refused and bool(_TOO_BIG.search(self.said))

    @property
    def bad_markup(self) -> bool:
        """The HTML could not be read."""
        return self.refused and bool(_MARKUP.search(self.said))

    @property
    def about_the_content(self) -> bool:
        """Another content might be taken: neither rights nor place are the trouble."""
        fixable = bool(_FIXABLE.search(self.said))
        return self.refused and self.code != 403 and not (self.topic_gone or self.topic_closed or fixable)


class Held(Exception):
    """The limits let nothing through now; ask again in `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"rate limit: {seconds:.1f} s")
        self.seconds = seconds


def failure(code: int, said: str, *, retry_after: float | None, migrated_to: str, private: bool) -> CallFailed:
    """Telegram's refusal as an error. What an admin of the group can put right is tried again for days: the row is not
    to blame. `private` calls concern a customer's own chat, where 403 means that they blocked the bot."""
    error = f"Telegram {code}: {said}" if said else f"Telegram {code}"
    if code == 429:
        seconds = min(max(retry_after or _BUSY_SECONDS, 0.1), _LONGEST_WAIT)
        return CallFailed(Receipt.wait(seconds, error), said, code=code)
    if code in {401, 404}:
        receipt = Receipt.retry(
            f"{error}: the bot's token is not accepted; put the right one in place", logged_out=True
        )
    elif code >= 500 or code not in {400, 403, 413}:
        receipt = Receipt.retry(error)
    elif not private and (code == 403 or _FIXABLE.search(said)):
        receipt = Receipt.retry(f"{error}; {_CURE}", only_here=True)  # customers of the same bot are sent to
    else:
        receipt = Receipt.refused(error)
    return CallFailed(receipt, said, code=code, migrated_to=migrated_to)
