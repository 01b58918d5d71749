"""Which format is answered: by its word, or by what the client accepts."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.errors import Invalid
from geo.formats.crs import SYSTEMS, named
from geo.formats.media_types import (
    CSV,
    FLATGEOBUF,
    FORMATS,
    GEOJSON,
    GEOPACKAGE,
    JSONFG,
    NotAcceptable,
    format_named,
    negotiated,
)


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, GEOJSON),
        ("", GEOJSON),
        ("*/*", GEOJSON),
        ("application/*", GEOJSON),
        ("text/*", CSV),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", GEOJSON),
        ("application/json", GEOJSON),
        ("application/geo+json; charset=utf-8", GEOJSON),
        ("application/flatgeobuf, application/geo+json;q=0.9", FLATGEOBUF),
        ("application/vnd.flatgeobuf", FLATGEOBUF),
        ("APPLICATION/GEOPACKAGE+SQLITE3", GEOPACKAGE),
        ("application/geo+json;q=0, */*;q=0.1", JSONFG),
        ("text/csv;header=present;q=0.2, application/fg+json;q=0.1", CSV),
        ("*/*, text/csv", CSV),
    ],
)
def test_what_is_preferred(accept, form):
    assert negotiated(accept) is form


@pytest.mark.parametrize("accept", ["image/png", "text/html", "*/*;q=0", "application/geo+json;q=0", "nonsense"])
def test_nothing_that_is_accepted(accept):
    with pytest.raises(NotAcceptable, match=r"application/geo\+json.*application/vnd\.google-earth\.kml\+xml"):
        negotiated(accept)


@given(st.text(max_size=60))
def test_no_header_is_an_accident(accept):
    with suppress(NotAcceptable):
        assert negotiated(accept) in FORMATS


def test_words():
    words = [word for form in FORMATS for word in (form.name, *form.aliases)]
    assert len(words) == len(set(words))
    assert all(format_named(word) for word in words)
    with pytest.raises(Invalid, match=r"«.docx.».*geojson, jsonfg"):
        format_named("docx")


def test_systems():
    assert [named(system.uri) for system in SYSTEMS] == list(SYSTEMS)
    with pytest.raises(Invalid, match="EPSG/0/2154"):
        named("EPSG:27572")
