-- The territories that an import should speak of and does not: missing, or zero where the source leaves zeros out (in the
-- departements that the file has at least one line of: of the others it says nothing; and not for a city that the file
-- knows by its municipal arrondissements).
WITH told AS (
    -- departements of the communes that the file has
    SELECT DISTINCT m.parent_code AS departement
    FROM indicators.import_value AS v
    INNER JOIN boundaries.membership AS m
        ON m.millesime = :millesime
        AND m.level = 'commune'
        AND m.code = v.code
        AND m.parent_level = 'departement'
    WHERE v.import_id = :import_id AND v.level = 'commune' AND CAST(:zero AS boolean)
),

zeros AS (
    SELECT m.code
    FROM boundaries.membership AS m
    INNER JOIN told AS d ON d.departement = m.parent_code
    WHERE m.millesime = :millesime AND m.level = 'commune' AND m.parent_level = 'departement'
      AND NOT EXISTS (
          SELECT 1
          FROM boundaries.membership AS a
          INNER JOIN indicators.import_value AS v
              ON v.import_id = :import_id AND v.level = a.level AND v.code = a.code
          WHERE a.millesime = m.millesime
            AND a.level = 'arrondissement-municipal'
            AND a.parent_level = 'commune'
            AND a.parent_code = m.code
      )
)

INSERT INTO indicators.import_value (import_id, level, code, value, status)
SELECT
    :import_id,
    t.level,
    t.code,
    CASE WHEN z.code IS NOT NULL THEN 0 END,
    (CASE WHEN z.code IS NOT NULL THEN 'observed' ELSE 'missing' END)::indicators.status
FROM boundaries.territory AS t
LEFT JOIN zeros AS z ON z.code = t.code AND t.level = 'commune'
WHERE t.millesime = :millesime
  AND t.level = ANY(CAST(:levels AS text []))
  AND NOT EXISTS (
      SELECT 1
      FROM indicators.import_value AS v
      WHERE v.import_id = :import_id AND v.level = t.level AND v.code = t.code
  )
