-- Two published series put side by side for every territory of a millesime: the sums of both over the communes
-- where both can be used. A ratio, a density and a growth rate are formulas of these two sums (never means of
-- rates); coverage is the share of the territory's units that could be used.
CREATE TEMPORARY TABLE pairs ON COMMIT DROP AS
WITH units AS (
    -- the units (communes and municipal arrondissements, or departements) with both values; one that is not
    -- significant cannot be used
    SELECT
        a.territory_id AS unit_id,
        a.value AS first,
        b.value AS second,
        a.status AS first_status,
        b.status AS second_status,
        a.value IS NOT NULL AND b.value IS NOT NULL
        AND a.status NOT IN ('not-significant', 'partial')
        AND b.status NOT IN ('not-significant', 'partial') AS usable,
        a.status <> 'not-applicable' AND b.status <> 'not-applicable' AS concerned
    FROM indicators.value AS a
    INNER JOIN indicators.value AS b ON b.series_id = :second_series AND b.territory_id = a.territory_id
    INNER JOIN boundaries.territory AS t ON t.id = a.territory_id AND t.level = ANY(CAST(:units AS text []))
    WHERE a.series_id = :first_series
),

sums AS (
    SELECT
        m.territory_id,
        sum(u.first) FILTER (WHERE u.usable) AS first,
        sum(u.second) FILTER (WHERE u.usable) AS second,
        -- what does not apply to a unit is not to be covered
        count(*) FILTER (WHERE u.usable)::double precision
        / nullif(count(*) FILTER (WHERE u.concerned), 0) AS coverage,
        bool_or(u.first_status = 'secret' OR u.second_status = 'secret') AS secret,
        bool_or(u.first_status = 'not-significant' OR u.second_status = 'not-significant') AS not_significant,
        bool_or(u.first_status = 'impossible' OR u.second_status = 'impossible') AS impossible,
        bool_or(u.first_status = 'missing' OR u.second_status = 'missing') AS missing,
        bool_or(u.concerned) AS concerned
    FROM indicators.member AS m
    INNER JOIN units AS u ON u.unit_id = m.unit_id
    WHERE m.millesime = :to_millesime
    GROUP BY m.territory_id
)

SELECT
    t.id AS territory_id,
    s.first,
    s.second,
    coalesce(s.coverage, 0) AS coverage,
    -- what hinders or weakens the value, from the sums above and from the statuses of the two series there
    CASE
        WHEN coalesce(s.coverage, 0) = 0 AND s.secret THEN 'secret'
        WHEN coalesce(s.coverage, 0) = 0 AND s.not_significant THEN 'not-significant'
        WHEN coalesce(s.coverage, 0) = 0 AND s.impossible THEN 'impossible'
        WHEN NOT s.concerned AND NOT s.missing THEN 'not-applicable'
        WHEN coalesce(s.coverage, 0) = 0 THEN 'missing'
        WHEN s.coverage < 1 THEN 'partial'
        WHEN a.status = 'estimated' OR b.status = 'estimated' THEN 'estimated'
        WHEN a.status = 'provisional' OR b.status = 'provisional' THEN 'provisional'
        ELSE 'observed'
    END::indicators.status AS status
FROM boundaries.territory AS t
INNER JOIN indicators.value AS a ON a.series_id = :first_series AND a.territory_id = t.id
INNER JOIN indicators.value AS b ON b.series_id = :second_series AND b.territory_id = t.id
LEFT JOIN sums AS s ON s.territory_id = t.id
WHERE t.millesime = :to_millesime AND t.level = ANY(CAST(:levels AS text []))
