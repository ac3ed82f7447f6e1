"""Holds the number of Flink's cases that weir answers exactly: it may grow, not shrink. Reads run.py's --json file."""
import json
import sys

# Exact at least, by kind, over the releases 1.20 and master.
LEAST = {"programs": 73, "scalar": 1490, "scalar-errors": 190, "aggregates": 20}

result = json.load(open(sys.argv[1], encoding="utf-8"))
bad = []
for kind, least in LEAST.items():
    counts = result["by_kind"].get(kind, {})
    exact = counts.get("exact", 0)
    print("%-14s exact %d (at least %d)  %s" % (kind, exact, least, counts))
    if exact < least:
        bad.append("%s: %d exact, %d before" % (kind, exact, least))
    for status in ("crashed", "timeout"):
        if counts.get(status):
            bad.append("%s: %d %s" % (kind, counts[status], status))
if bad:
    sys.exit("conformance fell back: " + "; ".join(bad))
print("%d passed, %d failed, %d skipped" % (result["passed"], result["failed"], result["skipped"]))
