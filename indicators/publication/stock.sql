-- What adds up, of one import, expressed in another millesime and summed at every level.
--
-- Sums are made from the pieces of the import's own units, not from converted units: where all the pieces of a split
-- commune fall in the same territory, the total of that territory is exact.
WITH words (status, bit) AS (
    -- statuses as bits: a sum of thousands of units ors them, in place of one aggregate for each status
    VALUES
        ('observed'::indicators.status, 1),
        ('provisional', 2),
        ('estimated', 4),
        ('partial', 8),
        ('not-significant', 16),
        ('secret', 32),
        ('missing', 64),
        ('not-applicable', 128),
        ('impossible', 256)
),

moves AS MATERIALIZED (
    -- communes whose code or perimeter changed
    SELECT from_code, to_code, weight, kind = 'impossible' AS unknown
    FROM boundaries.passage
    WHERE from_millesime = :from_millesime AND to_millesime = :to_millesime
),

whole AS MATERIALIZED (
    -- the units that nothing moved into: what was said of them, as it was said
    SELECT u.id AS unit_id, u.level, v.value, coalesce(v.status, 'missing') AS status
    FROM boundaries.territory AS u
    LEFT JOIN indicators.import_value AS v
        ON v.import_id = :import_id
        AND v.level = u.level
        AND v.code = u.code
        AND (v.level <> 'commune' OR v.code NOT IN (SELECT from_code FROM moves))
    WHERE
        u.millesime = :to_millesime
        AND u.level = ANY(CAST(:units AS text []))
        AND (u.level <> 'commune' OR u.code NOT IN (SELECT to_code FROM moves))
),

kept AS (
    INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
    SELECT :series_id, unit_id, value, status, CASE WHEN value IS NULL THEN 0 ELSE 1 END
    FROM whole
    WHERE level = ANY(CAST(:levels AS text []))
),

pieces AS MATERIALIZED (
    -- the communes that something moved into: what moved, and what stayed there
    SELECT
        v.code AS origin,
        u.id AS unit_id,
        coalesce(p.weight, 1) AS weight,
        coalesce(p.unknown, false) AS unknown,
        v.value,
        v.status
    FROM indicators.import_value AS v
    LEFT JOIN moves AS p ON p.from_code = v.code
    INNER JOIN boundaries.territory AS u
        ON u.millesime = :to_millesime AND u.level = 'commune' AND u.code = coalesce(p.to_code, v.code)
    WHERE
        v.import_id = :import_id
        AND v.level = 'commune'
        AND v.level = ANY(CAST(:units AS text []))
        AND (v.code IN (SELECT from_code FROM moves) OR v.code IN (SELECT to_code FROM moves))
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

said AS MATERIALIZED (
    SELECT
        p.unit_id,
        false AS moved,
        p.value,
        CASE WHEN p.value IS NULL THEN 0 ELSE 1 END::double precision AS known,
        CASE WHEN w.bit = 128 THEN 0 ELSE 1 END::double precision AS due,
        CASE WHEN p.value IS NULL THEN NULL ELSE w.bit END AS said,
        w.bit AS said_of_all
    FROM whole AS p
    INNER JOIN words AS w ON w.status = p.status
    UNION ALL
    SELECT
        p.unit_id,
        true,
        sum(p.value * p.weight),
        coalesce(sum(p.weight) FILTER (WHERE p.value IS NOT NULL), 0),
        -- what does not apply to a unit is not to be covered
        coalesce(sum(p.weight) FILTER (WHERE w.bit <> 128), 0),
        bit_or(w.bit) FILTER (WHERE p.value IS NOT NULL),
        bit_or(w.bit)
    FROM pieces AS p
    INNER JOIN words AS w ON w.status = p.status
    GROUP BY p.unit_id
),

fragments AS (
    -- the units that are parts of the same territories are summed once, for all of those
    SELECT
        f.fragment,
        sum(p.value) AS value,
        sum(p.known) AS known,
        sum(p.due) AS due,
        bit_or(p.said) AS said,
        bit_or(p.said_of_all) AS said_of_all
    FROM said AS p
    INNER JOIN indicators.fragment AS f ON f.millesime = :to_millesime AND f.unit_id = p.unit_id
    GROUP BY f.fragment
),

sums AS (
    SELECT unit_id AS territory_id, value, known, due, said, said_of_all
    FROM said
    WHERE moved
    UNION ALL
    SELECT m.territory_id, sum(p.value), sum(p.known), sum(p.due), bit_or(p.said), bit_or(p.said_of_all)
    FROM fragments AS p
    INNER JOIN indicators.fragment_member AS m ON m.millesime = :to_millesime AND m.fragment = p.fragment
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
        WHEN s.value IS NULL AND w.status IS NOT NULL THEN w.status
        WHEN s.value IS NULL AND s.said_of_all & 32 > 0 THEN 'secret'
        WHEN s.value IS NULL AND s.said_of_all & 16 > 0 THEN 'not-significant'
        WHEN s.value IS NULL THEN 'missing'
        WHEN s.known < s.due * (1 - 1e-9) OR s.said_of_all & 8 > 0 THEN 'partial'
        WHEN c.territory_id IS NOT NULL THEN 'estimated'
        WHEN w.status IS NOT NULL THEN w.status
        -- a value that says nothing of its unit counts in the sum, which is then an estimate
        WHEN s.said_of_all & (4 | 16) > 0 THEN 'estimated'
        WHEN s.said_of_all & 2 > 0 THEN 'provisional'
        ELSE 'observed'
    END::indicators.status,
    CASE WHEN c.unknown THEN 0 ELSE coalesce(s.known / nullif(s.due, 0), 0) END
FROM boundaries.territory AS t
LEFT JOIN sums AS s ON s.territory_id = t.id
LEFT JOIN cut AS c ON c.territory_id = t.id
-- where all the values that are there say the same, or all units where none is
LEFT JOIN words AS w ON w.bit = coalesce(s.said, s.said_of_all)
WHERE
    t.millesime = :to_millesime
    AND t.level = ANY(CAST(:levels AS text []))
    AND t.id NOT IN (SELECT unit_id FROM whole)
ORDER BY t.id
