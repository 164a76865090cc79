#!/usr/bin/env bash
# postgres.sh up|down|env: a throw-away PostgreSQL (15 or later) with pgvector (0.8 or later) on
# loopback, for tests. `up` installs it when it can (Debian, root), starts it, and prints
# FORGEINDEX_TEST_DATABASE_URL=… on standard output; a second `up` only prints. `env` prints while
# it runs, else exits 1. `down` stops it; its data stay for the next `up`.
# Exit code 3: not installed, and it cannot be installed here.
#
# FORGEINDEX_TEST_FSYNC=on   a server that survives a power cut (default off: the data are for tests)
set -euo pipefail
# shellcheck source=scripts/server-state.sh
. "$(dirname "${BASH_SOURCE[0]}")/server-state.sh"

# PostgreSQL refuses to run as root.
user=$(id -un)
[ "$user" = root ] && user=postgres

# vector_version BIN: prints the version of pgvector that the server in BIN would load.
vector_version() {
  local share
  share=$("$1/pg_config" --sharedir 2>/dev/null) &&
    sed -n "s/^default_version *= *'\(.*\)'/\1/p" "$share/extension/vector.control" 2>/dev/null
}

# suitable BIN: PostgreSQL 15 or later with pgvector 0.8 or later?
suitable() {
  [ -x "$1/postgres" ] && [ -x "$1/initdb" ] || return 1
  local major vector
  major=$("$1/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
  vector=$(vector_version "$1") || return 1
  [ "$major" -ge 15 ] && [ -n "$vector" ] && printf '0.8\n%s\n' "$vector" | sort -VC
}

# find_server: prints the folder with the programs of the newest suitable server.
find_server() {
  local bin
  for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) "$(pg_config --bindir 2>/dev/null || true)"; do
    suitable "$bin" && { echo "$bin"; return 0; }
  done
  return 1
}

# install_server: PostgreSQL from the distribution, and pgvector from there too or else from source.
install_server() {
  need_debian 'PostgreSQL with pgvector'
  say 'Installing PostgreSQL with pgvector …'
  # Without this the package makes and starts a server of its own on port 5432.
  if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
  fi
  refresh_packages
  local major
  major=$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p' | head -n 1) || true
  [ -n "$major" ] || fail 3 'apt knows no PostgreSQL package: is the mirror reachable?'
  if apt-cache show "postgresql-$major-pgvector" >/dev/null 2>&1; then
    install_packages "postgresql-$major" "postgresql-$major-pgvector"
  else
    install_packages "postgresql-$major" "postgresql-server-dev-$major" make gcc dpkg-dev debian-archive-keyring
    build_vector "/usr/lib/postgresql/$major/bin/pg_config"
  fi
}

# build_vector PG_CONFIG: Debian 12 has no pgvector; its next release's source package builds here.
build_vector() {
  local mirror work
  # shellcheck disable=SC2016  # apt's own placeholders, not the shell's
  mirror=$(apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(SITE)' 'Created-By: Packages' |
    sed -n 's/^Debian|Debian|//p' | head -n 1)
  [ -n "$mirror" ] || fail 3 'apt knows no Debian mirror to take the source of pgvector from'
  work=$(mktemp -d)
  mkdir -p "$work"/{etc,lists/partial,cache/archives/partial,src}
  cat >"$work/etc/next.sources" <<EOF
Types: deb-src
URIs: $mirror
Suites: trixie
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
EOF
  local own=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/etc"
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  (
    cd "$work/src"
    apt_get "${own[@]}" update && apt_get "${own[@]}" source --download-only pgvector
  ) || { rm -rf "$work"; fail 3 'the source package of pgvector cannot be fetched (see above)'; }
  # OPTFLAGS empty: the default builds for this very processor, and a copied disk may meet another.
  (
    cd "$work/src"
    tar xf pgvector_*.orig.tar.*
    cd pgvector-*/
    make -s -j2 OPTFLAGS= with_llvm=no PG_CONFIG="$1" && make -s install with_llvm=no PG_CONFIG="$1"
  ) >"$work/make.log" 2>&1 || { tail -n 15 "$work/make.log" >&2; rm -rf "$work"; fail 1 'pgvector does not build'; }
  rm -rf "$work"
}

# create BIN: an empty database cluster with a port and a password of its own.
create() {
  rm -rf "$state/data"
  free_port >"$state/port"
  random_secret >"$state/password"
  chmod 600 "$state/password"
  install -d -m 700 "$state/data"
  [ "$(id -u)" != 0 ] || chown "$user" "$state/password" "$state/data"
  # C.UTF-8: the same order of text on every machine.
  local output code=0
  output=$(run_as "$user" "$1/initdb" -D "$state/data" -U forgeindex --pwfile="$state/password" -A scram-sha-256 \
    -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions 2>&1) || code=$?
  [ "$code" = 0 ] || { say "$output"; fail 1 'initdb failed (see above)'; }
}

# start BIN: returns 1 when the server does not come up, with its log on standard error.
start() {
  local fsync=${FORGEINDEX_TEST_FSYNC:-off} options
  # TCP only: a socket's path may be too long here. One process builds an index: pgvector before
  # 0.8.2 can overrun a buffer in parallel HNSW builds.
  options="-c listen_addresses=127.0.0.1 -c port=$(cat "$state/port") -c unix_socket_directories=
    -c fsync=$fsync -c synchronous_commit=$fsync -c full_page_writes=$fsync -c max_connections=200
    -c shared_buffers=256MB -c maintenance_work_mem=256MB -c max_parallel_maintenance_workers=0
    -c max_wal_size=2GB -c autovacuum_naptime=10s"
  if ! run_as "$user" "$1/pg_ctl" -D "$state/data" -l "$state/data/server.log" -w -t 60 \
    -o "${options//$'\n'/ }" start >/dev/null 2>&1 9>&- </dev/null; then
    tail -n 15 "$state/data/server.log" >&2 2>/dev/null || true
    return 1
  fi
}

# A killed server whose parent never collects it counts as running for pg_ctl: so ask its port too.
running() {
  run_as "$user" "$1/pg_ctl" -D "$state/data" status >/dev/null 2>&1 && listening "$(cat "$state/port")"
}

print_environment() {
  echo "FORGEINDEX_TEST_DATABASE_URL=postgresql://forgeindex:$(cat "$state/password")@127.0.0.1:$(cat "$state/port")/postgres"
}

# sql BIN STATEMENT: as the owner, bare rows on standard output.
sql() {
  PGPASSWORD=$(cat "$state/password") "$1/psql" -X -A -t -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$(cat "$state/port")" \
    -U forgeindex -d postgres -c "$2"
}

up() {
  local bin
  bin=$(find_server) || {
    install_server
    bin=$(find_server) || fail 1 'PostgreSQL was installed but no suitable server is found'
  }
  state=$(state_folder postgres "$user")
  take_lock "$state"
  if ! running "$bin"; then
    local major
    major=$("$bin/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
    if [ "$(cat "$state/data/PG_VERSION" 2>/dev/null)" != "$major" ] || listening "$(cat "$state/port")"; then
      create "$bin"
    fi
    # We hold the lock and nothing listens: a process named there is dead or somebody else's.
    rm -f "$state/data/postmaster.pid"
    if ! start "$bin"; then
      say 'PostgreSQL did not start on its old data; making new ones …'
      create "$bin"
      start "$bin" || fail 1 'PostgreSQL does not start (see above)'
    fi
    # Left by tests that were killed.
    for name in $(sql "$bin" "select datname from pg_database where datname like 'forgeindex\_test\_%'"); do
      sql "$bin" "drop database \"$name\" with (force)"
    done
    say "PostgreSQL $("$bin/postgres" --version | sed -E 's/^[^0-9]*//;s/ .*//') with pgvector $(vector_version "$bin") is up."
  fi
  print_environment
}

down() {
  local bin
  bin=$(find_server) || return 0
  state=$(state_folder postgres "$user")
  take_lock "$state"
  running "$bin" || return 0
  run_as "$user" "$bin/pg_ctl" -D "$state/data" -m fast -w -t 60 stop >/dev/null || fail 1 'PostgreSQL does not stop'
}

environment() {
  local bin
  bin=$(find_server) || fail 1 'PostgreSQL with pgvector is not installed; run: scripts/postgres.sh up'
  state=$(state_folder postgres "$user")
  running "$bin" || fail 1 'PostgreSQL is not running; run: scripts/postgres.sh up'
  print_environment
}

case ${1:-} in
up) up ;;
down) down ;;
env) environment ;;
*) fail 2 'usage: scripts/postgres.sh up|down|env' ;;
esac
