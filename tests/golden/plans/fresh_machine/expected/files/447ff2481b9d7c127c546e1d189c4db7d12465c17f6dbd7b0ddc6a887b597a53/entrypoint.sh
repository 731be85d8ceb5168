#!/bin/sh
set -eu
for file in /run/secrets/*; do
    value=$(cat "$file"); export "${file##*/}=$value"
done
exec "$@"
