# shellcheck shell=bash
# Sourced by postgres.sh and s3.sh: where a test server keeps its state, one start at a time, and
# packages by apt. Only the KEY=value lines of a script go to standard output, all else to stderr.
#
# FORGEINDEX_TEST_SERVERS   folder for the servers' state (default: .cache/servers of the repository)

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

say() { printf '%s\n' "$*" >&2; }

# fail CODE TEXT…: code 3 means "this machine cannot have it", 1 that something broke, 2 wrong use.
fail() {
  local code=$1
  shift
  say "$(basename "$0"): $*"
  exit "$code"
}

# run_as USER COMMAND…: as that user when we are root, else as ourselves.
run_as() {
  local user=$1
  shift
  if [ "$(id -u)" = 0 ] && [ "$user" != root ]; then
    setpriv --reuid="$user" --regid="$user" --init-groups env HOME=/ "$@"
  else
    "$@"
  fi
}

# state_folder NAME USER: prints a folder that USER can enter, made if missing. A clone below a
# private home is closed to the user postgres: then a folder of the system's temporary one serves.
state_folder() {
  local name=$1 user=$2 folder owner
  folder=${FORGEINDEX_TEST_SERVERS:-$repository/.cache/servers}/$name
  mkdir -p "$folder" 2>/dev/null || true
  if ! run_as "$user" test -x "$folder"; then
    folder=${TMPDIR:-/tmp}/forgeindex-servers-$(printf %s "$repository" | sha256sum | cut -c1-12)
    mkdir -p "$folder"
    owner=$(stat -c %u "$folder")
    # Anyone may make folders there: one that is not ours could hand us somebody's files.
    [ "$owner" = "$(id -u)" ] || fail 1 "$folder belongs to user $owner; remove it or set FORGEINDEX_TEST_SERVERS"
    chmod 711 "$folder"
    folder=$folder/$name
    mkdir -p "$folder"
    run_as "$user" test -x "$folder" ||
      fail 1 "user $user cannot enter $folder; set FORGEINDEX_TEST_SERVERS to a folder that it can"
  fi
  (cd "$folder" && pwd -P)
}

# take_lock FOLDER: waits until no other start or stop of this server runs. File descriptor 9 holds
# the lock; a daemon must be started with `9>&-`, or it would hold it for ever.
take_lock() {
  exec 9>"$1/lock"
  flock -w 300 9 || fail 1 "another start of this server has held $1/lock for 5 minutes"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port: prints a loopback port that nothing listens on, below the range the kernel hands out.
free_port() {
  local port
  for _ in $(seq 50); do
    port=$((20000 + RANDOM % 12000))
    listening "$port" || { echo "$port"; return 0; }
  done
  fail 1 'no free port between 20000 and 32000'
}

random_secret() { od -An -N 20 -tx1 /dev/urandom | tr -d ' \n'; }

# need_debian WHAT: exit 3 with one line unless packages can be installed here.
need_debian() {
  if ! [ -r /etc/debian_version ] || ! command -v apt-get >/dev/null; then
    fail 3 "$1 is not installed, and this is no Debian whose packages could be used"
  fi
  [ "$(id -u)" = 0 ] || fail 3 "$1 is not installed, and installing it needs root"
}

# apt_get ARGUMENTS…: quiet; its output is shown only when it fails.
apt_get() {
  local output
  output=$(DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 \
    -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0 "$@" 2>&1 9>&- </dev/null) || {
    say "$output" | tail -n 15 >&2
    return 1
  }
}

# refresh_packages: reads the package lists anew, they may be years old or absent.
refresh_packages() {
  apt_get update || fail 3 'the package lists cannot be fetched (see above): is the mirror reachable?'
}

install_packages() {
  apt_get install --no-install-recommends "$@" || fail 3 "these packages cannot be installed: $*"
}
