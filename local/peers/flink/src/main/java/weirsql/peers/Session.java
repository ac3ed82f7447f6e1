package weirsql.peers;

import java.math.BigInteger;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.flink.runtime.client.JobCancellationException;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;
import org.apache.flink.types.Row;
import org.apache.flink.util.CloseableIterator;
import org.apache.flink.util.ExceptionUtils;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kinesis.KinesisClient;
import software.amazon.awssdk.services.kinesis.model.Consumer;
import software.amazon.awssdk.services.kinesis.model.ConsumerStatus;
import software.amazon.awssdk.services.kinesis.model.GetRecordsResponse;
import software.amazon.awssdk.services.kinesis.model.PutRecordsRequestEntry;
import software.amazon.awssdk.services.kinesis.model.Record;
import software.amazon.awssdk.services.kinesis.model.Shard;
import software.amazon.awssdk.services.kinesis.model.ShardFilterType;
import software.amazon.awssdk.services.kinesis.model.ShardIteratorType;

/** A session of Flink's Kinesis SQL connector on an embedded Kinesis: see ../README.md. */
final class Session {
  private static final int ROWS = 5000;

  private final String endpoint;
  private final KinesisClient client;
  private final TableEnvironment flink;

  public static void main(String[] args) throws Exception {
    Session s = new Session(args[0]);
    String stream = "peer-" + UUID.randomUUID().toString().substring(0, 8);
    s.create(stream, 3);
    s.sink(stream);
    s.source(stream);
    s.delete(stream);
    for (String publisher : List.of("POLLING", "EFO")) {
      String resharded = stream + "-" + publisher.toLowerCase();
      s.create(resharded, 2);
      s.reshard(resharded, publisher);
      s.delete(resharded);
    }
    System.out.println("ok: Flink " + EnvironmentInformation.getVersion());
    System.exit(0); // the connector's clients leave threads behind
  }

  Session(String endpoint) {
    this.endpoint = endpoint;
    client = KinesisClient.builder().endpointOverride(URI.create(endpoint)).region(Region.US_EAST_1)
        .credentialsProvider(StaticCredentialsProvider.create(AwsBasicCredentials.create("local", "local"))).build();
    flink = TableEnvironment.create(EnvironmentSettings.inStreamingMode());
    flink.getConfig().set("parallelism.default", "2");
    flink.getConfig().set("table.local-time-zone", "UTC");
    flink.getConfig().set("execution.checkpointing.interval", "500 ms");
    flink.getConfig().set("restart-strategy.type", "none"); // a job that fails is an error
  }

  /** Rows through the sink: all of them, as JSON, under the keys of PARTITIONED BY. */
  private void sink(String stream) throws Exception {
    flink.executeSql("CREATE TEMPORARY TABLE numbers (id BIGINT) WITH ('connector' = 'datagen', "
        + "'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '" + ROWS + "')");
    table("sink", "id BIGINT, name STRING, price DOUBLE, ts TIMESTAMP(3)", "PARTITIONED BY (name)", stream, Map.of(
        "sink.batch.max-size", "200"));
    flink.executeSql("INSERT INTO sink SELECT id, CONCAT('name-', CAST(id AS STRING)), id / 4e0, "
        + "TIMESTAMPADD(SECOND, CAST(id AS INT), TIMESTAMP '2026-03-01 12:00:00') FROM numbers").await();

    Map<String, String> written = new TreeMap<>(); // by partition key
    for (Shard shard : client.listShards(r -> r.streamName(stream)).shards()) {
      List<Record> records = records(stream, shard.shardId());
      check("records in " + shard.shardId(), records.isEmpty(), false);
      for (Record record : records) {
        check("record twice", written.put(record.partitionKey(), record.data().asUtf8String()), null);
      }
    }
    check("records", written.size(), ROWS);
    check("keys", written.keySet(), LongStream.rangeClosed(1, ROWS).mapToObj(i -> "name-" + i).collect(Collectors.toSet()));
    check("a record", written.get("name-9"), "{\"id\":9,\"name\":\"name-9\",\"price\":2.25,\"ts\":\"2026-03-01 12:00:09\"}");
  }

  /** Both publishers read what the sink wrote, with the metadata. */
  private void source(String stream) throws Exception {
    for (String publisher : List.of("POLLING", "EFO")) {
      String name = "source_" + publisher;
      table(name, "id BIGINT, name STRING, price DOUBLE, ts TIMESTAMP(3), "
          + "arrival TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, shard STRING NOT NULL METADATA FROM 'shard-id' VIRTUAL, "
          + "number STRING NOT NULL METADATA FROM 'sequence-number' VIRTUAL", "", stream, scan(publisher));
      Set<Long> ids = new HashSet<>();
      Set<String> numbers = new HashSet<>();
      Map<String, String> last = new TreeMap<>(); // sequence number by shard
      TableResult job = flink.executeSql("SELECT * FROM " + name);
      try (CloseableIterator<Row> rows = job.collect()) {
        while (ids.size() < ROWS) {
          Row row = rows.next();
          long id = (Long) row.getField("id");
          ids.add(id);
          check("name", row.getField("name"), "name-" + id);
          check("price", row.getField("price"), id / 4.0);
          check("time", row.getField("ts").toString().startsWith("2026-03-01T1"), true);
          check("age", Duration.between((Instant) row.getField("arrival"), Instant.now()).toMinutes(), 0L);
          String number = (String) row.getField("number");
          check("twice", numbers.add(number), true);
          String before = last.put((String) row.getField("shard"), number);
          check("order in a shard", before == null || before.compareTo(number) < 0, true);
        }
      }
      check("shards", last.size(), 3);
      check("ids", ids, LongStream.rangeClosed(1, ROWS).boxed().collect(Collectors.toSet()));
      ended(job);
      check("consumers afterwards", consumers(stream), List.of());
    }
  }

  /** A stream that is split, merged and scaled while a job reads it: every record once. */
  private void reshard(String stream, String publisher) throws Exception {
    int group = 500;
    String name = "resharded_" + publisher;
    table(name, "id BIGINT, shard STRING NOT NULL METADATA FROM 'shard-id' VIRTUAL", "", stream, scan(publisher));
    put(stream, 0, group);
    List<Long> got = new ArrayList<>();
    Set<String> shards = new HashSet<>();
    TableResult job = flink.executeSql("SELECT * FROM " + name);
    try (CloseableIterator<Row> rows = job.collect()) {
      read(rows, got, shards, group);
      check("consumers", consumers(stream), publisher.equals("EFO") ? List.of(ConsumerStatus.ACTIVE) : List.of());

      client.splitShard(r -> r.streamName(stream).shardToSplit(id(0)).newStartingHashKey(BigInteger.ONE.shiftLeft(126).toString()));
      put(stream, group, 2 * group);
      read(rows, got, shards, 2 * group);
      client.mergeShards(r -> r.streamName(stream).shardToMerge(id(3)).adjacentShardToMerge(id(1)));
      put(stream, 2 * group, 3 * group);
      client.updateShardCount(r -> r.streamName(stream).targetShardCount(4).scalingType("UNIFORM_SCALING"));
      put(stream, 3 * group, 4 * group);
      read(rows, got, shards, 4 * group);
      // What is read twice would be read before the last record of its shard, one of which goes to every shard.
      List<Shard> open = client.listShards(r -> r.streamName(stream).shardFilter(f -> f.type(ShardFilterType.AT_LATEST))).shards();
      check("open shards", open.size(), 4);
      for (int i = 0; i < open.size(); i++) {
        int last = 4 * group + i;
        String key = open.get(i).hashKeyRange().startingHashKey();
        client.putRecord(r -> r.streamName(stream).partitionKey("last").explicitHashKey(key).data(json(last)));
      }
      read(rows, got, shards, 4 * group + open.size());
      for (Shard shard : open) {
        check("read from " + shard.shardId(), shards.contains(shard.shardId()), true);
      }
    }
    ended(job);
    check("records, each once", got.stream().sorted().toList(), LongStream.range(0, 4 * group + 4).boxed().toList());
    check("consumers afterwards", consumers(stream), List.of());
  }

  /** Waits for a job whose results have been closed, which cancels it. */
  private static void ended(TableResult job) throws Exception {
    try {
      job.getJobClient().orElseThrow().getJobExecutionResult().get(60, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      check("job was cancelled", ExceptionUtils.findThrowable(e, JobCancellationException.class).isPresent(), true);
    }
  }

  private static void read(CloseableIterator<Row> rows, List<Long> into, Set<String> shards, int until) {
    while (into.size() < until) {
      Row row = rows.next();
      into.add((Long) row.getField(0));
      shards.add((String) row.getField(1));
    }
  }

  private void put(String stream, int from, int to) {
    client.putRecords(r -> r.streamName(stream).records(IntStream.range(from, to).mapToObj(
        i -> PutRecordsRequestEntry.builder().partitionKey("key-" + i).data(json(i)).build()).toList()));
  }

  private static SdkBytes json(int id) {
    return SdkBytes.fromUtf8String("{\"id\":" + id + "}");
  }

  private static Map<String, String> scan(String publisher) {
    Map<String, String> options = new TreeMap<>(Map.of(
        "scan.stream.initpos", "TRIM_HORIZON",
        "scan.stream.recordpublisher", publisher,
        "scan.shard.discovery.intervalmillis", "500"));
    if (publisher.equals("EFO")) {
      options.put("scan.stream.efo.consumername", "flink");
    }
    return options;
  }

  private void table(String name, String columns, String clause, String stream, Map<String, String> more) {
    Map<String, String> options = new TreeMap<>(more);
    options.putAll(Map.of("connector", "kinesis", "stream", stream, "format", "json",
        "aws.region", "us-east-1", "aws.endpoint", endpoint, "aws.credentials.provider", "BASIC",
        "aws.credentials.basic.accesskeyid", "local", "aws.credentials.basic.secretkey", "local"));
    flink.executeSql("CREATE TEMPORARY TABLE " + name + " (" + columns + ") " + clause + options.entrySet().stream()
        .map(o -> "'" + o.getKey() + "' = '" + o.getValue() + "'").collect(Collectors.joining(", ", " WITH (", ")")));
  }

  private void create(String stream, int shards) {
    client.createStream(r -> r.streamName(stream).shardCount(shards));
    client.waiter().waitUntilStreamExists(r -> r.streamName(stream));
  }

  /** Also makes sure that no job has left a consumer behind, which a stream isn't deleted with. */
  private void delete(String stream) {
    client.deleteStream(r -> r.streamName(stream));
    client.waiter().waitUntilStreamNotExists(r -> r.streamName(stream));
  }

  private List<ConsumerStatus> consumers(String stream) {
    String arn = client.describeStreamSummary(r -> r.streamName(stream)).streamDescriptionSummary().streamARN();
    return client.listStreamConsumers(r -> r.streamARN(arn)).consumers().stream().map(Consumer::consumerStatus).toList();
  }

  private List<Record> records(String stream, String shard) {
    List<Record> records = new ArrayList<>();
    GetRecordsResponse page;
    String next = client.getShardIterator(r -> r.streamName(stream).shardId(shard).shardIteratorType(ShardIteratorType.TRIM_HORIZON)).shardIterator();
    do {
      String iterator = next;
      page = client.getRecords(r -> r.shardIterator(iterator));
      records.addAll(page.records());
      next = page.nextShardIterator();
    } while (page.millisBehindLatest() > 0);
    return records;
  }

  private static String id(int shard) {
    return String.format("shardId-%012d", shard);
  }

  private static void check(String what, Object got, Object want) {
    if (!Objects.equals(got, want)) {
      throw new AssertionError(what + ": " + got + ", want " + want);
    }
  }
}
