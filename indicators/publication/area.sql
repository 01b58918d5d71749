-- The surface of every territory of a millesime, in km².
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    t.area_m2 / 1e6,
    (CASE WHEN t.area_m2 IS NULL THEN 'missing' ELSE 'observed' END)::indicators.status,
    CASE WHEN t.area_m2 IS NULL THEN 0 ELSE 1 END
FROM boundaries.territory AS t
WHERE t.millesime = :to_millesime AND t.level = ANY(CAST(:levels AS text []))
ORDER BY t.id
