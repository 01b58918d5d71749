-- The mean annual growth rate, in %, between the two sums of "pairs" (initial, final), :years exact years apart:
-- (final / initial) ^ (1 / years) - 1. From nothing, or to a negative sum, it has no meaning.
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    territory_id,
    CASE WHEN first > 0 AND second >= 0 THEN 100 * (power(second / first, 1.0 / CAST(:years AS double precision)) - 1) END,
    (CASE WHEN first <= 0 OR second < 0 THEN 'not-applicable' ELSE status::text END)::indicators.status,
    coverage
FROM pairs
ORDER BY territory_id
