"""What every answer carries and every request must bring: security headers, a known host, our own origin."""

import re
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, request
from flask_babel import gettext
from werkzeug.middleware.proxy_fix import ProxyFix

from app.errors import Refusal

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
# Asked by machines that know an address, not a name; their answers hold no link.
ANY_HOST = frozenset({"/healthz", "/readyz", "/metrics"})
LARGEST = 30 * 1024 * 1024  # bytes of a request; a view that takes less or more says so
YEAR = 365 * 24 * 3600

POLICY = {
    "default-src": "'none'",
    "script-src": "'self' {nonce}",
    "style-src": "'self' {nonce}",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self'",
    "frame-src": "'self'",
    "manifest-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # no-referrer would make browsers send "Origin: null" with our own forms
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

HostCheck = Callable[[str], bool]


def csp_nonce() -> str:
    """The nonce of this answer's own scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return str(g.csp_nonce)


def safe_next(url: str | None, otherwise: str = "/") -> str:
    """The path to go on to, if it is one of ours, else `otherwise`.

    Browsers read "//host", "/\\host" and, having dropped tabs and line ends, "/\t/host" as another host's
    address (WHATWG URL, section 4.4), so only printable paths with a single slash in front pass.
    """
    if not url or len(url) > 2000 or not re.fullmatch(r"/(?![/\\])[!-\[\]-~]*", url):
        return otherwise
    return url


def trust_hosts(app: Flask, check: HostCheck) -> None:
    """Have a function asked whether we are a host: brands' own domains."""
    app.extensions["worktrackr.hosts"].append(check)


def check_host() -> None:
    """Refuse a host that is not ours: links and cookies must never follow a stranger's Host header."""
    if request.path in ANY_HOST:
        return
    try:
        host = (urlsplit(f"//{request.host}").hostname or "").lower()
    except ValueError:
        host = ""
    config = current_app.config["WORKTRACKR"]
    if host in config.known_hosts or (not config.is_production and host in LOCAL):
        return
    if not any(check(host) for check in current_app.extensions["worktrackr.hosts"]):
        raise Refusal(400, gettext("We do not know this address. Check the host name you typed."))


def check_origin() -> None:
    """Refuse a change that another site's page asked a browser for; beside the token in each form."""
    if request.method in SAFE_METHODS or _has_own_credentials():
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    foreign = site not in {"same-origin", "none"} if site else False
    if foreign or (origin is not None and urlsplit(origin).netloc != request.host):
        raise Refusal(403, gettext("Another site asked for this. Open the page here and try again."))


def _has_own_credentials() -> bool:
    """Verified by signature or token instead of a cookie, so no page can misuse a browser to ask for it."""
    if request.path.startswith("/api/"):
        return "Authorization" in request.headers
    return request.path.startswith("/webhooks/")


def add_headers(response: Response) -> Response:
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if "Content-Security-Policy" not in response.headers:  # files and mails in frames bring their own
        nonce = f"'nonce-{csp_nonce()}'"
        policy = "; ".join(f"{name} {value.format(nonce=nonce)}" for name, value in POLICY.items())
        response.headers["Content-Security-Policy"] = policy
        response.headers["X-Frame-Options"] = "DENY"
    if current_app.config["WORKTRACKR"].is_https:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}; includeSubDomains")
    # Pages differ by who asks; only what says otherwise itself may be kept by anybody.
    response.headers.setdefault("Cache-Control", "private, no-store")
    response.vary.add("Cookie")
    return response


def init_app(app: Flask) -> None:
    hops = app.config["PROXY_HOPS"]
    if hops:
        # The host stays the Host header: not every proxy takes a client's own X-Forwarded-Host away.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=1, x_host=0)  # type: ignore[method-assign]
    secure = app.config["WORKTRACKR"].is_https
    app.config.update(
        SESSION_COOKIE_NAME="__Host-worktrackr-forms" if secure else "worktrackr-forms",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST,
    )
    app.extensions["worktrackr.hosts"] = []
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.before_request(check_host)
    app.before_request(check_origin)
    app.after_request(add_headers)
