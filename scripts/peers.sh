#!/usr/bin/env bash
# What `make bench-peers` measures beside the product, each peer in an environment of its own under the data folder.
set -euo pipefail
cd "$(dirname "$0")/.."

peers=${ORES_HOME:-.ores}/peers
DATABASE_URL='' scripts/system.sh venv postgis nginx wrk

for peer in tipg pygeoapi; do
    lock=bench/peers-$peer.txt
    wanted=$(sha256sum <"$lock")
    if [ "$(cat "$peers/$peer/.installed" 2>/dev/null)" != "$wanted" ]; then
        echo "Installation de $peer dans $peers/$peer…" >&2
        mkdir -p "$peers"
        .venv/bin/python -m venv --clear "$peers/$peer"
        "$peers/$peer/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --only-binary :all: -r "$lock"
        echo "$wanted" >"$peers/$peer/.installed"
    fi
done
