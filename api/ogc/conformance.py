"""What the interface conforms to: each class of OGC's standards, with the module of tests that proves it.

A class is declared when it is here, and is here when a test that is named after it passes. Those of parts 6 and 8 are
of drafts (24-019 and 24-030 of 2026), by the addresses that these give them; what no draft names, as `skipGeometry`, is
declared nowhere.
"""

FEATURES_1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
FEATURES_2 = "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/"
FEATURES_3 = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/"
FEATURES_5 = "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/"
FEATURES_6 = "http://www.opengis.net/spec/ogcapi-features-6/1.0/conf/"
FEATURES_8 = "http://www.opengis.net/spec/ogcapi-features-8/1.0/conf/"
TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/"
GRIDS = "http://www.opengis.net/spec/tms/2.0/conf/"
RECORDS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/"
CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf/"

CORE = "tests/ogc/test_part1_core.py"
REPRESENTATIONS = "tests/ogc/test_part1_representations.py"
DESCRIPTION = "tests/ogc/test_part1_oas30.py"
QUERYABLES = "tests/ogc/test_part3_queryables.py"
SCHEMAS = "tests/ogc/test_part5_schemas.py"
SELECTION = "tests/ogc/test_part6_properties.py"
SORTING = "tests/ogc/test_part8_sorting.py"
FILTERS = "tests/api/test_filters.py"
CATALOGUE = "tests/ogc/test_records.py"
SYSTEMS = "tests/ogc/test_part2_crs.py"
TILED = "tests/ogc/test_tiles.py"
LANGUAGE = "tests/geo/cql2/test_conformance.py"

CLASSES: dict[str, str] = {
    f"{FEATURES_1}core": CORE,
    f"{FEATURES_1}geojson": REPRESENTATIONS,
    f"{FEATURES_1}html": REPRESENTATIONS,
    f"{FEATURES_1}oas30": DESCRIPTION,
    f"{FEATURES_2}crs": SYSTEMS,
    f"{FEATURES_3}queryables": QUERYABLES,
    f"{FEATURES_3}queryables-query-parameters": QUERYABLES,
    f"{FEATURES_3}filter": FILTERS,
    f"{FEATURES_3}features-filter": FILTERS,
    f"{FEATURES_5}schemas": SCHEMAS,
    f"{FEATURES_5}core-roles-features": SCHEMAS,
    f"{FEATURES_5}returnables-and-receivables": SCHEMAS,
    f"{FEATURES_5}queryables": SCHEMAS,
    f"{FEATURES_5}sortables": SCHEMAS,
    f"{FEATURES_6}properties": SELECTION,
    f"{FEATURES_6}properties-features": SELECTION,
    f"{FEATURES_8}sortables": SORTING,
    f"{FEATURES_8}sorting": SORTING,
    f"{FEATURES_8}features-sorting": SORTING,
    f"{CQL2}cql2-text": LANGUAGE,
    f"{CQL2}cql2-json": LANGUAGE,
    f"{CQL2}basic-cql2": LANGUAGE,
    f"{CQL2}advanced-comparison-operators": LANGUAGE,
    f"{CQL2}case-insensitive-comparison": LANGUAGE,
    f"{CQL2}accent-insensitive-comparison": LANGUAGE,
    f"{CQL2}basic-spatial-functions": LANGUAGE,
    f"{CQL2}basic-spatial-functions-plus": LANGUAGE,
    f"{CQL2}basic-spatial-operators": LANGUAGE,  # its name before the standard: QGIS looks for it alone
    f"{CQL2}spatial-functions": LANGUAGE,
    f"{CQL2}temporal-functions": LANGUAGE,
    f"{CQL2}property-property": LANGUAGE,
    f"{CQL2}arithmetic": LANGUAGE,
    f"{RECORDS}record-core": CATALOGUE,
    f"{RECORDS}record-collection": CATALOGUE,
    f"{RECORDS}record-core-query-parameters": CATALOGUE,
    f"{RECORDS}records-api": CATALOGUE,
    f"{RECORDS}searchable-catalog": CATALOGUE,
    f"{RECORDS}json": CATALOGUE,
    f"{TILES}core": TILED,
    f"{TILES}tileset": TILED,
    f"{TILES}tilesets-list": TILED,
    f"{TILES}geodata-tilesets": TILED,
    f"{TILES}dataset-tilesets": TILED,
    f"{TILES}collections-selection": TILED,
    f"{TILES}mvt": TILED,
    f"{GRIDS}tilematrixset": TILED,
    f"{GRIDS}tilematrixsetlimits": TILED,
    f"{GRIDS}tilesetmetadata": TILED,
    f"{GRIDS}json-tilematrixset": TILED,
    f"{GRIDS}json-tilematrixsetlimits": TILED,
    f"{GRIDS}json-tilesetmetadata": TILED,
}
