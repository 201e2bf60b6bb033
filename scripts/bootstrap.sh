#!/bin/sh
# Runs the bootstrap on the first Node of the path that starts. npm puts node_modules/.bin before all others,
# and the Node that is pinned there does not start on a machine without libatomic, which the bootstrap tells of.
set -f
IFS=:
for folder in $PATH; do
  if [ -x "$folder/node" ] && "$folder/node" --version >/dev/null 2>&1; then
    unset IFS
    exec "$folder/node" "$(dirname "$0")/bootstrap.mjs" "$@"
  fi
done
echo 'No Node that starts is on the path: install Node 18 or later.' >&2
exit 1
