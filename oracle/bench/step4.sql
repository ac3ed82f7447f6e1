-- Step 4 of the lab over a file: filter, ten-second tumbling count.
CREATE TABLE ticker (browseraction STRING, site STRING, rowtime TIMESTAMP(3), WATERMARK FOR rowtime AS rowtime)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$INPUT');
CREATE TABLE counts (rowtime TIMESTAMP(3), impressioncount DOUBLE) WITH ('connector' = 'blackhole');
INSERT INTO counts SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND), COUNT(*) FROM ticker
  WHERE browseraction = 'Impression' GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);
