#!/usr/bin/env bash
# Installs what the system lacks, with apt, and nothing when nothing lacks: scripts/system.sh NEED...
#   venv      Python 3.11 or later, able to make virtual environments
#   postgis   PostgreSQL 15 or later with PostGIS (not needed when DATABASE_URL names a server)
#   chromium  the browser in which the tests drive the pages, a font, and a library of Playwright's driver
#   nginx     the proxy whose shipped configuration the tests try
#   wrk       what loads the servers of a comparison
# Leaves no service behind: Debian's packages would create and start a cluster, and a web server on port 80.
set -euo pipefail
cd "$(dirname "$0")/.."

APT=(-q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
NO_CLUSTER=/etc/postgresql-common/createcluster.d/ores-install.conf
NO_START=/usr/sbin/policy-rc.d

say() { printf '%s\n' "$*" >&2; }

python() {
    # The interpreter to use, or nothing. PYTHON decides where it is given.
    local candidate
    for candidate in ${PYTHON:-python3.11 python3 python3.12 python3.13}; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

has_postgis() {
    local folder version
    for folder in /usr/lib/postgresql/*/bin/initdb; do
        version=${folder#/usr/lib/postgresql/}
        version=${version%%/*}
        if [ -x "$folder" ] && [ "$version" -ge 15 ] \
            && [ -e "/usr/share/postgresql/$version/extension/postgis.control" ]; then
            return 0
        fi
    done
    return 1
}

has_fonts() {
    [ -n "$(find /usr/share/fonts -name '*.[to]tf' -print -quit 2>/dev/null)" ]
}

# The packages of what lacks; "postgis" stands for its package, which is named once apt knows its versions.
lacking() {
    local need found
    for need in "$@"; do
        case $need in
            venv)
                [ ! -x .venv/bin/python ] || continue  # what the environment was made with is of no use any more
                found=$(python)
                if [ -z "$found" ]; then
                    echo python3.11-venv
                elif ! "$found" -c 'import ensurepip' 2>/dev/null; then
                    "$found" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'
                fi ;;
            postgis) [ -n "${DATABASE_URL:-}" ] || has_postgis || echo postgis ;;
            nginx) [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || echo nginx ;;
            wrk) command -v wrk >/dev/null || echo wrk ;;
            chromium)
                command -v chromium >/dev/null || echo chromium
                has_fonts || echo fonts-dejavu-core
                compgen -G '/usr/lib*/*/libatomic.so.1' >/dev/null || compgen -G '/usr/lib*/libatomic.so.1' >/dev/null \
                    || echo libatomic1 ;;
            *) say "besoin inconnu : $need"; exit 2 ;;
        esac
    done
}

postgis_package() {
    local best
    best=$(apt-cache pkgnames postgresql- 2>/dev/null | sed -n 's/^postgresql-\([0-9]*\)-postgis-3$/\1/p' | sort -n | tail -n 1)
    echo "postgresql-${best:-15}-postgis-3"
}

# Runs apt and shows how far it is; its own words are shown only if it fails.
apt_step() {
    local label=$1 log status
    shift
    log=$(mktemp)
    say "$label"
    set +e
    # shellcheck disable=SC2094  # both append: apt's errors, and the words it gives beside its progress
    "${AS_ROOT[@]}" env DEBIAN_FRONTEND=noninteractive "$@" -o APT::Status-Fd=1 </dev/null 2>>"$log" | show_percent "$log"
    status=${PIPESTATUS[0]}
    set -e
    if [ "$status" -ne 0 ]; then
        tail -n 15 "$log" >&2
        rm -f "$log"
        return "$status"
    fi
    rm -f "$log"
}

show_percent() {
    local line kind percent
    while IFS= read -r line; do
        case $line in
            dlstatus:* | pmstatus:*)
                [ -t 2 ] || continue
                kind='téléchargement'
                [ "${line%%:*}" = pmstatus ] && kind='installation  '
                percent=$(cut -d: -f3 <<<"$line")
                printf '\r  %s %3.0f %%' "$kind" "${percent%%.*}" >&2 ;;
            *) printf '%s\n' "$line" >>"$1" ;;
        esac
    done
    [ ! -t 2 ] || printf '\r\033[K' >&2
}

# Configures what an interrupted installation left unpacked; its dpkg may still be at work for a while.
finish_interrupted() {
    local words attempt
    for ((attempt = 0; attempt < 60; attempt++)); do
        if words=$("${AS_ROOT[@]}" env LC_ALL=C DEBIAN_FRONTEND=noninteractive dpkg --configure -a 2>&1 </dev/null) \
            || [[ $words != *lock* ]]; then
            return
        fi
        sleep 1
    done
}

advise() {
    say "Il manque à ce système : $*."
    say "$WHY Installez ces paquets vous-même, puis relancez la même commande :"
    say "    apt-get install $*"
    case "$*" in
        *postgis*) say "Ou donnez l’adresse d’un serveur PostGIS : DATABASE_URL=postgresql://compte:mot_de_passe@serveur/base" ;;
    esac
    exit 1
}

mapfile -t packages < <(lacking "$@")
[ "${#packages[@]}" -gt 0 ] || exit 0
named=("${packages[@]/#postgis/$(postgis_package)}")

if ! command -v apt-get >/dev/null; then
    WHY="apt-get n’existe pas ici (les noms sont ceux de Debian 12)."
    advise "${named[@]}"
fi
AS_ROOT=()
if [ "$(id -u)" -ne 0 ]; then
    WHY='Il faut être root, ou avoir sudo, pour les installer.'
    command -v sudo >/dev/null || advise "${named[@]}"
    sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; } || advise "${named[@]}"
    AS_ROOT=(sudo)
fi

WHY="apt-get n’a pas pu les installer (la raison est ci-dessus)."
made=()
case "${packages[*]}" in
    *postgis*)
        "${AS_ROOT[@]}" mkdir -p "${NO_CLUSTER%/*}"
        made+=("$NO_CLUSTER")
        echo 'create_main_cluster = false' | "${AS_ROOT[@]}" tee "$NO_CLUSTER" >/dev/null ;;
esac
case "${packages[*]}" in
    *nginx*)
        if [ ! -e "$NO_START" ]; then
            made+=("$NO_START")
            printf '#!/bin/sh\nexit 101\n' | "${AS_ROOT[@]}" tee "$NO_START" >/dev/null
            "${AS_ROOT[@]}" chmod +x "$NO_START"
        fi ;;
esac
trap '[ ${#made[@]} -eq 0 ] || "${AS_ROOT[@]}" rm -f "${made[@]}"' EXIT
finish_interrupted
apt_step 'Lecture de la liste des paquets…' apt-get update "${APT[@]}" || advise "${named[@]}"
if ! apt-get check -qq >/dev/null 2>&1; then
    apt_step "Réparation d’une installation interrompue…" apt-get install --fix-broken "${APT[@]}" || advise "${named[@]}"
fi
named=("${packages[@]/#postgis/$(postgis_package)}")
apt_step "Installation de ${named[*]}…" apt-get install "${APT[@]}" --no-install-recommends "${named[@]}" \
    || advise "${named[@]}"
case "${packages[*]}" in
    *nginx*) [ ! -d /run/systemd/system ] || "${AS_ROOT[@]}" systemctl --quiet disable nginx ;;
esac
