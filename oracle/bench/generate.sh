#!/usr/bin/env bash
# Writes COUNT clickstream records as JSON lines to standard output: one impression, then five clicks, as in the lab, a
# thousand records to a second of event time.
#   generate.sh 10000000 > clicks.jsonl
set -euo pipefail
awk -v count="${1:?usage: generate.sh COUNT}" 'BEGIN {
  start = 13 * 3600 + 46 * 60 + 30
  for (i = 0; i < count; i++) {
    if (i % 1000 == 0) {
      s = start + i / 1000
      day = 22 + int(s / 86400)
      s = s % 86400
      second = sprintf("2023-08-%02d %02d:%02d:%02d", day, s / 3600, s / 60 % 60, s % 60)
    }
    printf "{\"browseraction\":\"%s\",\"site\":\"https://www.mysite.com\",\"rowtime\":\"%s.%03d\"}\n",
      i % 6 == 0 ? "Impression" : "Click", second, i % 1000
  }
}'
