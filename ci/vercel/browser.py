"""Somebody who signs in to the function as a browser does."""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import urlencode

from ci.vercel.function import Answer, Function

EMAIL, PASSWORD = "ana@example.com", "una clave larga y rara"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Browser:
    """Somebody signed in: cookies are kept and shown again."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.cookies: SimpleCookie = SimpleCookie()

    def request(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        answer = self.function.request(method, target, body, {**sent, "cookie": cookie})
        for line in answer.headers.get_all("set-cookie") or ():
            self.cookies.load(line)
        return answer

    def sign_in(self) -> Answer:
        form = urlencode({"email": EMAIL, "password": PASSWORD}).encode()
        return self.request("POST", "/login", form, **FORM)
