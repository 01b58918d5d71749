-- The units of every territory of one millesime, taken from its memberships: its communes; the departements too, for
-- what is known of nothing smaller; and itself, for what is known of it alone. Integers only: every series joins this
-- table.
INSERT INTO indicators.member (millesime, territory_id, unit_id)
SELECT t.millesime, t.id, u.id
FROM boundaries.membership AS m
INNER JOIN boundaries.territory AS t
    ON t.millesime = m.millesime AND t.level = m.parent_level AND t.code = m.parent_code
INNER JOIN boundaries.territory AS u
    ON u.millesime = m.millesime AND u.level = m.level AND u.code = m.code
WHERE m.millesime = :millesime
  AND (m.level = 'commune' OR (m.level = 'departement' AND m.parent_level IN ('region', 'france')))
UNION ALL
SELECT t.millesime, t.id, t.id
FROM boundaries.territory AS t
WHERE t.millesime = :millesime
ORDER BY 1, 2, 3
