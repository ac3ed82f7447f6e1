-- Tables of the real Kinesis connector (4.3.0, the options of Flink 1.15 and later), planned but never run: nothing here
-- reaches AWS.

CREATE TEMPORARY TABLE tmptickerstream (browseraction STRING, site STRING, rowtime TIMESTAMP(3) METADATA FROM 'timestamp', WATERMARK FOR rowtime AS rowtime - INTERVAL '0' SECOND)
  WITH ('connector' = 'kinesis', 'stream' = 'tickerstream', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'TRIM_HORIZON');
CREATE TEMPORARY TABLE tmpimpressionstream (rowtime TIMESTAMP(3), impressioncount DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'impressionstream', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE impressionstream (rowtime TIMESTAMP(3), impressioncount DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'impressionstream', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'TRIM_HORIZON');
CREATE TABLE clickstream (rowtime TIMESTAMP(3), clickcount DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'clickstream', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'TRIM_HORIZON');
CREATE TEMPORARY TABLE tmpctrstream (`time` BIGINT, ctr DOUBLE) WITH ('connector' = 'kinesis', 'stream' = 'ctrstream', 'aws.region' = 'us-east-1', 'format' = 'json');
DESCRIBE tmptickerstream;

-- @plan
SELECT * FROM tmptickerstream;
-- @plan
INSERT INTO tmpimpressionstream SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND) AS rowtime, COUNT(*) AS impressioncount FROM tmptickerstream WHERE browseraction = 'Impression' GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);
-- @plan
INSERT INTO tmpctrstream SELECT unix_timestamp(cast(t1.rowtime as string)) AS `time`, ROUND(t2.clickcount / t1.impressioncount * 100, 1) AS ctr FROM impressionstream t1 INNER JOIN clickstream t2 ON unix_timestamp(cast(t1.rowtime as string)) = unix_timestamp(cast(t2.rowtime as string));
-- a table with a starting position can be written, one without can be read
-- @plan
INSERT INTO impressionstream SELECT rowtime, impressioncount FROM tmpimpressionstream;
-- no changelog into a stream
-- @plan
INSERT INTO tmpctrstream SELECT COUNT(*), MAX(impressioncount) FROM impressionstream;
-- a written table's metadata column must be VIRTUAL
-- @plan
INSERT INTO tmptickerstream SELECT 'a', 'b', CAST(NULL AS TIMESTAMP(3));

-- metadata columns and their types
CREATE TABLE meta (a STRING, t TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL, s STRING METADATA FROM 'shard-id' VIRTUAL, n STRING METADATA FROM 'sequence-number' VIRTUAL) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json');
-- @plan
SELECT * FROM meta;
CREATE TABLE meta_bad (a STRING, t BIGINT METADATA FROM 'timestamp' VIRTUAL) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json');
-- @plan
SELECT * FROM meta_bad;
CREATE TABLE meta_none (a STRING, t STRING METADATA FROM 'partition-key' VIRTUAL) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json');
-- @plan
SELECT * FROM meta_none;

-- options
CREATE TABLE o1 (a STRING) WITH ('connector' = 'kinesis', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE o2 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'format' = 'json');
CREATE TABLE o3 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1');
CREATE TABLE o4 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'colour' = 'red');
CREATE TABLE o5 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'EARLIEST');
CREATE TABLE o6 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'AT_TIMESTAMP');
CREATE TABLE o7 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'AT_TIMESTAMP', 'scan.stream.initpos-timestamp' = 'yesterday');
CREATE TABLE o8 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.initpos' = 'AT_TIMESTAMP', 'scan.stream.initpos-timestamp' = '2023-08-22T13:46:30.000-00:00');
CREATE TABLE o9 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'mars-north-1', 'format' = 'json');
CREATE TABLE o10 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.endpoint' = 'http://localhost:4567', 'format' = 'json');
CREATE TABLE o11 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'aws.endpoint' = 'http://localhost:4567', 'aws.credentials.provider' = 'BASIC', 'aws.credentials.basic.accesskeyid' = 'x', 'aws.credentials.basic.secretkey' = 'y', 'format' = 'json', 'scan.shard.getrecords.maxrecordcount' = '1000', 'sink.partitioner' = 'random', 'sink.batch.max-size' = '100', 'json.ignore-parse-errors' = 'true');
CREATE TABLE o12 (a STRING, b INT) PARTITIONED BY (a) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE o13 (a STRING, b INT) PARTITIONED BY (a) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'sink.partitioner' = 'fixed');
CREATE TABLE o14 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'sink.partitioner' = 'nothing');
CREATE TABLE o15 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'sink.batch.max-size' = 'many');
CREATE TABLE o16 (a STRING, PRIMARY KEY (a) NOT ENFORCED) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json');
CREATE TABLE o17 (a STRING) WITH ('connector' = 'kinesis', 'stream' = 's', 'aws.region' = 'us-east-1', 'format' = 'json', 'scan.stream.recordpublisher' = 'EFO');
CREATE TABLE o18 (a STRING) WITH ('connector' = 'kinesis', 'stream.arn' = 'arn:aws:kinesis:us-east-1:123456789012:stream/s', 'aws.region' = 'us-east-1', 'format' = 'json');
-- @plan
SELECT a FROM o[[1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15 | 16 | 17 | 18]];
-- @plan
INSERT INTO o[[1 | 2 | 3 | 4 | 9 | 10 | 11 | 14 | 15 | 16 | 18]] SELECT 'x';
-- @plan
INSERT INTO o[[12 | 13]] SELECT 'x', 1;
