"""Coordina as browser tests serve it: the app itself, and beside it the number of requests that it is still at."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator

from wsgi import app as coordina

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

UNDER_WAY = "/__under_way"


class Counted:
    """Counts a request until all is done that comes after its answer, too. Right where one process serves."""

    def __init__(self) -> None:
        self.lock, self.under_way = threading.Lock(), 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == UNDER_WAY:
            return Response(str(self.under_way))(environ, start_response)
        self._count(1)
        try:
            return ClosingIterator(coordina(environ, start_response), lambda: self._count(-1))
        except BaseException:
            self._count(-1)
            raise

    def _count(self, more: int) -> None:
        with self.lock:
            self.under_way += more


app = Counted()
