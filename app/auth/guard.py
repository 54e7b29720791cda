"""The guards that doors name: who may enter, and who it is that entered.

Every blueprint names one with `before_request`, even the open ones; tests/test_doors.py walks the URL map to prove it.
"""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import SplitResult, urlencode, urlsplit

from flask import Flask, Response, g, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.auth import queries, tokens
from app.auth.actions import sessions
from app.auth.models import User
from app.errors import Forbidden, Unauthorized
from app.htmx import is_htmx, see_other


def current_user() -> User:
    """Return who is signed in. Only behind a guard; raises Unauthorized when nobody is."""
    user = g.get("user")
    if not isinstance(user, User):
        raise Unauthorized
    return user


def current_claims() -> tokens.Claims:
    """Return what the verified token said. Only behind a guard."""
    claims = g.get("claims")
    if not isinstance(claims, tokens.Claims):
        raise Unauthorized
    return claims


def person() -> str:
    """Return whom the limits of a guarded door count. They are asked after the guard, so this is no mere claim."""
    return f"user {current_claims().user_id}"


def public() -> None:
    """Let anyone in: for doors that say why they are open."""


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:  # A bracket without its pair: the address of nothing.
        return SplitResult("", "", "", "", "")


def require_same_origin() -> None:
    """Let anyone in but another site's forms. For doors that come before there is a session to tie a token to.

    Browsers say where a form comes from (Sec-Fetch-Site, and Origin in older ones), and pages cannot change it.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin", "")
    foreign = site not in ("same-origin", "none") if site else bool(origin) and _split(origin).netloc != request.host
    if foreign and request.method not in ("GET", "HEAD", "OPTIONS"):
        raise tokens.StalePage(_("Esa página es de otro sitio. Volvé a entrar desde acá."))


def _local_path(url: str) -> str:
    parts = _split(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def to_login(*, ended: bool) -> ResponseReturnValue:
    """Send the browser to the sign-in page, which comes back to this one afterwards.

    What htmx asks for is only refused: somebody may be writing in the page that asked, so it stays as it is, and
    session.js says in it that the session ended.
    """
    if is_htmx():
        return Response(status=401, headers={"HX-Reswap": "none"})
    back = _local_path(request.full_path.rstrip("?") if request.method == "GET" else request.referrer or "/")
    query = urlencode({"next": back} | ({"ended": "1"} if ended else {}))
    return see_other(f"{url_for('auth.login')}?{query}")


def _browser_claims() -> tokens.Claims:
    """Return the claims of the browser's cookies, rotating them when the access token has run out."""
    try:
        return tokens.read_access("cookies")
    except tokens.TokenError:
        claims = tokens.read_refresh("cookies")
        g.new_tokens = sessions.refresh(claims, grace=True)
        return claims


def end_session_of_before() -> None:
    """End the session that the browser had until now, if any: somebody else may just have signed in with it."""
    claims = tokens.find_claims_of_cookies()
    if claims is not None:
        sessions.sign_out(claims.session_id)


def require_staff_token() -> ResponseReturnValue | None:
    """Let in who shows a good token, without asking the database whether its session still stands.

    For doors whose own statement asks that (queries.session_is_open), so that an idle poll is one statement.
    """
    if request.method == "OPTIONS":
        return None
    try:
        g.claims = _browser_claims()
    except (tokens.TokenError, sessions.SessionEnded):
        # A page that asks by htmx was signed in when it was loaded.
        return to_login(ended=tokens.has_cookies() or is_htmx())
    return None


def _find_person(claims: tokens.Claims) -> User | None:
    login = queries.find_session(claims.session_id)
    if login is None:
        return None
    if not login.confirmed and claims.refresh_id == login.refresh_id:
        sessions.confirm(claims)
    return login.user


def require_staff() -> ResponseReturnValue | None:
    """Let in who is signed in, by the browser's cookies; send everyone else to sign in."""
    if request.method == "OPTIONS":
        return None
    refused = require_staff_token()
    if refused is not None:
        return refused
    g.user = _find_person(current_claims())
    return None if g.user else to_login(ended=True)


def require_admin() -> ResponseReturnValue | None:
    """Let in who is signed in and an admin."""
    refused = require_staff()
    if refused is None and request.method != "OPTIONS" and not current_user().is_admin:
        raise Forbidden
    return refused


def require_api_staff() -> None:
    """Let in who shows an access token: as Bearer, or by the browser's cookies with their CSRF value."""
    if request.method == "OPTIONS":
        return
    try:
        g.claims = tokens.read_access("headers" if "Authorization" in request.headers else "cookies")
    except tokens.TokenError as error:
        raise Unauthorized from error
    g.user = _find_person(g.claims)
    if g.user is None:
        raise Unauthorized


def _set_new_tokens(response: Response) -> Response:
    pair = g.pop("new_tokens", None)
    if pair is not None:
        tokens.set_cookies(response, pair)
    return response


def _renew_page(response: Response) -> Response:
    """Tell a page of an earlier session whose the present one is, and what its forms must bring back from now on.

    Somebody signed in again in another tab: what is written in this one can be sent, without loading it anew. Only a
    page of this very site can read these headers.
    """
    shown = request.headers.get("X-CSRF-TOKEN")
    if not shown or not is_htmx() or response.status_code == HTTPStatus.UNAUTHORIZED:
        return response
    # A request that was refused for its CSRF value alone did not come as far as the claims.
    claims = g.get("claims") or tokens.find_claims_of_cookies()
    if claims is not None and (fresh := tokens.csrf_value(claims.session_id)) != shown:
        response.headers["X-CSRF-TOKEN"], response.headers["X-User"] = fresh, str(claims.user_id)
    return response


def _csrf_token() -> str:
    # Templates take it for the sign of a person signed in. Claims alone are not: an error may come before their person.
    return tokens.csrf_value(current_claims().session_id) if g.get("user") else ""


def init_app(app: Flask) -> None:
    """Carry rotated tokens and a new session's CSRF value to the browser, and tell templates who is signed in."""
    app.after_request(_set_new_tokens)
    app.after_request(_renew_page)
    app.jinja_env.globals["csrf_token"] = _csrf_token
    app.context_processor(lambda: {"current_user": g.get("user")})
