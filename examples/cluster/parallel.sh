#!/bin/sh
# A planned study under GNU parallel: on this machine, or on others over ssh. Computes what is missing, so after any accident run it again.
#   ocean-host plan plugins.toml --out RUN --threads 1
#   ./parallel.sh RUN --jobs 8
#   ./parallel.sh RUN --sshloginfile hosts.txt      # RUN, the program and the study's files at the same paths everywhere
set -eu
run=$1
shift
host=${OCEAN_HOST:-ocean-host}

"$host" status "$run" --missing | tr , '\n' | awk -F- 'NF { for (shard = $1; shard <= $NF; shard++) print shard }' |
    parallel -q "$@" "$host" run "$run" --quiet --threads 1 --shard {}
"$host" merge "$run"
