#!/usr/bin/env bash
# Runs SQL on a real Flink (README.md has the commands). Builds when the sources are newer than the build.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
stamp=$here/target/classpath

if [ ! -f "$stamp" ] || [ -n "$(find "$here/src" "$here/pom.xml" -newer "$stamp" -print -quit)" ]; then
  rm -rf "$here/target" # a failed build leaves the compiler plugin's notion of what is up to date wrong
  (cd "$here" && { mvn -q -B -o package 2>/dev/null || mvn -q -B package; }) >&2
  touch "$stamp"
fi

opens=()
for package in lang lang.reflect math net nio text time util util.concurrent util.concurrent.atomic; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
# Recording is short-lived and must leave the cores to others; the benchmark runs as Flink would.
flags=(-Xmx2g)
[ "${1:-}" = bench ] || flags+=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1)
args=("$@")
[ "${1:-}" = record ] && args=(record "$here/testdata" "${@:2}")

exec java "${flags[@]}" "${opens[@]}" -Duser.timezone=UTC -Dfile.encoding=UTF-8 \
  -cp "$here/target/classes:$(cat "$stamp")" weirsql.oracle.Oracle "${args[@]}"
