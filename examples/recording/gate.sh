#!/bin/sh
# Fails where a run got worse: records what is there now, and compares it with a recording that the same program
# made of what was there before, on the same machine. To be called from a script of package.json, where npm
# finds the command, or with node_modules/.bin in PATH.
#
#     sh gate.sh base.millpond
#
# Counts, hit rates and peak memory hardly vary and can have tight bounds; give latencies on shared machines
# 1.5x and more.
set -e
node "$(dirname "$0")/main.ts" head.millpond
millpond report "$1" head.millpond --html diff.html \
  --fail-if 'hit-rate < 80%' \
  --fail-if 'peak-memory > 1.5x' \
  --fail-if 'failed > 0'
