#!/bin/sh
# The same contract without a scheduler: GNU parallel on one machine, or on several that share a file system (--sshloginfile).
#   ocean-host plan plugins.toml --out RUN --shards 8 --threads 1
#   sh parallel.sh RUN 8 [JOBS AT A TIME]
# Killed or incomplete: run it again. Shards that are done are not computed again.
set -eu
run=$1 shards=$2 jobs=${3:-2}
seq "$shards" | parallel --jobs "$jobs" --halt soon,fail=1 ocean-host run "$run" --shard "{}/$shards" --threads 1 --quiet
ocean-host merge "$run"
