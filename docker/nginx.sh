#!/bin/sh
# Writes nginx's configuration from its template and becomes nginx. The root file system is
# read-only: /tmp is memory, and the configuration there holds the token.
set -eu
umask 077

if [ -z "${FORGEINDEX_TOKEN:-}" ]; then
  FORGEINDEX_TOKEN=$(cat /secrets/token)
fi
export FORGEINDEX_TOKEN FORGEINDEX_BIND="${FORGEINDEX_BIND:-127.0.0.1}"
export MINIO_PUBLIC_URL="${MINIO_PUBLIC_URL:-}" MINIO_BUCKET="${MINIO_BUCKET:-forgeindex}"
# They stand between quotes in the configuration.
case "$FORGEINDEX_TOKEN$FORGEINDEX_BIND$MINIO_PUBLIC_URL$MINIO_BUCKET" in
*[!][A-Za-z0-9._~+/=:-]*)
  echo 'FORGEINDEX_TOKEN, FORGEINDEX_BIND, MINIO_PUBLIC_URL or MINIO_BUCKET: a character that may not be in it' >&2
  exit 2
  ;;
esac
# The bucket is a path of its own beside those of the pages and the API.
case "$MINIO_BUCKET" in
videos | datasets | search | assets | api | docs | health | stats)
  echo "MINIO_BUCKET: expected a name that is no path of the pages or the API, got $MINIO_BUCKET; choose another, such as forgeindex" >&2
  exit 2
  ;;
esac

envsubst '$FORGEINDEX_TOKEN $FORGEINDEX_BIND $MINIO_PUBLIC_URL $MINIO_BUCKET' \
  </etc/nginx/forgeindex.conf.template >/tmp/nginx.conf
exec nginx -c /tmp/nginx.conf -g 'daemon off;'
