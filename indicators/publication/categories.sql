-- The categories of an import, beside each commune of the target millesime that the communes go into: the people of
-- the whole commune (unknown where nobody can say which share goes there) and the share.
SELECT
    u.id AS territory_id,
    u.code AS target,
    v.code AS origin,
    coalesce(p.weight, 1) AS weight,
    CASE WHEN p.kind = 'impossible' THEN NULL ELSE o.weight_population END AS population,
    v.value AS category,
    v.status::text AS status
FROM indicators.import_value AS v
INNER JOIN boundaries.territory AS o
    ON o.millesime = :from_millesime AND o.level = v.level AND o.code = v.code
LEFT JOIN boundaries.passage AS p
    ON p.from_millesime = :from_millesime AND p.to_millesime = :to_millesime AND p.from_code = v.code
INNER JOIN boundaries.territory AS u
    ON u.millesime = :to_millesime AND u.level = 'commune' AND u.code = coalesce(p.to_code, v.code)
WHERE v.import_id = :import_id AND v.level = 'commune'
ORDER BY u.id, v.code
