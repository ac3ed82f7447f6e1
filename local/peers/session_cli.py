"""A session of the AWS CLI on an embedded Kinesis and SNS: see README.md."""
import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import uuid
import zlib

kinesis_url, sns_url, operations = sys.argv[1], sys.argv[2], sys.argv[3:]
environment = dict(os.environ, AWS_ACCESS_KEY_ID="local", AWS_SECRET_ACCESS_KEY="local", AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1",
                   AWS_PAGER="", AWS_CONFIG_FILE=os.devnull, AWS_MAX_ATTEMPTS="1")
command = os.environ.get("AWS", "aws")
version = subprocess.run([command, "--version"], env=environment, capture_output=True, text=True, check=True).stdout.split()[0]
# Version 2 takes data in base64 unless told otherwise. Both print base64.
raw = [] if version.startswith("aws-cli/1.") else ["--cli-binary-format", "raw-in-base64-out"]
name = "peer-" + uuid.uuid4().hex[:8]
called = set()


class Refused(Exception):
    """The server's refusal: its code."""


class Unknown(Exception):
    """The CLI is older than the operation."""


def run(service, url, args):
    called.add(args[0])
    p = subprocess.run([command, service, *args, "--endpoint-url", url, "--output", "json"], env=environment, capture_output=True, text=True)
    if "An error occurred (" in p.stderr:
        raise Refused(p.stderr.split("(")[1].split(")")[0])
    if "Invalid choice" in p.stderr :
        raise Unknown(p.stderr)
    if p.returncode != 0:
        sys.exit("%s: exit status %d: %s" % (" ".join(args), p.returncode, p.stderr))
    return json.loads(p.stdout) if p.stdout else None


def kinesis(*args):
    return run("kinesis", kinesis_url, [str(a) for a in args])


def sns(*args):
    return run("sns", sns_url, args)


def check(what, got, want):
    if got != want:
        sys.exit("%s: %r, want %r" % (what, got, want))


def refused(code, call, *args):
    try:
        call(*args)
    except Refused as e:
        check("refusal of " + args[0], str(e), code)
    else:
        sys.exit("%s was not refused with %s" % (args[0], code))


def newer(session):
    """Runs what older releases of the CLI lack."""
    try:
        session()
    except Unknown:
        print("not known to %s: %s" % (version, session.__doc__))


def known(operation):
    """Whether the CLI has an operation; it never has SubscribeToShard."""
    try:
        kinesis(re.sub("(?<!^)([A-Z])", r"-\1", operation).lower(), "--generate-cli-skeleton", "input")
    except Unknown:
        return False
    return True


def iterator(kind, *args):
    return kinesis("get-shard-iterator", "--stream-name", name, "--shard-id", "shardId-000000000000", "--shard-iterator-type", kind, *args)["ShardIterator"]


def records(it, *args):
    return kinesis("get-records", "--shard-iterator", it, *args)


def data(out):
    return [base64.b64decode(r["Data"]) for r in out["Records"]]


def ids(shards):
    return [s["ShardId"][-1] for s in shards]


def summary():
    return kinesis("describe-stream-summary", "--stream-name", name)["StreamDescriptionSummary"]


# A stream, and what describes it.
kinesis("create-stream", "--stream-name", name, "--shard-count", 2)
kinesis("wait", "stream-exists", "--stream-name", name)
refused("ResourceInUseException", kinesis, "create-stream", "--stream-name", name, "--shard-count", 1)
s = summary()
arn = s["StreamARN"]
check("summary", (s["StreamStatus"], s["OpenShardCount"], s["RetentionPeriodHours"], s["StreamModeDetails"]), ("ACTIVE", 2, 24, {"StreamMode": "PROVISIONED"}))
description = kinesis("describe-stream", "--stream-name", name, "--page-size", 1)["StreamDescription"]
check("shards", ids(description["Shards"]), ["0", "1"])
check("streams", name in kinesis("list-streams", "--page-size", 1)["StreamNames"], True)
check("open shards", kinesis("describe-limits")["OpenShardCount"] >= 2, True)

# Records, and iterators of all types.
first = kinesis("put-record", "--stream-name", name, "--partition-key", "k", "--explicit-hash-key", "0", "--data", "text ü", *raw)
check("shard", first["ShardId"], "shardId-000000000000")
with tempfile.NamedTemporaryFile() as f:
    f.write(b"\x00\xff")
    f.flush()
    kinesis("put-record", "--stream-name", name, "--partition-key", "k", "--explicit-hash-key", "0", "--data", "fileb://" + f.name)
out = kinesis("put-records", "--stream-name", name, "--records", *("Data=r%d,PartitionKey=k,ExplicitHashKey=0" % i for i in range(3)), *raw)
check("failed", out["FailedRecordCount"], 0)
everything = ["text ü".encode(), b"\x00\xff", b"r0", b"r1", b"r2"]
page = records(iterator("TRIM_HORIZON"), "--limit", 2)
check("first page", data(page), everything[:2])
page = records(page["NextShardIterator"])
check("second page", (data(page), page["MillisBehindLatest"]), (everything[2:], 0))
number = out["Records"][1]["SequenceNumber"]
check("at", data(records(iterator("AT_SEQUENCE_NUMBER", "--starting-sequence-number", number))), everything[3:])
check("after", data(records(iterator("AFTER_SEQUENCE_NUMBER", "--starting-sequence-number", number))), everything[4:])
check("at a time", data(records(iterator("AT_TIMESTAMP", "--timestamp", "%d" % (time.time() - 3600)))), everything)
latest = iterator("LATEST")
kinesis("put-record", "--stream-name", name, "--partition-key", "k", "--explicit-hash-key", "0", "--data", "latest", *raw)
check("latest", data(records(latest)), [b"latest"])
refused("ResourceNotFoundException", kinesis, "put-record", "--stream-name", name + "x", "--partition-key", "k", "--data", "x", *raw)
refused("InvalidArgumentException", kinesis, "get-records", "--shard-iterator", "x")
refused("ValidationException", kinesis, "get-records", "--shard-iterator", latest, "--limit", 10001)
# An iterator is eight bytes, the time it was made, and more; its checksum is in the last four.
old = bytearray(base64.b64decode(latest)[:-4])
old[8:16] = (int.from_bytes(old[8:16], "big") - 6 * 60 * 1000).to_bytes(8, "big")
refused("ExpiredIteratorException", kinesis, "get-records", "--shard-iterator", base64.b64encode(old + zlib.crc32(old).to_bytes(4, "big")).decode())

# Consumers. SubscribeToShard is the one operation that the CLI doesn't have.
consumer = kinesis("register-stream-consumer", "--stream-arn", arn, "--consumer-name", "peer")["Consumer"]["ConsumerARN"]
check("consumer", kinesis("describe-stream-consumer", "--consumer-arn", consumer)["ConsumerDescription"]["ConsumerStatus"], "ACTIVE")
check("consumers", [c["ConsumerName"] for c in kinesis("list-stream-consumers", "--stream-arn", arn)["Consumers"]], ["peer"])
refused("ResourceInUseException", kinesis, "delete-stream", "--stream-name", name)
kinesis("deregister-stream-consumer", "--consumer-arn", consumer)
refused("ResourceNotFoundException", kinesis, "describe-stream-consumer", "--consumer-arn", consumer)

# Resharding.
kinesis("split-shard", "--stream-name", name, "--shard-to-split", "shardId-000000000000", "--new-starting-hash-key", 1 << 126)
end = records(iterator("AFTER_SEQUENCE_NUMBER", "--starting-sequence-number", number))
check("end of a shard", (data(end), ids(end["ChildShards"]), "NextShardIterator" in end), ([b"r2", b"latest"], ["2", "3"], False))
kinesis("merge-shards", "--stream-name", name, "--shard-to-merge", "shardId-000000000002", "--adjacent-shard-to-merge", "shardId-000000000003")
page = kinesis("list-shards", "--stream-name", name, "--max-results", 3, "--no-paginate")
check("first page of shards", ids(page["Shards"]), ["0", "1", "2"])
check("second page of shards", ids(kinesis("list-shards", "--next-token", page["NextToken"], "--no-paginate")["Shards"]), ["3", "4"])
check("open shards", ids(kinesis("list-shards", "--stream-name", name, "--shard-filter", "Type=AT_LATEST")["Shards"]), ["1", "4"])
scaled = kinesis("update-shard-count", "--stream-name", name, "--target-shard-count", 4, "--scaling-type", "UNIFORM_SCALING")
check("scaled", (scaled["CurrentShardCount"], scaled["TargetShardCount"]), (2, 4))
refused("LimitExceededException", kinesis, "update-shard-count", "--stream-name", name, "--target-shard-count", 9, "--scaling-type", "UNIFORM_SCALING")

# Settings.
kinesis("increase-stream-retention-period", "--stream-name", name, "--retention-period-hours", 48)
check("retention", summary()["RetentionPeriodHours"], 48)
kinesis("decrease-stream-retention-period", "--stream-name", name, "--retention-period-hours", 24)
kinesis("add-tags-to-stream", "--stream-name", name, "--tags", "team=peers,env=test")
kinesis("remove-tags-from-stream", "--stream-name", name, "--tag-keys", "env")
check("tags", kinesis("list-tags-for-stream", "--stream-name", name)["Tags"], [{"Key": "team", "Value": "peers"}])
kinesis("start-stream-encryption", "--stream-name", name, "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
check("encryption", (summary()["EncryptionType"], summary()["KeyId"]), ("KMS", "alias/aws/kinesis"))
kinesis("stop-stream-encryption", "--stream-name", name, "--encryption-type", "KMS", "--key-id", "alias/aws/kinesis")
check("metrics", kinesis("enable-enhanced-monitoring", "--stream-name", name, "--shard-level-metrics", "IncomingBytes")["DesiredShardLevelMetrics"], ["IncomingBytes"])
check("no metrics", kinesis("disable-enhanced-monitoring", "--stream-name", name, "--shard-level-metrics", "ALL")["DesiredShardLevelMetrics"], [])


def tags():
    """tags by ARN"""
    kinesis("tag-resource", "--resource-arn", arn, "--tags", "a=b")
    kinesis("untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    check("tags by ARN", kinesis("list-tags-for-resource", "--resource-arn", arn)["Tags"], [{"Key": "a", "Value": "b"}])


def policy():
    """resource policies"""
    kinesis("put-resource-policy", "--resource-arn", arn, "--policy", "{}")
    check("policy", kinesis("get-resource-policy", "--resource-arn", arn)["Policy"], "{}")
    kinesis("delete-resource-policy", "--resource-arn", arn)


def record_size():
    """the size of records"""
    kinesis("update-max-record-size", "--stream-arn", arn, "--max-record-size-in-ki-b", 2048)
    check("size of records", summary()["MaxRecordSizeInKiB"], 2048)


def throughput():
    """warm throughput"""
    kinesis("update-account-settings", "--minimum-throughput-billing-commitment", "Status=ENABLED")
    check("commitment", kinesis("describe-account-settings")["MinimumThroughputBillingCommitment"]["Status"], "ENABLED")
    check("warm", kinesis("update-stream-warm-throughput", "--stream-arn", arn, "--warm-throughput-mi-bps", 10)["WarmThroughput"]["TargetMiBps"], 10)


def distribution():
    """how records are distributed"""
    kinesis("update-stream-record-distribution-strategy", "--stream-arn", arn, "--record-distribution-strategy", "AUTO")


newer(tags)
newer(policy)
newer(record_size)
kinesis("update-stream-mode", "--stream-arn", arn, "--stream-mode-details", "StreamMode=ON_DEMAND")
check("mode", summary()["StreamModeDetails"]["StreamMode"], "ON_DEMAND")
newer(throughput)
newer(distribution)
kinesis("register-stream-consumer", "--stream-arn", arn, "--consumer-name", "left")
kinesis("delete-stream", "--stream-name", name, "--enforce-consumer-deletion")
kinesis("wait", "stream-not-exists", "--stream-name", name)
if operations:
    with open(operations[0]) as f:
        left = [o for o in f.read().split() if o.lower() not in {c.replace("-", "") for c in called}]
    check("operations that were left out", [o for o in left if known(o)], [])

# Topics.
topic = sns("create-topic", "--name", name, "--attributes", "DisplayName=Peers", "--tags", "Key=team,Value=peers")["TopicArn"]
check("topics", topic in [t["TopicArn"] for t in sns("list-topics")["Topics"]], True)
check("display name", sns("get-topic-attributes", "--topic-arn", topic)["Attributes"]["DisplayName"], "Peers")
subscription = sns("subscribe", "--topic-arn", topic, "--protocol", "email", "--notification-endpoint", "ops@example.com", "--return-subscription-arn")["SubscriptionArn"]
check("subscriptions", [(s["SubscriptionArn"], s["Endpoint"]) for s in sns("list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]], [(subscription, "ops@example.com")])
check("all subscriptions", subscription in [s["SubscriptionArn"] for s in sns("list-subscriptions")["Subscriptions"]], True)
check("published", len(sns("publish", "--topic-arn", topic, "--subject", "s", "--message", "m ü", "--message-attributes",
                           '{"level": {"DataType": "String", "StringValue": "error"}}')["MessageId"]), 36)
batch = sns("publish-batch", "--topic-arn", topic, "--publish-batch-request-entries", "Id=a,Message=m", "Id=b,Message=m")
check("batch", [s["Id"] for s in batch["Successful"]], ["a", "b"])
sns("unsubscribe", "--subscription-arn", subscription)
sns("delete-topic", "--topic-arn", topic)
refused("NotFound", sns, "publish", "--topic-arn", topic, "--message", "m")
print("ok: " + version)
