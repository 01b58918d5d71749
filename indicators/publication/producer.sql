-- Values that no formula gives (medians, quantiles, ratios known without their parts, indices of a producer), carried into
-- another millesime: they hold for the territories that did not change, under the same code or under a new one; for
-- the others the conversion is impossible. In the geography of their delivery they are in own.sql.
WITH delivered AS (
    -- which import gives which level
    SELECT i.import_id, i.level
    FROM unnest(CAST(:import_ids AS integer []), CAST(:levels AS text [])) AS i (import_id, level)
),

pieces AS MATERIALIZED (
    -- every commune of the geography of delivery, as communes of the target
    SELECT d.id AS origin_id, u.id AS unit_id
    FROM boundaries.territory AS d
    LEFT JOIN boundaries.passage AS p
        ON p.from_millesime = :from_millesime AND p.to_millesime = :to_millesime AND p.from_code = d.code
    LEFT JOIN boundaries.territory AS u
        ON u.millesime = :to_millesime AND u.level = 'commune' AND u.code = coalesce(p.to_code, d.code)
    WHERE d.millesime = :from_millesime AND d.level = 'commune'
),

renamed AS (
    -- communes whose whole and nothing else is one commune of the target: the same commune, whatever its code
    SELECT p.unit_id, p.origin_id
    FROM pieces AS p
    INNER JOIN (SELECT unit_id FROM pieces GROUP BY unit_id HAVING count(*) = 1) AS alone
        ON alone.unit_id = p.unit_id
    INNER JOIN (SELECT origin_id FROM pieces GROUP BY origin_id HAVING count(*) = 1) AS whole
        ON whole.origin_id = p.origin_id
),

before AS (
    -- the pieces of each upper territory in the geography of delivery
    SELECT s.level, s.code, p.origin_id, p.unit_id
    FROM pieces AS p
    INNER JOIN indicators.member AS m ON m.millesime = :from_millesime AND m.unit_id = p.origin_id
    INNER JOIN boundaries.territory AS s ON s.id = m.territory_id AND s.level <> 'commune'
),

after AS (
    -- and those of each upper territory of the target, its communes that come from nowhere known included
    SELECT s.level, s.code, p.origin_id, u.id AS unit_id
    FROM boundaries.territory AS u
    INNER JOIN indicators.member AS m ON m.millesime = :to_millesime AND m.unit_id = u.id
    INNER JOIN boundaries.territory AS s ON s.id = m.territory_id AND s.level <> 'commune'
    LEFT JOIN pieces AS p ON p.unit_id = u.id
    WHERE u.millesime = :to_millesime AND u.level = 'commune'
),

unchanged AS (
    -- upper territories made of the same pieces on both sides
    SELECT level, code
    FROM before AS b
    FULL JOIN after AS a USING (level, code, origin_id, unit_id)
    GROUP BY level, code
    HAVING bool_and(b.level IS NOT NULL AND a.level IS NOT NULL)
),

same AS (
    -- each territory of the target with the code under which the producer gave its value
    SELECT r.unit_id AS id, 'commune' AS level, d.code AS delivered_code
    FROM renamed AS r
    INNER JOIN boundaries.territory AS d ON d.id = r.origin_id
    UNION ALL
    SELECT t.id, t.level, t.code
    FROM unchanged AS n
    INNER JOIN boundaries.territory AS t
        ON t.millesime = :to_millesime AND t.level = n.level AND t.code = n.code
    UNION ALL
    -- a municipal arrondissement never changes
    SELECT t.id, t.level, t.code
    FROM boundaries.territory AS t
    WHERE
        t.millesime = :to_millesime
        AND t.level = 'arrondissement-municipal'
)

INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    v.value,
    CASE
        WHEN s.id IS NULL THEN 'impossible'
        WHEN v.code IS NULL THEN 'missing'
        ELSE v.status::text
    END::indicators.status,
    CASE WHEN v.value IS NULL THEN 0 ELSE 1 END
FROM boundaries.territory AS t
INNER JOIN delivered AS d ON d.level = t.level
LEFT JOIN same AS s ON s.id = t.id
LEFT JOIN (
    -- these imports alone: joined on their ids, the whole table of values would be read
    SELECT *
    FROM indicators.import_value
    WHERE import_id = ANY(CAST(:import_ids AS integer []))
) AS v
    ON v.import_id = d.import_id AND v.level = t.level AND v.code = s.delivered_code
WHERE t.millesime = :to_millesime
ORDER BY t.id
