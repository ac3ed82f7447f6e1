#!/usr/bin/env bash
# Runs a session in Java, java or flink (README.md has the commands). Builds when the sources are newer than the build.
#
#   jvm.sh java|flink ENDPOINT [OPERATIONS]
#   jvm.sh java|flink build
set -euo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/$1
stamp=$project/target/classpath

if [ ! -f "$stamp" ] || [ -n "$(find "$project/src" "$project/pom.xml" -newer "$stamp" -print -quit)" ]; then
  rm -rf "$project/target" # a failed build leaves the compiler plugin's notion of what is up to date wrong
  (cd "$project" && { mvn -q -B -o package >/dev/null 2>&1 || mvn -q -B package; }) >&2
  touch "$stamp"
fi
[ "${2:-}" != build ] || exit 0

flags=(-Xmx1g -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=error)
if [ "$1" = flink ]; then # which reaches into the JDK's classes
  for package in lang lang.reflect math net nio text time util util.concurrent util.concurrent.atomic; do
    flags+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
  done
fi
exec java "${flags[@]}" -Duser.timezone=UTC -cp "$project/target/classes:$(cat "$stamp")" weirsql.peers.Session "${@:2}"
