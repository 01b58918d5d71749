"""A reader who asks a server everything: every route of its description with every value known, and its pages.

What a program would not guess is given (`Known`); everything else is read from the description, so that a route that is
added is asked from that day on. Two answers are compared whole: status, headers in their order, bytes. What is set aside
is what `levelled` names, and nothing else.
"""

import gzip
import http.client
import io
import itertools
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

HOST = "ores.test"  # whatever port a server listens on: addresses in its answers are made of it
NONCE = re.compile(rb"'nonce-([\w-]{24})'")
PROOF = re.compile(rb'(<input type="hidden" name="preuve" value=")[\w-]{20,90}(")')
MADE = re.compile(rb"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
GEOPACKAGE, ZIP = b"SQLite format 3\x00", b"PK\x03\x04"
MOMENT = re.compile(rb'("timeStamp":")20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ"')
FORM_COOKIE = re.compile(rb"^(ores_formulaire=)[\w-]{20,90}(;)")


@dataclass(frozen=True)
class Answer:
    """What a server said: nothing is left out."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """Return a header, or nothing."""
        return next((value for key, value in self.headers if key.lower() == name), "")


def levelled(answer: Answer) -> Answer:
    """Return an answer without what is random, or tells the time.

    That is: the header Date; the nonce of a page, which its policy gives, wherever the page repeats it; the token of
    the form to sign in, in its cookie and in the form; the moment when a GeoPackage or a workbook was written, which the
    file tells, and when a page of features was. What is compressed of these, and an archive, are compared as they read:
    their bytes depend on it.
    """
    nonces = {nonce for name, value in answer.headers for nonce in NONCE.findall(value.encode())}
    dated = answer.header("content-type") in ("application/geo+json", "application/fg+json")
    compressed = answer.header("content-encoding") == "gzip" and (bool(nonces) or dated)
    body = gzip.decompress(answer.body) if compressed and answer.body else answer.body
    body = MOMENT.sub(rb'\1"', body) if dated else body
    for nonce in nonces:
        body = body.replace(nonce, b"0" * 24)
    if body.startswith(ZIP):
        compressed = True
        body = _unpacked(body)
    elif body.startswith(GEOPACKAGE):
        body = MADE.sub(b"", body)
    headers = []
    for name, value in answer.headers:
        key, raw = name.lower(), value.encode()
        if key == "date" or (key == "content-length" and compressed):
            raw = b""
        elif key == "set-cookie":
            raw = FORM_COOKIE.sub(rb"\g<1>0\g<2>", raw)
        for nonce in nonces:
            raw = raw.replace(nonce, b"0" * 24)
        headers.append((name, raw.decode()))
    if b'name="preuve"' in body and answer.header("content-type").startswith("text/html"):
        body = PROOF.sub(rb"\g<1>0\g<2>", body)
    return Answer(answer.status, tuple(headers), body)


def _unpacked(archive: bytes) -> bytes:
    """The names and contents of an archive, without the moments."""
    with zipfile.ZipFile(io.BytesIO(archive)) as held:
        return b"".join(name.encode() + MADE.sub(b"", held.read(name)) for name in held.namelist())


class Asker:
    """Asks one server, with the same headers each time; a connection for each request."""

    def __init__(self, base: str, headers: Mapping[str, str] | None = None) -> None:
        self._place = urlsplit(base).netloc
        self._headers = {"Host": HOST, "Connection": "close", **(headers or {})}

    def __call__(self, address: str, method: str = "GET", **headers: str) -> Answer:
        """Return the answer to a request; names of headers are written with underscores."""
        given = self._headers | {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(self._place, timeout=60)) as connection:
            connection.request(method, address, headers=given)
            return _read(connection)

    def send(self, address: str, body: bytes) -> Answer:
        """Return the answer to what is sent; a server may refuse it before it has it whole."""
        with closing(http.client.HTTPConnection(self._place, timeout=60)) as connection:
            with suppress(ConnectionError):
                connection.request("POST", address, body, self._headers)
            return _read(connection)


def _read(connection: http.client.HTTPConnection) -> Answer:
    answer = connection.getresponse()
    return Answer(answer.status, tuple(answer.getheaders()), answer.read())


@dataclass(frozen=True)
class Known:
    """Values of parameters: by name, or by route and name where a name means several things.

    `together` are the parameters of which all values are tried with all values of each other, where `fits` says so;
    the rest are tried one at a time, each on the choices whose subject (`of`) is one of `probes`. `always` are parameters
    that a route cannot do without although its description does not say so.
    """

    values: Mapping[str, Sequence[str]]
    own: Mapping[tuple[str, str], Sequence[str]]
    together: frozenset[str]
    subjects: tuple[str, ...]
    probes: frozenset[str]
    fits: Callable[[Mapping[str, str]], bool]
    always: frozenset[tuple[str, str]] = frozenset()

    def of(self, route: str, name: str, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
        """Return the values of a parameter: its own on a route, else those described, else those of its name."""
        told = list(self.own.get((route, name), ()))
        described = list(_described(schema, schemas)) if name not in self.together else []
        return told or described or list(self.values.get(name, ())) or list(_described(schema, schemas))


WRONG = ("", f"é/..\u202f'{'x' * 200}", "2099")


def addresses(description: Mapping[str, Any], known: Known) -> Iterator[tuple[str, str]]:
    """Yield (route, address) for every route: all values of the main parameters, the others and faults one by one.

    Raises AssertionError for a method that nothing asks, and a parameter that there are no values of.
    """
    schemas = description.get("components", {}).get("schemas", {})
    for route, methods in description["paths"].items():
        assert set(methods) <= {"get"}, f"{route}: {set(methods)}, a method that nothing asks"
        parameters = methods["get"].get("parameters", [])
        pools = {one["name"]: known.of(route, one["name"], one["schema"], schemas) for one in parameters}
        for name, pool in pools.items():
            assert pool, f"{route}: give the crawler values of « {name} »"
        needed = {one["name"] for one in parameters if one.get("required") or (route, one["name"]) in known.always}
        in_path = {one["name"] for one in parameters if one["in"] == "path"}
        main = [name for name in pools if name in known.together]
        choices = [[*pools[name]] if name in needed else [None, *pools[name]] for name in main]
        rest = {name: pools[name][0] for name in needed if name not in main}
        combined = []
        for chosen in itertools.product(*choices):
            given = rest | {name: one for name, one in zip(main, chosen, strict=True) if one is not None}
            if known.fits(given):
                combined.append(given)
                yield route, _address(route, given, in_path)
        bases: dict[str, dict[str, str]] = {}
        for given in combined:
            subject = next((given[name] for name in known.subjects if name in given), "")
            if subject in known.probes or not bases:
                bases.setdefault(subject, given)
        for base in bases.values():
            for name in pools:
                for value in pools[name]:
                    yield route, _address(route, base | {name: value}, in_path)
        base = next(iter(bases.values()))
        for name in pools:
            for value in WRONG:
                if value or name not in in_path:
                    yield route, _address(route, base | {name: value}, in_path)
        yield route, _address(route, base | {"inconnu": "1"}, in_path)


def _address(route: str, given: Mapping[str, str], in_path: Iterable[str]) -> str:
    path = route
    for name in in_path:
        path = path.replace(f"{{{name}}}", quote(str(given[name]), safe=":"))
    query = urlencode({name: value for name, value in given.items() if name not in in_path})
    return f"{path}?{query}" if query else path


def _described(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    """The values that a description gives: of an enumeration all, of a number its limits."""
    if "$ref" in schema:
        yield from _described(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    for one in schema.get("anyOf", ()):
        yield from _described(one, schemas)
    yield from map(str, schema.get("enum", ()))
    if schema.get("type") in ("integer", "number"):
        yield from (str(schema[name]) for name in ("minimum", "maximum") if name in schema)
    if schema.get("type") == "boolean":
        yield from ("true", "false")


def side_by_side(
    askers: Sequence[Asker], asked: Iterable[str], method: str = "GET", **headers: str
) -> Iterator[tuple[str, list[Answer]]]:
    """Yield each address with the answer of each server, which are asked at the same time."""
    with ThreadPoolExecutor(len(askers)) as beside:
        for address in asked:
            answers = [beside.submit(one, address, method, **headers) for one in askers]
            yield address, [answer.result() for answer in answers]
