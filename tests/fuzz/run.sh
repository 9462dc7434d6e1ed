#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs each fuzzer for the given seconds. New inputs are kept below build/fuzz/; a crash stops with the input's name.
set -eu

seconds=$1
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    corpus=build/fuzz/corpus/${name#fuzz_}
    seeds=tests/fuzz/corpus/${name#fuzz_}
    mkdir -p "$corpus"
    echo "$name: $seconds s"
    build/fuzz/"$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/ "$corpus" "$seeds" 2>&1 | tee build/fuzz/"$name".log |
        grep -E 'SUMMARY|number_of_executed|Test unit written|ERROR' || true
    ! grep -q 'Test unit written\|ERROR:' build/fuzz/"$name".log || exit 1
done
