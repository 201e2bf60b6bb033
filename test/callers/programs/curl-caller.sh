#!/bin/sh
# A shell script that runs on and calls with curl. See caller-program.ts for what is spoken.
live=$1 mode=$2

while read -r url; do
  # The link is read once, so that certificate and key are of one generation.
  folder=$(readlink -f "$live")
  set -- --silent --show-error --fail --max-time 30
  [ "$mode" = system-roots ] || set -- "$@" --cacert "$folder/bundle.pem"
  [ "$mode" = no-certificate ] || set -- "$@" --cert "$folder/fullchain.pem" --key "$folder/key.pem"
  if answer=$(curl "$@" "$url" 2>&1); then
    printf '%s\n' "$answer"
  else
    printf 'refused: %s\n' "$answer" | head -n 1
  fi
done
