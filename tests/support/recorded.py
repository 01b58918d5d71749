"""Answers that an API once gave, recorded in the format of VCR, served again by a real local HTTP server."""

import base64
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from webserver import Answer, Site

# What the local server writes itself, or what describes a body that was recorded decoded.
LEFT_OUT = {"content-length", "content-encoding", "transfer-encoding", "date", "set-cookie"}


def replay(site: Site, recordings: Iterable[Path], origin: str) -> None:
    """Give the site the recorded answers: each address of `origin`, here and in the bodies, becomes the site's."""
    for recording in recordings:
        for interaction in _interactions(recording):
            address = urlsplit(interaction["request"]["uri"].removeprefix(origin))
            path = f"{address.path}?{address.query}" if address.query else address.path
            site.routes[path] = [_answer(interaction["response"], origin, site.url)]


@cache
def _interactions(recording: Path) -> list[dict[str, Any]]:
    content: dict[str, list[dict[str, Any]]] = yaml.safe_load(recording.read_text("utf-8"))
    return content["http_interactions"]


def _answer(response: dict[str, Any], origin: str, here: str) -> Answer:
    headers = {
        name: value if isinstance(value, str) else ", ".join(value)
        for name, value in response["headers"].items()
        if name not in LEFT_OUT
    }
    body = response["body"]
    if "raw_gzip" in body:
        content = zlib.decompress(base64.b64decode(body["raw_gzip"]))
    else:
        content = body["string"].replace(origin, here).encode()
    return Answer(content, response["status"], headers)
