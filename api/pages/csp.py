"""The Content-Security-Policy of the pages: nothing from elsewhere, nothing inline without the nonce."""

import secrets

_RULES = (
    "default-src 'none'",
    "script-src 'self' 'nonce-{nonce}'",
    "style-src 'self' 'nonce-{nonce}'",
    "img-src 'self' data:",  # the marks of MapLibre's own style sheet, and the map's image when printing
    "font-src 'self'",
    "connect-src 'self'",
    "worker-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)


def new_nonce() -> str:
    """Return a fresh random nonce; one per answer, never reused."""
    return secrets.token_urlsafe(18)


def headers(nonce: str) -> dict[str, str]:
    """Return the security headers of a page.

    Pages have no ETag: a 304 would bring back a body whose nonce is not the header's.
    """
    return {
        "Content-Security-Policy": "; ".join(_RULES).format(nonce=nonce),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cache-Control": "no-cache",
    }
