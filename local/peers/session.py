"""A session of boto3 on an embedded Kinesis: see README.md."""
import sys
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client("kinesis", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="local",
                      aws_secret_access_key="local", config=Config(retries={"max_attempts": 1}))
called = set()
client.meta.events.register("before-call.kinesis", lambda model, **_: called.add(model.name))
name = "peer-" + uuid.uuid4().hex[:8]


def check(what, got, want):
    if got != want:
        sys.exit("%s: %r, want %r" % (what, got, want))


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        check("refusal of " + call.__name__, e.response["Error"]["Code"], code)
    else:
        sys.exit("%s was not refused with %s" % (call.__name__, code))


def drain(shard):
    """The data of a shard from its beginning to its end or tip, and its children."""
    data, it = [], client.get_shard_iterator(StreamName=name, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    while True:
        out = client.get_records(ShardIterator=it, Limit=3)
        data += [r["Data"] for r in out["Records"]]
        it = out.get("NextShardIterator")
        if it is None or out["MillisBehindLatest"] == 0:
            return data, [c["ShardId"] for c in out.get("ChildShards", [])]


client.create_stream(StreamName=name, ShardCount=2, Tags={"team": "peers"})
client.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
refused("ResourceInUseException", client.create_stream, StreamName=name, ShardCount=1)
arn = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
check("tags", client.list_tags_for_stream(StreamName=name)["Tags"], [{"Key": "team", "Value": "peers"}])
check("streams", any(name in p["StreamNames"] for p in client.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})), True)
pages = list(client.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 1}))
check("pages of shards", [[s["ShardId"] for s in p["StreamDescription"]["Shards"]] for p in pages], [["shardId-000000000000"], ["shardId-000000000001"]])
check("shards of the account", client.describe_limits()["OpenShardCount"] >= 2, True)

first = client.put_record(StreamName=name, Data=b"\x00\xff", PartitionKey="k", ExplicitHashKey="0")
check("shard", first["ShardId"], "shardId-000000000000")
out = client.put_records(StreamARN=arn, Records=[{"Data": b"r%d" % i, "PartitionKey": "k", "ExplicitHashKey": "0"} for i in range(7)])
check("failed", out["FailedRecordCount"], 0)
check("data", drain("shardId-000000000000")[0], [b"\x00\xff"] + [b"r%d" % i for i in range(7)])
refused("ResourceNotFoundException", client.put_record, StreamName=name + "x", Data=b"", PartitionKey="k")
refused("InvalidArgumentException", client.get_records, ShardIterator="x")

consumer = client.register_stream_consumer(StreamARN=arn, ConsumerName="peer")["Consumer"]["ConsumerARN"]
check("consumer", client.describe_stream_consumer(ConsumerARN=consumer)["ConsumerDescription"]["ConsumerStatus"], "ACTIVE")
check("consumers", len(client.list_stream_consumers(StreamARN=arn)["Consumers"]), 1)
events = iter(client.subscribe_to_shard(ConsumerARN=consumer, ShardId="shardId-000000000000",
                                        StartingPosition={"Type": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": first["SequenceNumber"]})["EventStream"])
pushed = next(events)["SubscribeToShardEvent"]
check("pushed", [r["Data"] for r in pushed["Records"]], [b"r%d" % i for i in range(7)])
check("continuation", pushed["ContinuationSequenceNumber"], out["Records"][-1]["SequenceNumber"])
refused("ResourceInUseException", client.subscribe_to_shard, ConsumerARN=consumer, ShardId="shardId-000000000000", StartingPosition={"Type": "LATEST"})

client.split_shard(StreamName=name, ShardToSplit="shardId-000000000000", NewStartingHashKey=str(1 << 126))
end = next(events)["SubscribeToShardEvent"]
check("children", [c["ShardId"] for c in end["ChildShards"]], ["shardId-000000000002", "shardId-000000000003"])
check("end of the subscription", list(events), [])
check("end of the parent", drain("shardId-000000000000")[1], ["shardId-000000000002", "shardId-000000000003"])
client.merge_shards(StreamName=name, ShardToMerge="shardId-000000000002", AdjacentShardToMerge="shardId-000000000003")
client.update_shard_count(StreamName=name, TargetShardCount=4, ScalingType="UNIFORM_SCALING")
check("open shards", len(client.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]), 4)

client.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
client.decrease_stream_retention_period(StreamName=name, RetentionPeriodHours=24)
client.add_tags_to_stream(StreamName=name, Tags={"env": "test"})
client.remove_tags_from_stream(StreamName=name, TagKeys=["team"])
client.tag_resource(ResourceARN=arn, Tags={"more": ""})
check("tags", [t["Key"] for t in client.list_tags_for_stream(StreamName=name)["Tags"]], ["env", "more"])
client.untag_resource(ResourceARN=arn, TagKeys=["more"])
check("tags by ARN", [t["Key"] for t in client.list_tags_for_resource(ResourceARN=arn)["Tags"]], ["env"])
client.tag_resource(ResourceARN=consumer, Tags={"a": "b"})
check("resource tags", client.list_tags_for_resource(ResourceARN=consumer)["Tags"], [{"Key": "a", "Value": "b"}])
client.put_resource_policy(ResourceARN=arn, Policy="{}")
check("policy", client.get_resource_policy(ResourceARN=arn)["Policy"], "{}")
client.delete_resource_policy(ResourceARN=arn)
client.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
check("encrypted", client.put_record(StreamName=name, Data=b"x", PartitionKey="k")["EncryptionType"], "KMS")
client.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["ALL"])
client.disable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["OutgoingBytes"])
client.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=2048)
client.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
check("settings", (summary["EncryptionType"], summary["StreamModeDetails"]["StreamMode"], len(summary["EnhancedMonitoring"][0]["ShardLevelMetrics"]),
                   summary["MaxRecordSizeInKiB"]), ("KMS", "ON_DEMAND", 6, 2048))
client.stop_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/aws/kinesis")
client.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
check("commitment", client.describe_account_settings()["MinimumThroughputBillingCommitment"]["Status"], "ENABLED")
check("warm", client.update_stream_warm_throughput(StreamARN=arn, WarmThroughputMiBps=10)["WarmThroughput"]["TargetMiBps"], 10)
client.update_stream_record_distribution_strategy(StreamARN=arn, RecordDistributionStrategy="AUTO")
check("shards of one key", len({client.put_record(StreamName=name, Data=b"x", PartitionKey="k")["ShardId"] for _ in range(4)}), 4)

refused("ResourceInUseException", client.delete_stream, StreamName=name)
client.deregister_stream_consumer(ConsumerARN=consumer)
client.delete_stream(StreamName=name)
client.get_waiter("stream_not_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
if len(sys.argv) > 2:
    with open(sys.argv[2]) as f:
        served = set(f.read().split())
    check("operations that were left out", (served & set(client.meta.service_model.operation_names)) - called, set())
print("ok: boto3 " + boto3.__version__)
