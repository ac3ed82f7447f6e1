-- The statements of the clickstream lab over files: accepted as written, the types that come out, and the numbers.
-- Each pair of tables (temporary for writing, persistent for reading) shares a folder as it shares a stream in the lab.
SET 'pipeline.auto-watermark-interval' = '0';

DROP TEMPORARY TABLE IF EXISTS tmptickerstream;
CREATE TEMPORARY TABLE tmptickerstream (browseraction STRING, site STRING, rowtime TIMESTAMP(3), WATERMARK FOR rowtime AS rowtime - INTERVAL '0' SECOND)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/ticker.jsonl');
CREATE TEMPORARY TABLE tmpclickstream (rowtime TIMESTAMP(3), clickcount DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/click');
DROP TABLE IF EXISTS clickstream;
CREATE TABLE clickstream (rowtime TIMESTAMP(3), clickcount DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/click');
CREATE TEMPORARY TABLE tmpimpressionstream (rowtime TIMESTAMP(3), impressioncount DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/impression');
CREATE TABLE impressionstream (rowtime TIMESTAMP(3), impressioncount DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/impression');
CREATE TEMPORARY TABLE tmpctrstream (`time` BIGINT, ctr DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/ctr');
CREATE TABLE ctrstream (`time` BIGINT, ctr DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/ctr');
CREATE TEMPORARY TABLE tmpdestinationstream (`time` BIGINT, ctr DOUBLE, score DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/destination');
CREATE TABLE destinationstream (`time` BIGINT, ctr DOUBLE, score DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/destination');
CREATE TEMPORARY TABLE tmpanomalydetectionstream (rowtime TIMESTAMP, ctrpercent DOUBLE, anomaly_score DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/anomaly');
CREATE TABLE anomalydetectionstream (rowtime TIMESTAMP, ctrpercent DOUBLE, anomaly_score DOUBLE) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$OUT/anomaly');
CREATE TEMPORARY FUNCTION RANDOM_CUT_FOREST AS 'weirsql.oracle.StandInForest';

SELECT browseraction, COUNT(*) AS n, MIN(rowtime) AS first_at, MAX(rowtime) AS last_at FROM tmptickerstream WHERE rowtime < TIMESTAMP '2023-08-22 13:46:35' GROUP BY browseraction;

-- impressions and clicks per window
INSERT INTO tmpimpressionstream SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND) AS rowtime, COUNT(*) AS impressioncount FROM tmptickerstream WHERE browseraction = 'Impression' GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);
INSERT INTO tmpclickstream SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND) AS rowtime, COUNT(*) AS clickcount FROM tmptickerstream WHERE browseraction = 'Click' GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);
EXPLAIN CHANGELOG_MODE INSERT INTO tmpimpressionstream SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND) AS rowtime, COUNT(*) AS impressioncount FROM tmptickerstream WHERE browseraction = 'Impression' GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);

-- click-through rate
-- @fold
INSERT INTO tmpctrstream SELECT unix_timestamp(cast(t1.rowtime as string)) AS `time`, ROUND(t2.clickcount / t1.impressioncount * 100, 1) AS ctr FROM impressionstream t1 INNER JOIN clickstream t2 ON unix_timestamp(cast(t1.rowtime as string)) = unix_timestamp(cast(t2.rowtime as string));
EXPLAIN CHANGELOG_MODE INSERT INTO tmpctrstream SELECT unix_timestamp(cast(t1.rowtime as string)) AS `time`, ROUND(t2.clickcount / t1.impressioncount * 100, 1) AS ctr FROM impressionstream t1 INNER JOIN clickstream t2 ON unix_timestamp(cast(t1.rowtime as string)) = unix_timestamp(cast(t2.rowtime as string));
-- @fold
SELECT `time`, ctr FROM ctrstream;

-- scores (of a stand-in) and anomalies
-- @fold
INSERT INTO tmpdestinationstream SELECT `time`, ctr, RANDOM_CUT_FOREST(CAST(ctr AS FLOAT)) AS score FROM ctrstream;
-- @fold
INSERT INTO tmpanomalydetectionstream SELECT to_timestamp(from_unixtime(`time`)) AS rowtime, ctr AS ctrpercent, score AS anomaly_score FROM destinationstream WHERE score > 2;
-- @fold
SELECT * FROM anomalydetectionstream;
DESCRIBE anomalydetectionstream;
DROP TABLE clickstream;
SELECT * FROM clickstream;
