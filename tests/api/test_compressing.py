"""Which coding a client is sent, and that what is compressed is what was given."""

import gzip
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from api.compressing import CODINGS, Coding, negotiated
from api.documents import SMALL, Documents, document

UNPACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
}


@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        ("", None),
        ("identity", None),
        ("compress, deflate", None),
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("gzip, deflate, br, zstd", next(iter(CODINGS))),
        ("br;q=0.9, zstd;q=0.5, gzip;q=0.8", "br"),
        ("gzip;q=1.0, br;q=0.9", "gzip"),
        ("gzip; q=0.001", "gzip"),
        ("gzip;q=0", None),
        ("br;q=0, zstd;q=0.000, *;q=0.2", "gzip"),
        ("*", next(iter(CODINGS))),
        ("*;q=0", None),
        ("identity;q=1, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("gzip;q=2, br", "br"),
        ("gzip;q=many, br;level=5", None),
        (" , ;q=1,,br ", "br"),
        ("gzip" + " " * 400, None),
    ],
)
def test_the_coding_that_a_client_wants_most(accepted: str, name: str | None) -> None:
    found = negotiated(accepted.encode())
    assert (found.name if found else None) == name


@given(st.text(max_size=80))
def test_any_header_has_an_answer(accepted: str) -> None:
    found = negotiated(accepted.encode())
    assert found is None or found.name in accepted.lower() or "*" in accepted


@pytest.mark.parametrize("coding", CODINGS.values(), ids=lambda coding: coding.name)
@settings(max_examples=20)
@given(chunks=st.lists(st.binary(max_size=4000), max_size=8))
def test_what_is_compressed_is_what_was_given(coding: Coding, chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    unpack = UNPACK[coding.name]
    assert unpack(coding.whole(body)) == body
    assert unpack(b"".join(coding.stream(iter(chunks)))) == body


@pytest.mark.parametrize("coding", CODINGS.values(), ids=lambda coding: coding.name)
def test_the_first_chunk_of_a_stream_can_be_read_at_once(coding: Coding) -> None:
    def chunks():
        yield b"the first" * 10
        raise AssertionError("the first was not sent before the second was asked for")

    assert len(next(coding.stream(chunks()))) > 10


def test_a_document_is_compressed_once_in_each_coding_that_is_asked_for() -> None:
    made = document(b"some text " * 1000, "text/plain")
    assert made.forms == {}
    once = {name: made.coded(coding) for name, coding in CODINGS.items()}
    assert all(once[name] is made.coded(coding) for name, coding in CODINGS.items())
    assert all(UNPACK[name](packed) == made.body for name, packed in once.items() if packed)
    assert made.weight > len(made.body) + sum(len(packed or b"") for packed in once.values())


def test_what_compression_would_not_make_smaller_is_sent_as_it_is() -> None:
    packed = CODINGS["zstd"].whole(bytes(range(256)) * 200 + gzip.compress(b"x")) * 30
    noise = b"".join(bytes([i * i * 31 % 251, i * 7 % 256]) for i in range(100))
    assert document(b"x" * SMALL, "text/plain").coded(CODINGS["gzip"]) is None
    assert document(noise + gzip.compress(packed)[:10], "text/plain").coded(CODINGS["br"]) is None


def test_forms_made_later_count_in_the_weight_that_is_kept() -> None:
    kept = Documents(limit=12_000)
    for name in "ab":
        kept.get_or_build(name, lambda: document(b"".join(b"%d " % (n * n) for n in range(800)), "text/plain"))
    first = kept.get("b")
    assert first is not None
    assert kept.get("a") is not None
    for coding in CODINGS.values():
        first.coded(coding)
    assert kept.get("b") is first
    assert kept.get("a") is None
