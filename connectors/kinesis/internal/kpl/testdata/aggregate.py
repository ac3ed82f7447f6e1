# Writes aggregated.json: user records and what AWS's aggregation module for Python makes of them.
# pip install aws_kinesis_agg==1.2.3 six && python aggregate.py > aggregated.json
import base64
import json

from aws_kinesis_agg.aggregator import AggRecord

def case(name, *records):
    r = AggRecord()
    for key, explicit, data in records:
        if not r.add_user_record(key, data, explicit):
            raise SystemExit(f"{name}: {key} doesn't fit")
    _, _, whole = r.get_contents()
    return {
        "name": name,
        "records": [{"key": k, "hash": h or "", "data": base64.b64encode(d).decode()} for k, h, d in records],
        "aggregated": base64.b64encode(whole).decode(),
    }

print(json.dumps([
    case("one", ("user-1", None, b'{"n":1}')),
    case("same key", ("user-1", None, b"a"), ("user-1", None, b"b"), ("user-1", None, b"c")),
    case("keys", *((f"user-{i % 130}", None, b"%d" % i) for i in range(140))),
    case("explicit hash keys", ("a", "0", b"x"), ("b", "340282366920938463463374607431768211455", b"y"), ("a", "12", b"z"), ("c", None, b"w")),
    case("empty data", ("a", None, b""), ("b", None, b"")),
    case("bytes", ("schlüssel ✓", None, bytes(range(256)) * 3)),
], indent=1))
