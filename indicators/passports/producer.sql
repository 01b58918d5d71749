-- The line of the producer's file that gives the value of one territory: under its own code, or under the one that the
-- same commune had in the geography of delivery.
SELECT
    v.level,
    v.code,
    o.nom,
    v.value,
    v.status::text AS status,
    v.line,
    v.sheet,
    v.import_id
FROM unnest(CAST(:import_ids AS integer []), CAST(:levels AS text [])) AS i (import_id, level)
INNER JOIN indicators.import_value AS v ON v.import_id = i.import_id AND v.level = i.level
LEFT JOIN boundaries.territory AS o
    ON o.millesime = :from_millesime AND o.level = v.level AND o.code = v.code
WHERE i.level = CAST(:level AS text)
  AND (
      (v.code = CAST(:code AS text) AND NOT EXISTS (
          SELECT 1
          FROM boundaries.passage AS q
          WHERE q.from_millesime = :from_millesime AND q.to_millesime = :to_millesime AND q.to_code = CAST(:code AS text)
            AND CAST(:level AS text) = 'commune'
      ))
      OR v.code IN (
          SELECT p.from_code
          FROM boundaries.passage AS p
          WHERE p.from_millesime = :from_millesime AND p.to_millesime = :to_millesime AND p.to_code = CAST(:code AS text)
            AND CAST(:level AS text) = 'commune'
      )
  )
ORDER BY v.code
