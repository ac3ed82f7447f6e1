package weirsql.peers;

import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.zip.CRC32;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkSystemSetting;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.core.interceptor.SdkExecutionAttribute;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisAsyncClient;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.*;
import software.amazon.awssdk.services.kinesis.model.Record;

/** A session of the AWS SDK for Java v2 on an embedded Kinesis: see README.md. */
final class Session {
  /** CBOR unless the SDK's own switch turns it off. */
  private static final String PROTOCOL = SdkSystemSetting.CBOR_ENABLED.getBooleanValueOrThrow() ? "cbor" : "json";

  private final Set<String> called = new ConcurrentSkipListSet<>();
  private final KinesisClient client;
  private final KinesisAsyncClient async;
  private final String name = "peer-" + UUID.randomUUID().toString().substring(0, 8);
  private final String second = name + "-second";
  private final String shard = "shardId-000000000000";
  private String arn;

  public static void main(String[] args) throws Exception {
    Session s = new Session(URI.create(args[0]));
    try (s.client; s.async) {
      s.create();
      s.write();
      s.read();
      s.refusals();
      s.fanOut();
      s.reshard();
      s.settings();
      s.delete();
    }
    if (args.length > 1) {
      s.checkAllCalled(Path.of(args[1]));
    }
    System.out.printf("ok: AWS SDK for Java %s, %s%n", VersionInfo.SDK_VERSION, PROTOCOL);
  }

  /** The blocking client speaks HTTP/1.1. The other one speaks HTTP/2, in clear text as the endpoint's scheme is http. */
  Session(URI endpoint) {
    StaticCredentialsProvider credentials = StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"));
    ClientOverrideConfiguration configuration = ClientOverrideConfiguration.builder()
        .retryStrategy(AwsRetryStrategy.doNotRetry())
        .addExecutionInterceptor(new ExecutionInterceptor() {
          @Override
          public void beforeExecution(Context.BeforeExecution context, ExecutionAttributes attributes) {
            called.add(attributes.getAttribute(SdkExecutionAttribute.OPERATION_NAME));
          }

          @Override
          public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes attributes) {
            boolean events = context.request() instanceof SubscribeToShardRequest; // of which the SDK has none in CBOR
            check("type of a body", context.httpRequest().firstMatchingHeader("Content-Type").orElse(""),
                "application/x-amz-" + (events ? "json" : PROTOCOL) + "-1.1");
          }
        })
        .build();
    client = KinesisClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1)
        .credentialsProvider(credentials).overrideConfiguration(configuration).build();
    async = KinesisAsyncClient.builder().endpointOverride(endpoint).region(Region.US_EAST_1)
        .credentialsProvider(credentials).overrideConfiguration(configuration).build();
  }

  private void create() {
    client.createStream(r -> r.streamName(name).shardCount(2).tags(Map.of("team", "peers")));
    client.waiter().waitUntilStreamExists(r -> r.streamName(name));
    StreamDescriptionSummary summary = client.describeStreamSummary(r -> r.streamName(name)).streamDescriptionSummary();
    arn = summary.streamARN();
    check("arn", arn, "arn:aws:kinesis:us-east-1:000000000000:stream/" + name);
    check("summary", List.of(summary.streamStatus(), summary.openShardCount(), summary.retentionPeriodHours(),
            summary.encryptionType(), summary.streamModeDetails().streamMode(), summary.consumerCount()),
        List.of(StreamStatus.ACTIVE, 2, 24, EncryptionType.NONE, StreamMode.PROVISIONED, 0));
    check("created", Math.abs(summary.streamCreationTimestamp().getEpochSecond() - Instant.now().getEpochSecond()) < 60, true);

    StreamDescription page = client.describeStream(r -> r.streamARN(arn).limit(1)).streamDescription();
    check("first page", List.of(shardIds(page.shards()), page.hasMoreShards()), List.of(List.of(shard), true));
    page = client.describeStream(r -> r.streamName(name).exclusiveStartShardId(shard)).streamDescription();
    check("second page", List.of(shardIds(page.shards()), page.hasMoreShards()), List.of(List.of(shardId(1)), false));
    check("range of keys", page.shards().get(0).hashKeyRange().endingHashKey(), "340282366920938463463374607431768211455");

    client.createStream(r -> r.streamName(second).streamModeDetails(m -> m.streamMode(StreamMode.ON_DEMAND)));
    client.waiter().waitUntilStreamExists(r -> r.streamName(second));
    List<String> ours = client.listStreamsPaginator(r -> r.limit(1)).stream()
        .peek(p -> check("streams on a page", p.streamNames().size() <= 1, true))
        .flatMap(p -> p.streamNames().stream()).filter(n -> n.startsWith(name)).toList();
    check("streams", ours, List.of(name, second));
    check("shards on demand", client.describeLimits().onDemandStreamCount() >= 1, true);
  }

  private List<String> sequence; // numbers of the records of write, in order

  private void write() {
    PutRecordResponse first = client.putRecord(r -> r.streamName(name).partitionKey("k").explicitHashKey("0")
        .data(SdkBytes.fromByteArray(new byte[] {0, (byte) 0xff, 'x'})));
    check("shard by explicit key", first.shardId(), shard);
    check("length of a sequence number", first.sequenceNumber().length(), 56);
    PutRecordsResponse more = async.putRecords(r -> r.streamARN(arn).records(IntStream.range(0, 7).mapToObj(this::entry).toList())).join();
    check("failed", more.failedRecordCount(), 0);
    sequence = more.records().stream().map(PutRecordsResultEntry::sequenceNumber).collect(Collectors.toList());
    PutRecordResponse last = async.putRecord(r -> r.streamName(name).partitionKey("k").explicitHashKey("0")
        .sequenceNumberForOrdering(sequence.get(6)).data(SdkBytes.fromUtf8String("r7"))).join();
    sequence.add(0, first.sequenceNumber());
    sequence.add(last.sequenceNumber());
    check("order", sequence.stream().sorted().toList(), sequence);
    // MD5 of "a" begins with 0c, of "c" with 4a, of "b" with 92: the lower half of the keys, twice, and the upper one.
    check("shards by hash", List.of("a", "c", "b").stream().map(k -> client.putRecord(r -> r.streamName(second).partitionKey(k)
        .data(SdkBytes.fromUtf8String(k))).shardId()).toList(), List.of(shardId(0), shardId(1), shardId(2)));
  }

  private PutRecordsRequestEntry entry(int i) {
    return PutRecordsRequestEntry.builder().partitionKey("k" + i).explicitHashKey("0").data(SdkBytes.fromUtf8String("r" + i)).build();
  }

  private void read() {
    GetRecordsResponse all = client.getRecords(r -> r.shardIterator(iterator(ShardIteratorType.TRIM_HORIZON, null, null)));
    check("bytes", texts(all.records()).get(0), "\0\u00ffx");
    List<String> texts = IntStream.range(0, 8).mapToObj(i -> "r" + i).toList();
    check("texts", texts(all.records()).subList(1, 9), texts);
    check("keys", all.records().get(3).partitionKey(), "k2");
    check("sequence numbers", all.records().stream().map(Record::sequenceNumber).toList(), sequence);
    check("behind", all.millisBehindLatest(), 0L);

    GetRecordsResponse some = async.getRecords(r -> r.streamARN(arn).limit(2)
        .shardIterator(iterator(ShardIteratorType.AT_SEQUENCE_NUMBER, sequence.get(3), null))).join();
    check("at", texts(some.records()), texts.subList(2, 4));
    check("at, then", texts(next(some).records()), texts.subList(4, 8));
    check("after", texts(async.getRecords(r -> r.shardIterator(
        iterator(ShardIteratorType.AFTER_SEQUENCE_NUMBER, sequence.get(3), null))).join().records()), texts.subList(3, 8));
    Instant time = all.records().get(8).approximateArrivalTimestamp();
    check("at a time", texts(client.getRecords(r -> r.shardIterator(iterator(ShardIteratorType.AT_TIMESTAMP, null, time))).records()),
        texts(all.records().stream().filter(r -> !r.approximateArrivalTimestamp().isBefore(time)).toList()));
    String latest = iterator(ShardIteratorType.LATEST, null, null);
    client.putRecord(r -> r.streamName(name).partitionKey("k").explicitHashKey("1").data(SdkBytes.fromUtf8String("latest")));
    check("latest", texts(client.getRecords(r -> r.shardIterator(latest)).records()), List.of("latest"));
  }

  private String iterator(ShardIteratorType type, String number, Instant time) {
    return client.getShardIterator(r -> r.streamName(name).shardId(shard).shardIteratorType(type)
        .startingSequenceNumber(number).timestamp(time)).shardIterator();
  }

  private GetRecordsResponse next(GetRecordsResponse page) {
    return client.getRecords(r -> r.shardIterator(page.nextShardIterator()).limit(4));
  }

  private void refusals() {
    refused(ResourceNotFoundException.class, () -> client.putRecord(r -> r.streamName(name + "x").partitionKey("k").data(SdkBytes.fromUtf8String(""))));
    refused(ResourceNotFoundException.class, () -> async.describeStreamSummary(r -> r.streamName(name + "x")).join());
    refused(ResourceInUseException.class, () -> client.createStream(r -> r.streamName(name).shardCount(1)));
    refused(InvalidArgumentException.class, () -> client.getRecords(r -> r.shardIterator("x")));
    refused(InvalidArgumentException.class, () -> iterator(ShardIteratorType.AT_SEQUENCE_NUMBER, "1", null));
    refused(ValidationException.class, () -> client.putRecord(r -> r.streamName(name).partitionKey("").data(SdkBytes.fromUtf8String("x"))));
    refused(ValidationException.class, () -> async.getRecords(r -> r.shardIterator(iterator(ShardIteratorType.LATEST, null, null)).limit(10001)).join());
    refused(LimitExceededException.class, () -> client.updateShardCount(r -> r.streamName(name).targetShardCount(5).scalingType(ScalingType.UNIFORM_SCALING)));
    // An iterator is eight bytes, the time it was made, and more; its checksum is in the last four.
    byte[] old = Base64.getDecoder().decode(iterator(ShardIteratorType.LATEST, null, null));
    ByteBuffer bytes = ByteBuffer.wrap(old);
    bytes.putLong(8, bytes.getLong(8) - TimeUnit.MINUTES.toMillis(6));
    CRC32 sum = new CRC32();
    sum.update(old, 0, old.length - 4);
    bytes.putInt(old.length - 4, (int) sum.getValue());
    ExpiredIteratorException e = refused(ExpiredIteratorException.class,
        () -> client.getRecords(r -> r.shardIterator(Base64.getEncoder().encodeToString(old))));
    check("text of an error", e.awsErrorDetails().errorMessage().startsWith("Iterator expired. The iterator was created at time "), true);
    check("status of an error", e.statusCode(), 400);
    check("request ID", e.requestId() != null, true);
  }

  private void fanOut() throws Exception {
    Consumer registered = client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("peer")).consumer();
    String consumer = registered.consumerARN();
    refused(ResourceInUseException.class, () -> client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("peer")));
    ConsumerDescription described = client.describeStreamConsumer(r -> r.consumerARN(consumer)).consumerDescription();
    check("consumer", List.of(described.consumerName(), described.consumerStatus(), described.streamARN()), List.of("peer", ConsumerStatus.ACTIVE, arn));
    check("consumer by name", client.describeStreamConsumer(r -> r.streamARN(arn).consumerName("peer")).consumerDescription(), described);
    client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("peer-2"));
    check("consumers", client.listStreamConsumersPaginator(r -> r.streamARN(arn).maxResults(1)).stream()
        .flatMap(p -> p.consumers().stream()).map(Consumer::consumerName).toList(), List.of("peer", "peer-2"));
    client.deregisterStreamConsumer(r -> r.streamARN(arn).consumerName("peer-2"));

    LinkedBlockingQueue<SubscribeToShardEvent> events = new LinkedBlockingQueue<>();
    CompletableFuture<Void> subscription = subscribe(consumer, events, StartingPosition.builder()
        .type(ShardIteratorType.AFTER_SEQUENCE_NUMBER).sequenceNumber(sequence.get(6)).build());
    SubscribeToShardEvent event = arrived(events, subscription);
    check("pushed", texts(event.records()), List.of("r6", "r7", "latest"));
    check("pushed keys", event.records().get(0).partitionKey(), "k6");
    check("continuation", event.continuationSequenceNumber(), event.records().get(2).sequenceNumber());
    check("behind", event.millisBehindLatest(), 0L);
    refused(ResourceInUseException.class, () -> subscribe(consumer, new LinkedBlockingQueue<>(),
        StartingPosition.builder().type(ShardIteratorType.LATEST).build()).join());
    async.putRecord(r -> r.streamName(name).partitionKey("k").explicitHashKey("0").data(SdkBytes.fromUtf8String("later"))).join();
    check("pushed later", texts(arrived(events, subscription).records()), List.of("later"));

    client.splitShard(r -> r.streamARN(arn).shardToSplit(shard).newStartingHashKey("5"));
    while ((event = events.poll(20, TimeUnit.SECONDS)) != null && !event.hasChildShards()) {
      check("pushed before the end", texts(event.records()), List.of());
    }
    check("children", Objects.requireNonNull(event).childShards().stream().map(ChildShard::shardId).toList(), List.of(shardId(2), shardId(3)));
    check("parents", event.childShards().get(0).parentShards(), List.of(shard));
    check("continuation of a closed shard", event.continuationSequenceNumber(), null);
    subscription.get(20, TimeUnit.SECONDS);
    refused(ResourceInUseException.class, () -> client.deleteStream(r -> r.streamName(name)));
    client.tagResource(r -> r.resourceARN(consumer).tags(Map.of("a", "b")));
    check("tags of a consumer", client.listTagsForResource(r -> r.resourceARN(consumer)).tags(), List.of(Tag.builder().key("a").value("b").build()));
    client.untagResource(r -> r.resourceARN(consumer).tagKeys("a"));
    check("no tags of a consumer", client.listTagsForResource(r -> r.resourceARN(consumer)).tags(), List.of());
    client.deregisterStreamConsumer(r -> r.consumerARN(consumer));
    refused(ResourceNotFoundException.class, () -> client.describeStreamConsumer(r -> r.consumerARN(consumer)));
  }

  private CompletableFuture<Void> subscribe(String consumer, LinkedBlockingQueue<SubscribeToShardEvent> events, StartingPosition from) {
    return async.subscribeToShard(r -> r.consumerARN(consumer).shardId(shard).startingPosition(from),
        SubscribeToShardResponseHandler.builder()
            .subscriber(SubscribeToShardResponseHandler.Visitor.builder().onSubscribeToShardEvent(events::add).build())
            .build());
  }

  /** The next event with records; events without any come when a subscription begins, and now and then. */
  private static SubscribeToShardEvent arrived(LinkedBlockingQueue<SubscribeToShardEvent> events, CompletableFuture<Void> subscription)
      throws InterruptedException {
    SubscribeToShardEvent event;
    do {
      event = events.poll(20, TimeUnit.SECONDS);
      if (event == null) {
        subscription.getNow(null);
        throw new AssertionError("no event arrived");
      }
    } while (event.records().isEmpty());
    return event;
  }

  private void reshard() {
    GetRecordsResponse end = client.getRecords(r -> r.shardIterator(iterator(ShardIteratorType.TRIM_HORIZON, null, null)));
    check("end of a closed shard", end.nextShardIterator(), null);
    check("children", end.childShards().stream().map(ChildShard::shardId).toList(), List.of(shardId(2), shardId(3)));
    client.mergeShards(r -> r.streamName(name).shardToMerge(shardId(2)).adjacentShardToMerge(shardId(3)));

    Shard merged = client.listShards(r -> r.streamName(name).exclusiveStartShardId(shardId(3))).shards().get(0);
    check("merged", List.of(merged.shardId(), merged.parentShardId(), merged.adjacentParentShardId()), List.of(shardId(4), shardId(2), shardId(3)));
    check("merged keys", merged.hashKeyRange().startingHashKey(), "0");
    check("open", merged.sequenceNumberRange().endingSequenceNumber(), null);
    check("open shards", open(ShardFilterType.AT_LATEST), List.of(shardId(1), shardId(4)));
    check("shards from the beginning", open(ShardFilterType.AT_TRIM_HORIZON), List.of(shardId(0), shardId(1)));
    check("all shards", open(ShardFilterType.FROM_TRIM_HORIZON), IntStream.range(0, 5).mapToObj(Session::shardId).toList());
    check("shards after one", shardIds(client.listShards(r -> r.streamARN(arn)
        .shardFilter(f -> f.type(ShardFilterType.AFTER_SHARD_ID).shardId(shardId(2)))).shards()), List.of(shardId(3), shardId(4)));
    Instant now = Instant.now();
    check("shards at a time", shardIds(client.listShards(r -> r.streamName(name)
        .shardFilter(f -> f.type(ShardFilterType.AT_TIMESTAMP).timestamp(now))).shards()), List.of(shardId(1), shardId(4)));
    check("shards from a time", shardIds(client.listShards(r -> r.streamName(name)
        .shardFilter(f -> f.type(ShardFilterType.FROM_TIMESTAMP).timestamp(now))).shards()), List.of(shardId(1), shardId(4)));
    ListShardsResponse page = client.listShards(r -> r.streamName(name).maxResults(3));
    check("first page", shardIds(page.shards()), List.of(shardId(0), shardId(1), shardId(2)));
    String token = page.nextToken();
    page = client.listShards(r -> r.nextToken(token).maxResults(3));
    check("second page", shardIds(page.shards()), List.of(shardId(3), shardId(4)));
    check("no third page", page.nextToken(), null);

    UpdateShardCountResponse scaled = client.updateShardCount(r -> r.streamName(name).targetShardCount(4).scalingType(ScalingType.UNIFORM_SCALING));
    check("scaled", List.of(scaled.currentShardCount(), scaled.targetShardCount()), List.of(2, 4));
    client.waiter().waitUntilStreamExists(r -> r.streamName(name));
    check("scaled shards", open(ShardFilterType.AT_LATEST).size(), 4);
  }

  private List<String> open(ShardFilterType type) {
    return shardIds(client.listShards(r -> r.streamName(name).shardFilter(f -> f.type(type))).shards());
  }

  private void settings() {
    client.increaseStreamRetentionPeriod(r -> r.streamName(name).retentionPeriodHours(48));
    check("retention", summary(name).retentionPeriodHours(), 48);
    refused(InvalidArgumentException.class, () -> client.increaseStreamRetentionPeriod(r -> r.streamName(name).retentionPeriodHours(24)));
    client.decreaseStreamRetentionPeriod(r -> r.streamARN(arn).retentionPeriodHours(24));

    client.addTagsToStream(r -> r.streamName(name).tags(Map.of("env", "test")));
    ListTagsForStreamResponse tags = client.listTagsForStream(r -> r.streamName(name).limit(1));
    check("page of tags", List.of(tags.tags().get(0).key(), tags.hasMoreTags()), List.of("env", true));
    tags = client.listTagsForStream(r -> r.streamName(name).exclusiveStartTagKey("env"));
    check("rest of the tags", tags.tags(), List.of(Tag.builder().key("team").value("peers").build()));
    client.removeTagsFromStream(r -> r.streamName(name).tagKeys("team"));
    client.tagResource(r -> r.resourceARN(arn).tags(Map.of("more", "")));
    check("tags", client.listTagsForResource(r -> r.resourceARN(arn)).tags().stream().map(Tag::key).toList(), List.of("env", "more"));
    client.untagResource(r -> r.resourceARN(arn).tagKeys("more", "env"));
    check("no tags", client.listTagsForStream(r -> r.streamARN(arn)).tags(), List.of());

    client.startStreamEncryption(r -> r.streamName(name).encryptionType(EncryptionType.KMS).keyId("alias/aws/kinesis"));
    check("encryption", List.of(summary(name).encryptionType(), summary(name).keyId()), List.of(EncryptionType.KMS, "alias/aws/kinesis"));
    check("encryption of a record", client.putRecord(r -> r.streamName(name).partitionKey("k").data(SdkBytes.fromUtf8String("x"))).encryptionType(), EncryptionType.KMS);
    check("encryption of records", client.putRecords(r -> r.streamName(name).records(entry(0))).encryptionType(), EncryptionType.KMS);
    client.stopStreamEncryption(r -> r.streamName(name).encryptionType(EncryptionType.KMS).keyId("alias/aws/kinesis"));
    check("no encryption", summary(name).encryptionType(), EncryptionType.NONE);
    EnableEnhancedMonitoringResponse monitoring = client.enableEnhancedMonitoring(r -> r.streamName(name).shardLevelMetrics(MetricsName.INCOMING_BYTES, MetricsName.ITERATOR_AGE_MILLISECONDS));
    check("metrics", List.of(monitoring.currentShardLevelMetrics().size(), monitoring.desiredShardLevelMetrics().size()), List.of(0, 2));
    check("fewer metrics", client.disableEnhancedMonitoring(r -> r.streamName(name).shardLevelMetrics(MetricsName.INCOMING_BYTES))
        .desiredShardLevelMetrics(), List.of(MetricsName.ITERATOR_AGE_MILLISECONDS));
    client.putResourcePolicy(r -> r.resourceARN(arn).policy("{}"));
    check("policy", client.getResourcePolicy(r -> r.resourceARN(arn)).policy(), "{}");
    client.deleteResourcePolicy(r -> r.resourceARN(arn));
    client.updateMaxRecordSize(r -> r.streamARN(arn).maxRecordSizeInKiB(2048));
    check("largest record", summary(name).maxRecordSizeInKiB(), 2048);

    client.updateStreamMode(r -> r.streamARN(arn).streamModeDetails(m -> m.streamMode(StreamMode.ON_DEMAND)));
    check("mode", summary(name).streamModeDetails().streamMode(), StreamMode.ON_DEMAND);
    client.updateStreamRecordDistributionStrategy(r -> r.streamARN(arn).recordDistributionStrategy(RecordDistributionStrategy.AUTO));
    check("shards of four records with one key", IntStream.range(0, 4).mapToObj(i -> client.putRecord(r -> r.streamName(name)
        .partitionKey("k").data(SdkBytes.fromUtf8String("x"))).shardId()).distinct().count(), 4L);
    refused(ValidationException.class, () -> client.updateShardCount(r -> r.streamName(name).targetShardCount(5).scalingType(ScalingType.UNIFORM_SCALING)));
    client.updateAccountSettings(r -> r.minimumThroughputBillingCommitment(c -> c.status(
        MinimumThroughputBillingCommitmentInputStatus.ENABLED)));
    check("commitment", client.describeAccountSettings(r -> { }).minimumThroughputBillingCommitment().status(),
        MinimumThroughputBillingCommitmentOutputStatus.ENABLED);
    check("warm", client.updateStreamWarmThroughput(r -> r.streamARN(arn).warmThroughputMiBps(10)).warmThroughput().targetMiBps(), 10);
  }

  private StreamDescriptionSummary summary(String stream) {
    return client.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary();
  }

  private void delete() {
    client.registerStreamConsumer(r -> r.streamARN(arn).consumerName("left"));
    client.deleteStream(r -> r.streamName(name).enforceConsumerDeletion(true));
    client.deleteStream(r -> r.streamName(second));
    client.waiter().waitUntilStreamNotExists(r -> r.streamName(name));
    client.waiter().waitUntilStreamNotExists(r -> r.streamName(second));
  }

  /** Fails if the session leaves out an operation, of those in the file, that this SDK has. */
  private void checkAllCalled(Path operations) throws Exception {
    Set<String> left = new TreeSet<>(Files.readAllLines(operations, StandardCharsets.UTF_8));
    left.removeAll(called);
    Set<String> methods = Arrays.stream(KinesisAsyncClient.class.getMethods()).map(m -> m.getName().toLowerCase()).collect(Collectors.toSet());
    left.removeIf(operation -> !methods.contains(operation.toLowerCase()));
    check("operations that were left out", left, Set.of());
  }

  private static String shardId(int i) {
    return String.format("shardId-%012d", i);
  }

  private static List<String> shardIds(List<Shard> shards) {
    return shards.stream().map(Shard::shardId).toList();
  }

  /** The data of records, a character for each byte. */
  private static List<String> texts(List<Record> records) {
    return records.stream().map(r -> r.data().asString(StandardCharsets.ISO_8859_1)).toList();
  }

  private static void check(String what, Object got, Object want) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError(what + ": " + got + ", want " + want);
    }
  }

  private static <E extends KinesisException> E refused(Class<E> kind, Runnable call) {
    Throwable found = null;
    try {
      call.run();
    } catch (CompletionException e) {
      found = e.getCause();
    } catch (KinesisException e) {
      found = e;
    }
    if (!kind.isInstance(found)) {
      throw new AssertionError("refused with " + found + ", want " + kind.getSimpleName());
    }
    return kind.cast(found);
  }
}
