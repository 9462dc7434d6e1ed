#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The demo: the real gangd with eight virtual boards, which a simulated operator swaps. DEMO_UNITS=N ends it after N
# units. The book is kept in build/demo/gangd.db.
set -eu
cd "$(dirname "$0")/.."

build=$PWD/build/release
demo=$PWD/build/demo
mkdir -p "$demo"

cat >"$demo/gangd.conf" <<CONF
[station]
name = demo
book = $demo/gangd.db
[product]
file = $PWD/build/common/demo.bin
[http]
socket = $demo/gangd.sock
group =
listen = 127.0.0.1:${DEMO_PORT:-8266}
web = $PWD/web
CONF

echo "The dashboard: http://127.0.0.1:${DEMO_PORT:-8266}"
echo "The book, also afterwards: $build/gangctl --book $demo/gangd.db units"
if [ -n "${DEMO_UNITS:-}" ]; then set -- --units "$DEMO_UNITS"; else set --; fi
exec "$build/boardsim" --boards "${DEMO_BOARDS:-8}" --adapter mixed --operator auto --faulty "${DEMO_FAULTY:-20}" \
    --seed "${DEMO_SEED:-5}" "$@" -- "$build/gangd" --config "$demo/gangd.conf"
