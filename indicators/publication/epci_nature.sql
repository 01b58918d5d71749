-- The kind of each EPCI, by the numbers of the indicator's sheet; a kind that the sheet does not know is missing.
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    k.number,
    (CASE WHEN k.number IS NULL THEN 'missing' ELSE 'observed' END)::indicators.status,
    CASE WHEN k.number IS NULL THEN 0 ELSE 1 END
FROM boundaries.territory AS t
LEFT JOIN (VALUES ('CC', 1), ('CA', 2), ('CU', 3), ('METRO', 4), ('MET69', 4)) AS k (nature, number) ON k.nature = t.nature
WHERE t.millesime = :to_millesime AND t.level = 'epci'
ORDER BY t.id
