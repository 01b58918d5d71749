-- The ratio of the two sums of "pairs", times the factor of the indicator (100 for a percentage); over a denominator of zero it has no meaning.
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    territory_id,
    CASE WHEN second <> 0 THEN CAST(:factor AS double precision) * first / second END,
    (CASE WHEN second = 0 THEN 'not-applicable' ELSE status::text END)::indicators.status,
    coverage
FROM pairs
ORDER BY territory_id
