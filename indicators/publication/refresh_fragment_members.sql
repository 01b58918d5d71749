-- The territories that each fragment of one millesime is a part of.
INSERT INTO indicators.fragment_member (millesime, fragment, territory_id)
SELECT DISTINCT m.millesime, f.fragment, m.territory_id
FROM indicators.fragment AS f
INNER JOIN indicators.member AS m ON m.millesime = f.millesime AND m.unit_id = f.unit_id
WHERE f.millesime = :millesime AND m.territory_id <> m.unit_id
ORDER BY f.fragment, m.territory_id
