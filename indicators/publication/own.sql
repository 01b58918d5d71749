-- Values that no formula gives, in the geography of their delivery: the producer's own, level by level.
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    t.id,
    v.value,
    coalesce(v.status, 'missing'),
    CASE WHEN v.value IS NULL THEN 0 ELSE 1 END
FROM unnest(CAST(:import_ids AS integer []), CAST(:levels AS text [])) AS d (import_id, level)
INNER JOIN boundaries.territory AS t ON t.millesime = :to_millesime AND t.level = d.level
LEFT JOIN (
    -- these imports alone: joined on their ids, the whole table of values would be read
    SELECT *
    FROM indicators.import_value
    WHERE import_id = ANY(CAST(:import_ids AS integer []))
) AS v
    ON v.import_id = d.import_id AND v.level = t.level AND v.code = t.code
ORDER BY t.id
