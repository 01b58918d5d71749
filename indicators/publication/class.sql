-- How many communes of each territory have a value of the first series within bounds (or the sum of their values), the
-- lower bound in and the upper one out. A commune whose value is not known, or says nothing of it, is in no class:
-- coverage is the share of the communes that could be looked at.
WITH units AS (
    SELECT
        v.territory_id AS unit_id,
        v.value,
        v.status,
        v.value IS NOT NULL AND v.status NOT IN ('not-significant', 'partial') AS usable,
        v.value >= CAST(:low AS double precision)
        AND (CAST(:high AS double precision) IS NULL OR v.value < CAST(:high AS double precision)) AS inside
    FROM indicators.value AS v
    INNER JOIN boundaries.territory AS t ON t.id = v.territory_id AND t.level = 'commune'
    WHERE v.series_id = :first_series
),

sums AS (
    SELECT
        m.territory_id,
        sum(CASE WHEN NOT u.inside THEN 0 WHEN CAST(:counted AS text) = 'value' THEN u.value ELSE 1 END)
            FILTER (WHERE u.usable) AS value,
        -- what does not apply to a commune is not to be covered
        count(*) FILTER (WHERE u.usable)::double precision
        / nullif(count(*) FILTER (WHERE u.status <> 'not-applicable'), 0) AS coverage,
        bool_or(u.status = 'secret') AS secret,
        bool_or(u.status = 'not-significant') AS not_significant,
        bool_or(u.status = 'impossible') AS impossible,
        bool_and(u.status = 'not-applicable') AS not_applicable,
        bool_or(u.status = 'estimated') AS estimated,
        bool_or(u.status = 'provisional') AS provisional
    FROM indicators.member AS m
    INNER JOIN units AS u ON u.unit_id = m.unit_id
    WHERE m.millesime = :to_millesime
    GROUP BY m.territory_id
)

INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    s.value,
    CASE
        WHEN coalesce(s.coverage, 0) = 0 AND s.secret THEN 'secret'
        WHEN coalesce(s.coverage, 0) = 0 AND s.not_significant THEN 'not-significant'
        WHEN coalesce(s.coverage, 0) = 0 AND s.impossible THEN 'impossible'
        WHEN s.not_applicable THEN 'not-applicable'
        WHEN coalesce(s.coverage, 0) = 0 THEN 'missing'
        WHEN s.coverage < 1 THEN 'partial'
        WHEN s.estimated THEN 'estimated'
        WHEN s.provisional THEN 'provisional'
        ELSE 'observed'
    END::indicators.status,
    coalesce(s.coverage, 0)
FROM boundaries.territory AS t
LEFT JOIN sums AS s ON s.territory_id = t.id
WHERE t.millesime = :to_millesime AND t.level = ANY(CAST(:levels AS text []))
ORDER BY t.id
