-- An index: 100 x the second of the two sums of "pairs" over the first, the sum of the reference period. Over a
-- reference of zero it has no meaning.
INSERT INTO indicators.value (series_id, territory_id, value, status, coverage)
SELECT
    :series_id,
    territory_id,
    CASE WHEN first <> 0 THEN 100 * second / first END,
    (CASE WHEN first = 0 THEN 'not-applicable' ELSE status::text END)::indicators.status,
    coverage
FROM pairs
ORDER BY territory_id
