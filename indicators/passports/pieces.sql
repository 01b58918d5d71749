-- The imported values that make the value of one territory: each unit of the geography of delivery that it holds, whole
-- or in part, with its line in the file and the share that is in the territory.
WITH pieces AS (
    SELECT
        v.level,
        v.code,
        coalesce(p.to_code, v.code) AS to_code,
        coalesce(p.weight, 1) AS weight,
        v.value,
        v.status::text AS status,
        v.line,
        v.sheet,
        coalesce(p.kind, 'exact') AS kind
    FROM indicators.import_value AS v
    LEFT JOIN boundaries.passage AS p
        ON p.from_millesime = :from_millesime
        AND p.to_millesime = :to_millesime
        AND p.from_code = v.code
        AND v.level = 'commune'
    WHERE v.import_id = :import_id AND v.level = ANY(CAST(:units AS text []))
)

SELECT
    p.level,
    p.code,
    o.nom,
    p.to_code,
    p.weight,
    p.value,
    p.status,
    p.line,
    p.sheet,
    p.kind,
    CASE WHEN p.kind <> 'impossible' THEN o.weight_population END AS people,
    w.value AS weighting,
    w.status::text AS weighting_status,
    w.line AS weighting_line
FROM pieces AS p
INNER JOIN boundaries.territory AS u
    ON u.millesime = :to_millesime AND u.level = p.level AND u.code = p.to_code
INNER JOIN indicators.member AS m
    ON m.millesime = :to_millesime AND m.unit_id = u.id AND m.territory_id = :territory_id
LEFT JOIN boundaries.territory AS o
    ON o.millesime = :from_millesime AND o.level = p.level AND o.code = p.code
LEFT JOIN indicators.import_value AS w
    ON w.import_id = :weight_import_id AND w.level = p.level AND w.code = p.code
ORDER BY p.code, p.to_code
