-- A stock of one import, expressed in another millesime and summed at every level.
--
-- Sums are made from the pieces of the import's own communes, not from converted communes: where all the pieces
-- of a split commune fall in the same territory, the total of that territory is exact.
WITH pieces AS (
    -- the imported communes and municipal arrondissements, under the codes of the target millesime
    SELECT
        v.level,
        v.code AS origin,
        coalesce(p.to_code, v.code) AS code,
        coalesce(p.weight, 1) AS weight,
        v.value,
        v.status
    FROM indicators.import_value AS v
    LEFT JOIN boundaries.passage AS p
        ON p.from_millesime = :from_millesime
        AND p.to_millesime = :to_millesime
        AND p.from_code = v.code
        AND v.level = 'commune'
    WHERE v.import_id = :import_id
),

members AS (
    -- each territory with the communes that make it; a commune or an arrondissement is made of itself
    SELECT t.id AS territory_id, m.level, m.code
    FROM boundaries.membership AS m
    INNER JOIN boundaries.territory AS t
        ON t.millesime = m.millesime AND t.level = m.parent_level AND t.code = m.parent_code
    WHERE m.millesime = :to_millesime AND m.level = 'commune'
    UNION ALL
    SELECT t.id, t.level, t.code
    FROM boundaries.territory AS t
    WHERE t.millesime = :to_millesime AND t.level IN ('commune', 'arrondissement-municipal')
),

contributions AS (
    -- what each imported commune brings to each territory: its share there, all pieces together
    SELECT m.territory_id, p.origin, p.value, p.status, sum(p.weight) AS weight
    FROM members AS m
    INNER JOIN pieces AS p ON p.level = m.level AND p.code = m.code
    GROUP BY m.territory_id, p.origin, p.value, p.status
),

sums AS (
    SELECT
        territory_id,
        sum(value * weight) AS value,
        coalesce(sum(weight) FILTER (WHERE value IS NOT NULL), 0) / sum(weight) AS coverage,
        bool_or(weight < 1 - 1e-9) FILTER (WHERE value IS NOT NULL) AS split,
        count(*) AS origins,
        min(status) AS lowest,
        max(status) AS highest,
        bool_or(status = 'provisional') AS provisional,
        bool_or(status = 'estimated') AS estimated,
        bool_or(status = 'secret') AS secret
    FROM contributions
    GROUP BY territory_id
)

INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    s.value,
    CASE
        WHEN s.territory_id IS NULL THEN 'missing'
        WHEN s.value IS NULL AND s.lowest = s.highest THEN s.lowest
        WHEN s.value IS NULL AND s.secret THEN 'secret'
        WHEN s.value IS NULL THEN 'missing'
        WHEN s.coverage < 1 - 1e-9 THEN 'partial'
        WHEN s.split THEN 'estimated'
        WHEN s.origins = 1 THEN s.lowest
        WHEN s.estimated THEN 'estimated'
        WHEN s.provisional THEN 'provisional'
        ELSE 'observed'
    END::indicators.status,
    coalesce(s.coverage, 0)
FROM boundaries.territory AS t
LEFT JOIN sums AS s ON s.territory_id = t.id
WHERE t.millesime = :to_millesime
ORDER BY t.id
