-- What adds up, of one import, expressed in another millesime and summed at every level.
--
-- Sums are made from the pieces of the import's own units, not from converted units: where all the pieces of a split
-- commune fall in the same territory, the total of that territory is exact.
WITH pieces AS MATERIALIZED (
    -- the imported units (communes and municipal arrondissements, or departements), as units of the target millesime
    SELECT
        v.code AS origin,
        u.id AS unit_id,
        coalesce(p.weight, 1) AS weight,
        coalesce(p.kind = 'impossible', false) AS unknown,
        p.from_code IS NOT NULL AS moved,
        v.value,
        v.status
    FROM indicators.import_value AS v
    LEFT JOIN boundaries.passage AS p
        ON p.from_millesime = :from_millesime
        AND p.to_millesime = :to_millesime
        AND p.from_code = v.code
        AND v.level = 'commune'
    INNER JOIN boundaries.territory AS u
        ON u.millesime = :to_millesime AND u.level = v.level AND u.code = coalesce(p.to_code, v.code)
    WHERE v.import_id = :import_id AND v.level = ANY(CAST(:units AS text []))
),

touched AS (
    -- the units that something moved into; every other one is a unit of the import, whole and alone
    SELECT DISTINCT unit_id
    FROM pieces
    WHERE moved
),

everywhere AS (
    -- and the units of the target that no unit of the import reaches: nobody said anything of them
    SELECT p.unit_id, p.weight, p.value, p.status FROM pieces AS p
    UNION ALL
    SELECT u.id, 1, NULL, 'missing'::indicators.status
    FROM boundaries.territory AS u
    WHERE
        u.millesime = :to_millesime
        AND u.level = ANY(CAST(:units AS text []))
        AND NOT EXISTS (SELECT 1 FROM pieces AS p WHERE p.unit_id = u.id)
),

cut AS (
    -- territories that hold a part of an imported unit without holding it all: their sum is an estimate, or cannot be
    -- made where nobody knows how much the part is
    SELECT territory_id, bool_or(unknown) AS unknown
    FROM (
        SELECT m.territory_id, bool_or(p.unknown) AS unknown
        FROM pieces AS p
        INNER JOIN indicators.member AS m ON m.millesime = :to_millesime AND m.unit_id = p.unit_id
        WHERE p.weight < 1 - 1e-9 AND p.value IS NOT NULL
        GROUP BY m.territory_id, p.origin
        HAVING sum(p.weight) < 1 - 1e-9
    ) AS parts
    GROUP BY territory_id
),

sums AS (
    -- a unit that nothing moved into is itself: there is nothing to sum
    SELECT
        p.unit_id AS territory_id,
        p.value,
        CASE WHEN p.value IS NULL THEN 0 ELSE 1 END::double precision AS coverage,
        p.status AS lowest,
        p.status AS highest,
        p.status = 'partial' AS partial,
        p.status = 'provisional' AS provisional,
        p.status IN ('estimated', 'not-significant') AS estimated,
        p.status = 'not-significant' AS not_significant,
        p.status = 'secret' AS secret
    FROM everywhere AS p
    WHERE p.unit_id NOT IN (SELECT unit_id FROM touched)
    UNION ALL
    SELECT
        m.territory_id,
        sum(p.value * p.weight) AS value,
        -- what does not apply to a unit is not to be covered
        coalesce(sum(p.weight) FILTER (WHERE p.value IS NOT NULL), 0)
        / nullif(sum(p.weight) FILTER (WHERE p.status <> 'not-applicable'), 0) AS coverage,
        -- of the values that are there, or of what is said where none is
        coalesce(min(p.status) FILTER (WHERE p.value IS NOT NULL), min(p.status)) AS lowest,
        coalesce(max(p.status) FILTER (WHERE p.value IS NOT NULL), max(p.status)) AS highest,
        bool_or(p.status = 'partial') AS partial,
        bool_or(p.status = 'provisional') AS provisional,
        -- a value that says nothing of its unit counts in the sum, which is then an estimate
        bool_or(p.status IN ('estimated', 'not-significant')) AS estimated,
        bool_or(p.status = 'not-significant') AS not_significant,
        bool_or(p.status = 'secret') AS secret
    FROM everywhere AS p
    INNER JOIN indicators.member AS m ON m.millesime = :to_millesime AND m.unit_id = p.unit_id
    WHERE m.territory_id <> m.unit_id OR p.unit_id IN (SELECT unit_id FROM touched)
    GROUP BY m.territory_id
)

INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    CASE WHEN c.unknown THEN NULL ELSE s.value END,
    CASE
        WHEN c.unknown THEN 'impossible'
        WHEN s.territory_id IS NULL THEN 'missing'
        WHEN s.value IS NULL AND s.lowest = s.highest THEN s.lowest
        WHEN s.value IS NULL AND s.secret THEN 'secret'
        WHEN s.value IS NULL AND s.not_significant THEN 'not-significant'
        WHEN s.value IS NULL THEN 'missing'
        WHEN s.coverage < 1 - 1e-9 OR s.partial THEN 'partial'
        WHEN c.territory_id IS NOT NULL THEN 'estimated'
        WHEN s.lowest = s.highest THEN s.lowest
        WHEN s.estimated THEN 'estimated'
        WHEN s.provisional THEN 'provisional'
        ELSE 'observed'
    END::indicators.status,
    CASE WHEN c.unknown THEN 0 ELSE coalesce(s.coverage, 0) END
FROM boundaries.territory AS t
LEFT JOIN sums AS s ON s.territory_id = t.id
LEFT JOIN cut AS c ON c.territory_id = t.id
WHERE t.millesime = :to_millesime AND t.level = ANY(CAST(:levels AS text []))
ORDER BY t.id
