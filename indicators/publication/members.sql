-- Each territory with the units that make it, for every millesime: its communes, or itself for a commune and for a
-- municipal arrondissement (which is part of no sum). Integers only: every series joins this table.
CREATE TEMPORARY TABLE members ON COMMIT DROP AS
SELECT t.millesime, t.id AS territory_id, u.id AS unit_id
FROM boundaries.membership AS m
INNER JOIN boundaries.territory AS t
    ON t.millesime = m.millesime AND t.level = m.parent_level AND t.code = m.parent_code
INNER JOIN boundaries.territory AS u
    ON u.millesime = m.millesime AND u.level = m.level AND u.code = m.code
WHERE m.level = 'commune'
UNION ALL
SELECT t.millesime, t.id, t.id
FROM boundaries.territory AS t
WHERE t.level IN ('commune', 'arrondissement-municipal')
ORDER BY 1, 3, 2;

CREATE INDEX ON members (millesime);

ANALYZE members
