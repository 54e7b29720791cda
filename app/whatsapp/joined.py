"""Conversations that staff joined: one thread, several contacts, each with a window and an opt-out of its own.

The thread is the row that holds the messages; its members are itself and those whose `joined_to_id` leads to it. What
the thread shows is the member's whom answers go to: while that is not the thread's own contact, its own window and
opt-out wait in `own_window_expires_at` and `own_opted_out`. All of it is read and written here alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.whatsapp.models import Conversation


@dataclass(frozen=True)
class Party:
    """One contact, and the thread that it talks in; the same row where it was joined to nothing."""

    thread: Conversation
    member: Conversation

    @property
    def own(self) -> bool:
        """Whether the contact is the thread's own."""
        return self.thread is self.member

    @property
    def joined_from_id(self) -> int | None:
        """What a message of this contact says of where it came to."""
        return None if self.own else self.member.id

    @property
    def answered(self) -> bool:
        """Whether answers in the thread go to this contact."""
        return self.thread.answer_to is None if self.own else self.thread.answer_to == self.member.own_address

    @property
    def window_expires_at(self) -> datetime | None:
        """When this contact's own window closes."""
        waiting = self.own and not self.answered
        return self.member.own_window_expires_at if waiting else self.member.window_expires_at

    @property
    def opted_out(self) -> bool:
        """Whether this very contact asked for no more messages."""
        waiting = self.own and not self.answered
        return self.member.own_opted_out if waiting else self.member.opted_out

    def set_window(self, expires_at: datetime | None) -> None:
        """Let this contact's window close then."""
        if self.own and not self.answered:
            self.thread.own_window_expires_at = expires_at
            return
        self.member.window_expires_at = expires_at
        if self.answered:
            self.thread.window_expires_at = expires_at

    def set_opted_out(self, opted_out: bool) -> None:
        """Keep whether this contact asked for no more messages."""
        if self.own and not self.answered:
            self.thread.own_opted_out = opted_out
            return
        self.member.opted_out = opted_out
        if self.answered:
            self.thread.opted_out = opted_out

    def turn_here(self) -> None:
        """Let answers go to this contact from now on."""
        thread, window, opted_out = self.thread, self.window_expires_at, self.opted_out
        if self.answered:
            return
        if thread.answer_to is None:
            thread.own_window_expires_at, thread.own_opted_out = thread.window_expires_at, thread.opted_out
        if self.own:
            thread.answer_to = thread.own_window_expires_at = None
            thread.own_opted_out = False
        else:
            thread.answer_to = self.member.own_address
        thread.window_expires_at, thread.opted_out = window, opted_out
