"""Geometry, PostGIS, tiles, formats and maps.

The ground floor: it knows nothing about communes or indicators, and imports none of the floors above.
"""
