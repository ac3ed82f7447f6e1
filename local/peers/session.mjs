// A session of the AWS SDK for JavaScript v3 on an embedded Kinesis: see README.md.
import { isDeepStrictEqual } from "node:util";
import * as k from "@aws-sdk/client-kinesis";

const client = new k.Kinesis({
  endpoint: process.argv[2], region: "us-east-1", maxAttempts: 1,
  credentials: { accessKeyId: "local", secretAccessKey: "local" },
});
const name = "peer-" + Math.random().toString(36).slice(2);
const text = (r) => Buffer.from(r.Data).toString();

function check(what, got, want) {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what}: ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

async function refused(kind, call) {
  const error = await call().then(() => null, (e) => e);
  check("refused with " + kind, error?.name, kind);
}

await client.createStream({ StreamName: name, ShardCount: 1 });
await k.waitUntilStreamExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName: name });
const { StreamDescriptionSummary: { StreamARN: arn } } = await client.describeStreamSummary({ StreamName: name });
const first = await client.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.from("one") });
const more = await client.putRecords({ StreamARN: arn, Records: ["two", "three"].map((s) => ({ PartitionKey: s, Data: Buffer.from(s) })) });
check("failed", more.FailedRecordCount, 0);
const { ShardIterator } = await client.getShardIterator({ StreamName: name, ShardId: "0", ShardIteratorType: "AT_SEQUENCE_NUMBER", StartingSequenceNumber: first.SequenceNumber });
check("records", (await client.getRecords({ ShardIterator })).Records.map(text), ["one", "two", "three"]);
await refused("ResourceNotFoundException", () => client.putRecord({ StreamName: name + "x", PartitionKey: "k", Data: Buffer.from("") }));

const { Consumer } = await client.registerStreamConsumer({ StreamARN: arn, ConsumerName: "peer" });
const subscription = { ConsumerARN: Consumer.ConsumerARN, ShardId: "shardId-000000000000", StartingPosition: { Type: "LATEST" } };
const { EventStream } = await client.subscribeToShard(subscription);
await refused("ResourceInUseException", () => client.subscribeToShard(subscription));
const got = [];
let children = [];
for await (const { SubscribeToShardEvent: e } of EventStream) {
  if (got.length === 0 && e.Records.length === 0) await client.putRecord({ StreamName: name, PartitionKey: "k", Data: Buffer.from("later") });
  if (e.Records.length > 0) await client.splitShard({ StreamName: name, ShardToSplit: "shardId-000000000000", NewStartingHashKey: "5" });
  got.push(...e.Records.map(text));
  children = (e.ChildShards ?? []).map((c) => c.ShardId);
}
check("pushed", got, ["later"]);
check("children", children, ["shardId-000000000001", "shardId-000000000002"]);
await client.mergeShards({ StreamName: name, ShardToMerge: children[0], AdjacentShardToMerge: children[1] });
check("open shards", (await client.listShards({ StreamName: name, ShardFilter: { Type: "AT_LATEST" } })).Shards.map((s) => s.ShardId), ["shardId-000000000003"]);

await client.deleteStream({ StreamName: name, EnforceConsumerDeletion: true });
await k.waitUntilStreamNotExists({ client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }, { StreamName: name });
console.log("ok: @aws-sdk/client-kinesis");
client.destroy();
