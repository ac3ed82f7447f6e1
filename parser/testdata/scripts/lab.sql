-- The statements of the clickstream lab's notebook, as its author wrote them.


DROP TEMPORARY TABLE IF EXISTS tmptickerstream;

DROP TEMPORARY TABLE IF EXISTS tmpclickstream;

DROP TEMPORARY TABLE IF EXISTS tmpimpressionstream;

DROP TABLE IF EXISTS clickstream;

DROP TABLE IF EXISTS impressionstream;

DROP TEMPORARY TABLE IF EXISTS tmpctrstream;

DROP TABLE IF EXISTS ctrstream;

DROP TEMPORARY TABLE IF EXISTS tmpdestinationstream;

DROP TABLE IF EXISTS destinationstream;

DROP TEMPORARY TABLE IF EXISTS tmpanomalydetectionstream;

DROP TABLE IF EXISTS anomalydetectionstream;

CREATE TEMPORARY TABLE tmptickerstream (
  `browseraction` STRING,
  `site`          STRING,
  `rowtime`       TIMESTAMP(3) METADATA FROM 'timestamp',
  WATERMARK FOR rowtime AS rowtime - INTERVAL '0' SECOND
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'tickerstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

CREATE TEMPORARY TABLE tmpclickstream (
    `rowtime`    TIMESTAMP(3),
    `clickcount` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'clickstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

CREATE TEMPORARY TABLE tmpimpressionstream (
    `rowtime`    TIMESTAMP(3),
    `impressioncount` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'impressionstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

CREATE TABLE clickstream (
    `rowtime`    TIMESTAMP(3),
    `clickcount` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'clickstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

CREATE TABLE impressionstream (
    `rowtime`    TIMESTAMP(3),
    `impressioncount` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'impressionstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',  
  'format' = 'json'
);

CREATE TEMPORARY TABLE tmpctrstream (
    `time` BIGINT,
    `ctr` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'ctrstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

CREATE TABLE ctrstream (
    `time` BIGINT,
    `ctr` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'ctrstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

CREATE TEMPORARY TABLE tmpdestinationstream (
    `time` BIGINT,
    `ctr` DOUBLE,
    `score` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'destinationstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

CREATE TABLE destinationstream (
    `time` BIGINT,
    `ctr` DOUBLE,
    `score` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'destinationstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

CREATE TEMPORARY TABLE tmpanomalydetectionstream (
    `rowtime` TIMESTAMP,
    `ctrpercent` DOUBLE,
    `anomaly_score` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'anomalydetectionstream',
  'aws.region' = 'us-east-1',
  'format' = 'json'
);

CREATE TABLE anomalydetectionstream (
    `rowtime` TIMESTAMP,
    `ctrpercent` DOUBLE,
    `anomaly_score` DOUBLE
) 
 WITH (
  'connector' = 'kinesis',
  'stream' = 'anomalydetectionstream',
  'aws.region' = 'us-east-1',
  'scan.stream.initpos' = 'TRIM_HORIZON',
  'format' = 'json'
);

select * from tmptickerstream;

INSERT INTO tmpimpressionstream 
SELECT
  TUMBLE_START(rowtime, INTERVAL '10' SECOND) AS rowtime,
  COUNT(*) AS impressioncount
FROM tmptickerstream 
WHERE browseraction='Impression'
GROUP BY
  TUMBLE(rowtime, INTERVAL '10' SECOND);

INSERT INTO tmpclickstream 
SELECT
  TUMBLE_START(rowtime, INTERVAL '10' SECOND) AS rowtime,
  COUNT(*) AS clickcount
FROM tmptickerstream 
WHERE browseraction='Click'
GROUP BY
  TUMBLE(rowtime, INTERVAL '10' SECOND);

INSERT INTO tmpctrstream 
SELECT unix_timestamp(cast(t1.rowtime as string)) as `time`, ROUND((t2.clickcount / t1.impressioncount * 100), 1)  as ctr 
FROM impressionstream t1 INNER JOIN 
  clickstream t2
ON unix_timestamp(cast(t1.rowtime as string)) = unix_timestamp(cast(t2.rowtime as string));

select * from ctrstream;

INSERT INTO tmpdestinationstream
SELECT `time`, ctr, RANDOM_CUT_FOREST(cast(ctr as float)) as score 
FROM ctrstream;

INSERT INTO tmpanomalydetectionstream 
SELECT to_timestamp(from_unixtime(`time`)) as rowtime, ctr as ctrpercent, score as anomaly_score 
FROM destinationstream 
WHERE score>2;

select * from anomalydetectionstream;
