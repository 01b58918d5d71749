#!/usr/bin/env bash
# Public files of many producers, imported with the recipes that come with the product, then published.
set -euo pipefail
cd "$(dirname "$0")/.."
data=$1
ores=.venv/bin/ores

if [[ ! -d $data ]]; then
    echo "Il n’y a pas de dossier $data : indiquez-le avec DATA=, par exemple make demo-data DATA=mes-fichiers." >&2
    exit 1
fi
"$ores" load populations
for movements in "$data"/cog/*mvtcommunes*.csv; do
    [[ -f $movements ]] && "$ores" load movements --file "$movements"
done
for zonings in "$data"/zonings/*communes_zonages*.csv.gz; do
    [[ -f $zonings ]] && "$ores" load zonings "$zonings" --millesime 2025 --niveau zone-emploi \
        --niveau bassin-de-vie --niveau aire-attraction --niveau unite-urbaine --licence MIT
done
"$ores" import "$data" --release --by "Données de démonstration" --accept vanished-code
