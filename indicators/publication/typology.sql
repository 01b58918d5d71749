-- Categories of communes, expressed in another millesime by the rule that the indicator declares:
-- `largest-population`: the category with most people among the parts; `absorbing`: that of the part that keeps its
-- code; `absorbed`: the category with most people among the other parts; `difference`: the one that all parts share.
-- Where the rule gives nothing the conversion is impossible. Other levels have the producer's own categories.
WITH pieces AS MATERIALIZED (
    -- each commune of the target with the categories of the communes it is made of, weighed by their people
    SELECT
        u.id AS unit_id,
        v.value,
        v.status,
        v.code = u.code AS absorbing,
        coalesce(o.weight_population, 0) * coalesce(p.weight, 1) AS people,
        coalesce(p.weight, 1) AS weight,
        v.code AS origin
    FROM indicators.import_value AS v
    INNER JOIN boundaries.territory AS o
        ON o.millesime = :from_millesime AND o.level = v.level AND o.code = v.code
    LEFT JOIN boundaries.passage AS p
        ON p.from_millesime = :from_millesime AND p.to_millesime = :to_millesime AND p.from_code = v.code
    INNER JOIN boundaries.territory AS u
        ON u.millesime = :to_millesime AND u.level = 'commune' AND u.code = coalesce(p.to_code, v.code)
    WHERE v.import_id = :import_id AND v.level = 'commune'
),

parts AS (
    SELECT
        unit_id,
        count(*) AS parts,
        bool_and(weight >= 1 - 1e-9) AS whole,
        min(value) AS lowest,
        max(value) AS highest,
        bool_and(value IS NOT NULL) AS known,
        min(status) AS status
    FROM pieces
    GROUP BY unit_id
),

ranked AS (
    -- the categories that the rule looks at, those with most people first (on equal terms, the lowest number)
    SELECT DISTINCT ON (unit_id) unit_id, value
    FROM (
        SELECT unit_id, value, sum(people) AS people
        FROM pieces
        WHERE
            value IS NOT NULL
            AND CASE CAST(:rule AS text)
                WHEN 'absorbing' THEN absorbing
                WHEN 'absorbed' THEN NOT absorbing
                ELSE true
            END
        GROUP BY unit_id, value
    ) AS categories
    ORDER BY unit_id, people DESC, value
),

decided AS (
    SELECT
        p.unit_id,
        CASE
            WHEN p.parts = 1 OR (p.known AND p.lowest = p.highest) THEN p.lowest
            WHEN CAST(:rule AS text) = 'difference' OR NOT p.known THEN NULL
            ELSE r.value
        END AS value,
        p.parts = 1 AND p.whole AS exact,
        p.known AND p.lowest = p.highest AS agreed,
        p.status,
        p.parts
    FROM parts AS p
    LEFT JOIN ranked AS r ON r.unit_id = p.unit_id
)

INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    d.value,
    CASE
        WHEN d.unit_id IS NULL THEN 'missing'
        WHEN d.value IS NULL AND d.parts = 1 THEN d.status::text
        WHEN d.value IS NULL THEN 'impossible'
        WHEN d.exact THEN d.status::text
        WHEN d.agreed THEN 'observed'
        ELSE 'estimated'
    END::indicators.status,
    CASE WHEN d.value IS NULL THEN 0 ELSE 1 END
FROM boundaries.territory AS t
LEFT JOIN decided AS d ON d.unit_id = t.id
WHERE t.millesime = :to_millesime AND t.level = 'commune'
ORDER BY t.id
