-- Step 1: the tables. Of every stream there is a table to write into (tmp…, temporary) and, but for the first one, a
-- table to read from, which the catalog keeps.
SET 'table.local-time-zone' = 'UTC';

DROP TEMPORARY TABLE IF EXISTS tmptickerstream;
CREATE TEMPORARY TABLE tmptickerstream (
  browseraction STRING,
  site          STRING,
  rowtime       TIMESTAMP(3) METADATA FROM 'timestamp' VIRTUAL,
  WATERMARK FOR rowtime AS rowtime - INTERVAL '0' SECOND
) WITH (
  'connector' = 'kinesis',
  'stream' = 'tickerstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

DROP TEMPORARY TABLE IF EXISTS tmpclickstream;
CREATE TEMPORARY TABLE tmpclickstream (
  rowtime    TIMESTAMP(3),
  clickcount DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'clickstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

DROP TABLE IF EXISTS clickstream;
CREATE TABLE clickstream (
  rowtime    TIMESTAMP(3),
  clickcount DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'clickstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

DROP TEMPORARY TABLE IF EXISTS tmpimpressionstream;
CREATE TEMPORARY TABLE tmpimpressionstream (
  rowtime         TIMESTAMP(3),
  impressioncount DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'impressionstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

DROP TABLE IF EXISTS impressionstream;
CREATE TABLE impressionstream (
  rowtime         TIMESTAMP(3),
  impressioncount DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'impressionstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

DROP TEMPORARY TABLE IF EXISTS tmpctrstream;
CREATE TEMPORARY TABLE tmpctrstream (
  `time` BIGINT,
  ctr    DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'ctrstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

DROP TABLE IF EXISTS ctrstream;
CREATE TABLE ctrstream (
  `time` BIGINT,
  ctr    DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'ctrstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

DROP TEMPORARY TABLE IF EXISTS tmpdestinationstream;
CREATE TEMPORARY TABLE tmpdestinationstream (
  `time` BIGINT,
  ctr    DOUBLE,
  score  DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'destinationstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

DROP TABLE IF EXISTS destinationstream;
CREATE TABLE destinationstream (
  `time` BIGINT,
  ctr    DOUBLE,
  score  DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'destinationstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

DROP TEMPORARY TABLE IF EXISTS tmpanomalydetectionstream;
CREATE TEMPORARY TABLE tmpanomalydetectionstream (
  rowtime       TIMESTAMP,
  ctrpercent    DOUBLE,
  anomaly_score DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'anomalydetectionstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

DROP TABLE IF EXISTS anomalydetectionstream;
CREATE TABLE anomalydetectionstream (
  rowtime       TIMESTAMP,
  ctrpercent    DOUBLE,
  anomaly_score DOUBLE
) WITH (
  'connector' = 'kinesis',
  'stream' = 'anomalydetectionstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);
