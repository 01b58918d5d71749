"""Layers as JSON Schemas (OGC API Features part 5), and French units as UCUM writes them."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from geo.formats.jsonschema import property_schema, schema
from geo.formats.layer import Field, Kind, Layer
from geo.formats.units import ucum

FIELDS = (
    Field("code", "Code"),
    Field("rang", "Rang", Kind.INTEGER),
    Field("part", "Part", Kind.NUMBER, "%", "De 0 à 100"),
    Field("littoral", "Littoral", Kind.FLAG),
    Field("creation", "Création", Kind.DAY),
    Field("lu", "Lu", Kind.INSTANT),
    Field("statut", "Statut", labels={"a": "bon", "b": "secret"}),
    Field("classe", "Classe", Kind.NUMBER, "catégorie", labels={"1": "dense", "2": "rural"}),
)
LAYER = Layer("lieux", "Lieux", sa.select(), FIELDS, ("lieux",), description="Des lieux")


def test_a_schema_says_the_type_of_each_field_and_where_the_shape_is() -> None:
    found = schema(LAYER, "https://example.org/schema")
    Draft202012Validator.check_schema(found)
    assert (found["$id"], found["title"], found["description"]) == (
        "https://example.org/schema",
        "Lieux",
        "Des lieux",
    )
    told = found["properties"]
    assert {name: (one.get("type"), one.get("format")) for name, one in told.items()} == {
        "code": ("string", None),
        "rang": ("integer", None),
        "part": ("number", None),
        "littoral": ("boolean", None),
        "creation": ("string", "date"),
        "lu": ("string", "date-time"),
        "statut": ("string", None),
        "classe": ("number", None),
        "geom": (None, "geometry-multipolygon"),
    }
    assert told["code"]["x-ogc-role"] == "id"
    assert told["geom"]["x-ogc-role"] == "primary-geometry"
    assert told["part"] | {"x-ogc-propertySeq": 0} == {
        "title": "Part (%)", "description": "De 0 à 100", "type": "number", "x-ogc-unit": "%", "readOnly": True,
        "x-ogc-propertySeq": 0,
    }  # fmt: skip
    assert "geom" not in schema(LAYER, "", shaped=False)["properties"]


def test_codes_are_of_the_type_of_their_field_and_have_no_unit() -> None:
    assert property_schema(FIELDS[6])["oneOf"] == [
        {"const": "a", "title": "bon"},
        {"const": "b", "title": "secret"},
    ]
    numbered = property_schema(FIELDS[7])
    assert numbered["enum"] == [1, 2]
    assert "x-ogc-unit" not in numbered
    validator = Draft202012Validator(numbered)
    assert validator.is_valid(1.0)
    assert not validator.is_valid(3)


@pytest.mark.parametrize(
    ("unit", "code"),
    [
        ("€ par m²", "{EUR}/m2"),
        ("personnes par ménage", "{personnes}/{menage}"),
        ("pour 100 000 habitants", "/10*5{habitants}"),
    ],
)
def test_french_units_are_written_as_ucum_has_them(unit: str, code: str) -> None:
    assert ucum(unit) == code


@given(st.text(min_size=1))
def test_a_unit_is_written_in_ascii_without_a_space(unit: str) -> None:
    code = ucum(unit)
    assert code.isascii()
    assert not any(letter.isspace() for letter in code)
    assert code.count("{") == code.count("}")
