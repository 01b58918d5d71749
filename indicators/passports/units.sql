-- The published values of the units of one territory, of two series side by side (or of one, given twice).
SELECT
    u.level,
    u.code,
    u.nom,
    a.value AS first,
    a.status::text AS first_status,
    b.value AS second,
    b.status::text AS second_status
FROM indicators.member AS m
INNER JOIN boundaries.territory AS u ON u.id = m.unit_id AND u.level = ANY(CAST(:units AS text []))
INNER JOIN indicators.value AS a ON a.series_id = :first_series AND a.territory_id = u.id
INNER JOIN indicators.value AS b ON b.series_id = :second_series AND b.territory_id = u.id
WHERE m.millesime = :to_millesime AND m.territory_id = :territory_id
ORDER BY u.code
