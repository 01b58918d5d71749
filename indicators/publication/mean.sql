-- A weighted mean of one import, weighted by another, expressed in another millesime and taken at every level:
-- sum of weight x mean over sum of weight. A unit without a mean or without a weight is not in it, nor one of which
-- either says nothing; coverage is the share of the units that count (one without a mean because its weight is zero
-- does not). A territory that is one unit keeps the producer's own mean, which needs no weight.
WITH pieces AS MATERIALIZED (
    SELECT
        v.code AS origin,
        u.id AS unit_id,
        coalesce(p.weight, 1) AS share,
        coalesce(p.kind = 'impossible', false) AS unknown,
        v.value AS mean,
        w.value AS weight,
        v.status,
        w.status AS weight_status,
        coalesce(
            v.value IS NOT NULL
            AND w.value >= 0
            AND v.status NOT IN ('not-significant', 'partial')
            AND w.status NOT IN ('not-significant', 'partial'),
            false
        ) AS usable,
        coalesce(
            v.status = 'not-applicable' OR w.status = 'not-applicable' OR (v.value IS NULL AND w.value = 0), false
        ) AS empty
    FROM indicators.import_value AS v
    LEFT JOIN indicators.import_value AS w
        ON w.import_id = :weight_import_id AND w.level = v.level AND w.code = v.code
    LEFT JOIN boundaries.passage AS p
        ON p.from_millesime = :from_millesime
        AND p.to_millesime = :to_millesime
        AND p.from_code = v.code
        AND v.level = 'commune'
    INNER JOIN boundaries.territory AS u
        ON u.millesime = :to_millesime AND u.level = v.level AND u.code = coalesce(p.to_code, v.code)
    WHERE v.import_id = :import_id AND v.level = ANY(CAST(:units AS text []))
),

everywhere AS (
    -- and the units of the target that no unit of the import reaches: nobody said anything of them
    SELECT p.unit_id, p.share, p.mean, p.weight, p.status, p.weight_status, p.usable, p.empty FROM pieces AS p
    UNION ALL
    SELECT u.id, 1, NULL, NULL, 'missing'::indicators.status, NULL, false, false
    FROM boundaries.territory AS u
    WHERE
        u.millesime = :to_millesime
        AND u.level = ANY(CAST(:units AS text []))
        AND NOT EXISTS (SELECT 1 FROM pieces AS p WHERE p.unit_id = u.id)
),

cut AS (
    -- territories that hold a part of a unit that has a mean without holding it all: the weights are shared out, an
    -- estimate; a territory made of parts of one unit alone keeps its mean, but that it holds for the part is an
    -- estimate too; where nobody knows how much a part is, no mean can be made with it
    SELECT territory_id, bool_or(unknown) AS unknown
    FROM (
        SELECT m.territory_id, bool_or(p.unknown) AS unknown
        FROM pieces AS p
        INNER JOIN indicators.member AS m ON m.millesime = :to_millesime AND m.unit_id = p.unit_id
        WHERE p.share < 1 - 1e-9 AND p.mean IS NOT NULL
        GROUP BY m.territory_id, p.origin
        HAVING sum(p.share) < 1 - 1e-9
    ) AS parts
    GROUP BY territory_id
),

sums AS (
    SELECT
        m.territory_id,
        CASE WHEN count(*) = 1
            THEN min(p.mean)
            ELSE sum(p.mean * p.weight * p.share) FILTER (WHERE p.usable)
                / nullif(sum(p.weight * p.share) FILTER (WHERE p.usable), 0)
        END AS value,
        CASE WHEN count(*) = 1
            THEN 1
            ELSE coalesce(sum(p.share) FILTER (WHERE p.usable), 0) / nullif(sum(p.share) FILTER (WHERE NOT p.empty), 0)
        END AS coverage,
        CASE WHEN count(*) = 1 THEN min(p.status) END AS own,
        -- nothing is there of what would be averaged
        bool_and(p.empty) OR coalesce(sum(p.weight * p.share) FILTER (WHERE p.usable) = 0, false) AS empty,
        bool_or(p.status = 'provisional' OR p.weight_status = 'provisional') AS provisional,
        bool_or(p.status = 'estimated' OR p.weight_status = 'estimated') AS estimated,
        bool_or(p.status = 'secret' OR p.weight_status = 'secret') AS secret,
        bool_or(p.status = 'not-significant' OR p.weight_status = 'not-significant') AS not_significant
    FROM everywhere AS p
    INNER JOIN indicators.member AS m ON m.millesime = :to_millesime AND m.unit_id = p.unit_id
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
        WHEN s.value IS NULL AND s.empty THEN 'not-applicable'
        WHEN s.value IS NULL AND s.secret THEN 'secret'
        WHEN s.value IS NULL AND s.not_significant THEN 'not-significant'
        WHEN s.value IS NULL THEN 'missing'
        WHEN s.coverage < 1 - 1e-9 THEN 'partial'
        WHEN c.territory_id IS NOT NULL THEN 'estimated'
        WHEN s.own IS NOT NULL THEN s.own
        WHEN s.estimated THEN 'estimated'
        WHEN s.provisional THEN 'provisional'
        ELSE 'observed'
    END::indicators.status,
    CASE WHEN c.unknown OR s.value IS NULL THEN 0 ELSE s.coverage END
FROM boundaries.territory AS t
LEFT JOIN sums AS s ON s.territory_id = t.id
LEFT JOIN cut AS c ON c.territory_id = t.id
WHERE t.millesime = :to_millesime AND t.level = ANY(CAST(:levels AS text []))
ORDER BY t.id
