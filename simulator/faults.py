"""The faults a person or a test can ask for, and how many times each still has to happen."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One entry of the menu: its label in Spanish and, where it takes a value, the default and its unit."""

    label: str
    value: float = 0
    unit: str = ""


FAULTS: dict[str, Fault] = {
    "deliver_twice": Fault("El mensaje del cliente llega dos veces"),
    "lose_webhook": Fault("El mensaje del cliente no avisa a la app"),
    "out_of_order": Fault("Los estados llegan al revés"),
    "double_callbacks": Fault("Cada estado llega dos veces"),
    "lose_callbacks": Fault("Los estados no llegan"),
    "callback_first": Fault("El primer estado llega antes que la respuesta"),
    "slow_answer": Fault("Twilio tarda en responder", 12, "s"),
    "timeout_after_accepting": Fault("Twilio acepta y no responde", 15, "s"),
    "refuse_429": Fault("Twilio rechaza por exceso de pedidos (429)"),
    "error_500": Fault("Twilio falla (500)"),
    "refuse_with": Fault("Twilio rechaza el pedido con un código", 20003, "código"),
    "fail_with": Fault("El mensaje falla con un código", 63024, "código"),
    "wrong_signature": Fault("La firma llega mal"),
    "media_late": Fault("El archivo del cliente todavía no está (404)"),
    "media_slow": Fault("El archivo del cliente tarda", 5, "s"),
    "media_large": Fault("El archivo del cliente son ceros", 20, "MB"),
    "media_elsewhere": Fault("El archivo del cliente está en otro sitio"),
    "media_private": Fault("El archivo del cliente lleva a una red privada"),
}


@dataclass(frozen=True)
class Route:
    """What will go wrong on the way of one message, decided when it starts."""

    copies: int = 1
    lost: bool = False
    backwards: bool = False
    callback_first: bool = False
    wrong_signature: bool = False
    media_elsewhere: bool = False
    error_code: int | None = None


@dataclass
class _Waiting:
    times: int | None
    value: float


class Faults:
    """The faults that wait for their next message. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, _Waiting] = {}

    def add(self, name: str, times: int | None = 1, value: float | None = None) -> None:
        """Ask for `name` on the next `times` messages, or on all of them when `times` is None."""
        default = FAULTS[name].value
        with self._lock:
            self._waiting[name] = _Waiting(times, default if value is None else value)

    def clear(self, name: str | None = None) -> None:
        """Forget one fault, or all of them."""
        with self._lock:
            if name is None:
                self._waiting.clear()
            else:
                self._waiting.pop(name, None)

    def take(self, name: str) -> float | None:
        """Use `name` up once and return its value, or None when nobody asked for it."""
        with self._lock:
            waiting = self._waiting.get(name)
            if waiting is None:
                return None
            if waiting.times is not None:
                waiting.times -= 1
                if waiting.times <= 0:
                    del self._waiting[name]
            return waiting.value

    def happens(self, name: str) -> bool:
        """Use `name` up once and tell whether it was asked for."""
        return self.take(name) is not None

    def active(self) -> list[dict[str, object]]:
        """Return the waiting faults as plain data, `times` None meaning for good."""
        with self._lock:
            return [
                {"fault": name, "label": FAULTS[name].label, "times": waiting.times, "value": waiting.value}
                for name, waiting in self._waiting.items()
            ]

    def inbound_route(self, with_file: bool = False) -> Route:
        """Decide what goes wrong with the next message of a client, which comes with a file or without."""
        return Route(
            copies=2 if self.happens("deliver_twice") else 1,
            lost=self.happens("lose_webhook"),
            wrong_signature=self.happens("wrong_signature"),
            media_elsewhere=with_file and self.happens("media_elsewhere"),
        )

    def outbound_route(self) -> Route:
        """Decide what goes wrong with the next message of the office once it is accepted."""
        code = self.take("fail_with")
        return Route(
            copies=2 if self.happens("double_callbacks") else 1,
            lost=self.happens("lose_callbacks"),
            backwards=self.happens("out_of_order"),
            callback_first=self.happens("callback_first"),
            wrong_signature=self.happens("wrong_signature"),
            error_code=None if code is None else int(code),
        )
