#!/usr/bin/env bash
# s3.sh up|down|env: a throw-away S3 server (a Ceph object gateway with one monitor and one disk) on
# loopback, for tests. `up` installs it when it can (Debian, root), starts it, and prints
# FORGEINDEX_TEST_S3_ENDPOINT=…, …_ACCESS_KEY=… and …_SECRET_KEY=… on standard output; a second `up`
# only prints. `env` prints while it runs, else exits 1. `down` stops it; buckets stay.
# Exit code 3: not installed, and it cannot be installed here.
#
# Why Ceph: it checks signatures, ranges and multipart uploads as the real services do. Small
# stand-ins were found to accept wrong secrets or to return wrong bytes.
set -euo pipefail
# shellcheck source=scripts/server-state.sh
. "$(dirname "${BASH_SOURCE[0]}")/server-state.sh"

installed() {
  local program
  for program in ceph ceph-mon ceph-osd radosgw radosgw-admin monmaptool; do
    command -v "$program" >/dev/null || return 1
  done
}

install_server() {
  need_debian 'The S3 server (Ceph RGW)'
  say 'Installing the S3 server (Ceph RGW) …'
  refresh_packages
  install_packages ceph-mon ceph-osd radosgw
  installed || fail 1 'the Ceph packages are installed but their programs are not found'
}

# configure: a new cluster's ports, keys and configuration.
configure() {
  local part classes
  mkdir -p "$state"/{mon,osd,rgw}
  for part in monitor legacy gateway; do free_port >"$state/$part.port"; done
  (umask 077 && random_secret >"$state/secret")
  classes=$(printf '%s\n' /usr/lib/*/rados-classes /usr/lib/rados-classes | while read -r folder; do
    [ -d "$folder" ] && echo "$folder" && break
  done)
  cat /proc/sys/kernel/random/uuid >"$state/fsid"
  # One copy of everything, few placement groups, no authentication inside the cluster (loopback
  # only), no admin sockets (their path may be too long here).
  cat >"$state/ceph.conf" <<EOF
[global]
fsid = $(cat "$state/fsid")
mon_host = $(monitor_address)
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_class_dir = $classes
run_dir = $state
admin_socket =
log_file = $state/\$name.log
debug_ms = 0/0
debug_mon = 0/0
debug_osd = 0/0
debug_bluestore = 0/0
debug_rocksdb = 0/0
debug_rgw = 0/0
[mon]
mon_data = $state/mon
mon_data_avail_crit = 1
[osd]
osd_data = $state/osd
osd_objectstore = bluestore
osd_memory_target = 1073741824
bluestore_block_create = true
bluestore_block_size = 21474836480
bluestore_block_wal_create = false
bluestore_block_db_create = false
bdev_enable_discard = false
[client.rgw]
# Encrypted connections to the monitor need keys, which a cluster without authentication has not.
ms_mon_client_mode = crc
rgw_frontends = beast endpoint=127.0.0.1:$(cat "$state/gateway.port")
rgw_data = $state/rgw
rgw_enable_apis = s3
EOF
}

monitor_address() {
  echo "[v2:127.0.0.1:$(cat "$state/monitor.port"),v1:127.0.0.1:$(cat "$state/legacy.port")]"
}

# launch ROLE PROGRAM…: in a session of its own, without our lock and our standard output.
launch() {
  local role=$1
  shift
  setsid "$@" >"$state/$role.out" 2>&1 </dev/null 9>&- &
  echo $! >"$state/$role.pid"
}

# alive ROLE: is the process we started still that program? (A number may have been used again.)
alive() {
  local pid
  pid=$(cat "$state/$1.pid" 2>/dev/null) || return 1
  grep -qs "$state/ceph.conf" "/proc/$pid/cmdline"
}

# wait_for SECONDS COMMAND…: until it succeeds; 1 when it never does.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

# answers: does the gateway serve S3? An anonymous list of buckets is an empty list.
answers() {
  local line
  exec 4<>"/dev/tcp/127.0.0.1/$(cat "$state/gateway.port")" || return 1
  printf 'GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&4
  IFS= read -r -t 5 line <&4 || line=
  exec 4>&-
  [[ $line == 'HTTP/1.'*' 200'* ]]
} 2>/dev/null

cluster_answers() { timeout 5 ceph -c "$state/ceph.conf" -s >/dev/null 2>&1; }
disk_is_up() { timeout 5 ceph -c "$state/ceph.conf" osd stat 2>/dev/null | grep -q '1 up'; }

# start: the three processes in order; 1 when one does not come up, its last lines on standard error.
start() {
  local conf=$state/ceph.conf
  if [ ! -e "$state/mon/store.db" ]; then
    make_monitor >"$state/mon.out" 2>&1 || { explain mon; return 1; }
  fi
  launch mon ceph-mon -c "$conf" -i a -f
  wait_for 30 cluster_answers || { explain mon; return 1; }
  if [ ! -e "$state/osd/ready" ]; then
    make_disk >"$state/osd.out" 2>&1 || { explain osd; return 1; }
    touch "$state/osd/ready"
  fi
  launch osd ceph-osd -c "$conf" -i 0 -f
  wait_for 60 disk_is_up || { explain osd; return 1; }
  launch rgw radosgw -c "$conf" -n client.rgw -f
  wait_for 90 answers || { explain rgw; return 1; }
  if [ ! -e "$state/user" ]; then
    timeout 60 radosgw-admin -c "$conf" -n client.rgw user create --uid=forgeindex --display-name=forgeindex \
      --access-key=forgeindex --secret-key="$(cat "$state/secret")" >"$state/user.out" 2>&1 || { explain user; return 1; }
    touch "$state/user"
  fi
}

make_monitor() {
  monmaptool --create --clobber --fsid "$(cat "$state/fsid")" --addv a "$(monitor_address)" "$state/monmap" &&
    ceph-mon -c "$state/ceph.conf" -i a --mkfs --monmap "$state/monmap"
}

make_disk() {
  local disk
  disk=$(cat /proc/sys/kernel/random/uuid)
  timeout 30 ceph -c "$state/ceph.conf" osd new "$disk" &&
    ceph-osd -c "$state/ceph.conf" -i 0 --mkfs --osd-uuid "$disk"
}

explain() { tail -n 8 "$state/$1.out" >&2 2>/dev/null || true; }

running() { alive mon && alive osd && alive rgw && answers; }

# stop_all: gateway, disk, monitor; what does not end within 15 seconds is killed.
stop_all() {
  local role pid
  for role in rgw osd mon; do
    if alive "$role"; then
      pid=$(cat "$state/$role.pid")
      kill "$pid" 2>/dev/null || true
      wait_for 15 gone "$role" || kill -9 "$pid" 2>/dev/null || true
    fi
    rm -f "$state/$role.pid"
  done
}

gone() { ! alive "$1"; }

ports_taken() { listening "$(cat "$state/monitor.port")" || listening "$(cat "$state/legacy.port")" || listening "$(cat "$state/gateway.port")"; }

print_environment() {
  echo "FORGEINDEX_TEST_S3_ENDPOINT=http://127.0.0.1:$(cat "$state/gateway.port")"
  echo 'FORGEINDEX_TEST_S3_ACCESS_KEY=forgeindex'
  echo "FORGEINDEX_TEST_S3_SECRET_KEY=$(cat "$state/secret")"
}

start_anew() {
  stop_all
  find "$state" -mindepth 1 ! -name lock -delete
  configure
  start
}

give_up() {
  stop_all
  fail 1 'the S3 server does not start (see above)'
}

up() {
  installed || install_server
  state=$(state_folder s3 "$(id -un)")
  take_lock "$state"
  if ! running; then
    stop_all
    if [ ! -e "$state/user" ] || ports_taken; then
      start_anew || give_up
    elif ! start; then
      say 'The S3 server did not start on its old data; making new ones …'
      start_anew || give_up
    fi
    say "The S3 server is up: $(radosgw --version | cut -d' ' -f1-3)."
  fi
  print_environment
}

down() {
  state=$(state_folder s3 "$(id -un)")
  take_lock "$state"
  stop_all
}

environment() {
  state=$(state_folder s3 "$(id -un)")
  running || fail 1 'the S3 server is not running; run: scripts/s3.sh up'
  print_environment
}

case ${1:-} in
up) up ;;
down) down ;;
env) environment ;;
*) fail 2 'usage: scripts/s3.sh up|down|env' ;;
esac
