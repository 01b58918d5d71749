-- What identifies the values of one import, and nothing else that its file holds.
-- Rows come ordered from the index of the key: an aggregate that orders them itself takes twice as long.
SELECT encode(sha256(convert_to(coalesce(string_agg(told, E'\n'), ''), 'UTF8')), 'hex') AS digest
FROM
    (
        SELECT
            concat_ws('|', level, code, coalesce(value::text, ''), status, coalesce(line::text, ''), sheet) AS told
        FROM indicators.import_value
        WHERE import_id = :import_id
        ORDER BY level, code
    ) AS ordered
