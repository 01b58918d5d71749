-- Replaces the territories of one millesime, at the levels that are replaced, by those of the temporary table
-- "arriving".
-- Ids stay for the codes that remain, because tiles, values and bookmarks refer to them.
WITH gone AS (
    -- territories that the new delivery no longer has; outlines and values go with them
    DELETE FROM boundaries.territory AS t
    WHERE t.millesime = :millesime
      AND t.level = ANY(:replaced)
      AND NOT EXISTS (SELECT 1 FROM arriving AS a WHERE a.level = t.level AND a.code = t.code)
)
INSERT INTO boundaries.territory AS t (
    millesime, level, code, nom, nature, in_scope, emprise, straddles, weight_population, area_m2, geom
)
SELECT millesime, level, code, nom, nature, in_scope, emprise, straddles, weight_population, area_m2, geom
FROM arriving
ORDER BY level, code  -- so that a first load numbers territories the same way everywhere
ON CONFLICT (millesime, level, code) DO UPDATE SET
    nom = excluded.nom,
    nature = excluded.nature,
    in_scope = excluded.in_scope,
    emprise = excluded.emprise,
    straddles = excluded.straddles,
    weight_population = excluded.weight_population,
    area_m2 = excluded.area_m2,
    geom = excluded.geom
