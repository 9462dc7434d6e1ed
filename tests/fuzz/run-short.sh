#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The fuzzers as a test: each tries its seeds and a fixed number of inputs from a fixed seed.
set -u

passed=0 failed=0
for source in tests/fuzz/fuzz_*.c; do
    name=$(basename "$source" .c)
    if build/fuzz/"$name" -runs=20000 -seed=1 -timeout=20 -artifact_prefix=build/fuzz/ \
        "$(mktemp -d build/fuzz/short.XXXXXX)" tests/fuzz/corpus/"${name#fuzz_}" >build/fuzz/"$name".log 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        tail -n 40 build/fuzz/"$name".log
    fi
done
rm -rf build/fuzz/short.*
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
