-- What identifies the values of one import, and nothing else that its file holds.
SELECT
    encode(
        sha256(
            convert_to(
                coalesce(
                    string_agg(
                        concat_ws('|', level, code, coalesce(value::text, ''), status, coalesce(line::text, ''), sheet),
                        E'\n' ORDER BY level, code
                    ),
                    ''
                ),
                'UTF8'
            )
        ),
        'hex'
    ) AS digest
FROM indicators.import_value
WHERE import_id = :import_id
