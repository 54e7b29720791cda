"""What becomes of a message that we sent. States only go forward; this table is the order, and the documentation.

`unconfirmed` is ours: Twilio did not answer, so the message may or may not exist there.
`failed` and `undelivered` end a message that had not arrived. Callbacks come in any order, twice, or not at all.
"""

from __future__ import annotations

RANK = {
    "unconfirmed": 0,
    "scheduled": 0,
    "accepted": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "canceled": 4,
    "failed": 4,
    "undelivered": 4,
    "partially_delivered": 5,
    "delivered": 6,
    "read": 7,
}
FAILED = ("failed", "undelivered", "canceled")
ARRIVED = ("delivered", "partially_delivered", "read")
# What Twilio may still owe us news of.
UNSETTLED = ("queued", "unconfirmed", "accepted", "scheduled", "sending", "sent")


def advances(current: str, news: str) -> bool:
    """Tell whether `news` moves a message on from `current`. Unknown states never do."""
    return RANK.get(news, -1) > RANK.get(current, -1)


def tick(status: str) -> str:
    """Return which mark a bubble carries: clock, check, checks, read, failed or unknown."""
    if status in FAILED:
        return "failed"
    if status == "read":
        return "read"
    if status in ARRIVED:
        return "checks"
    return {"sent": "check", "unconfirmed": "unknown"}.get(status, "clock")
