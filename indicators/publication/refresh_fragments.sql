-- The fragments of one millesime: units that are parts of the very same territories make one.
INSERT INTO indicators.fragment (millesime, unit_id, fragment)
SELECT :millesime, unit_id, dense_rank() OVER (ORDER BY parents)
FROM (
    SELECT unit_id, array_agg(territory_id ORDER BY territory_id) AS parents
    FROM indicators.member
    WHERE millesime = :millesime AND territory_id <> unit_id
    GROUP BY unit_id
) AS units
ORDER BY unit_id
