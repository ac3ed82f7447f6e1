-- Averages of what can be read; records that can't go to a table of their own, with the reason.
--
--   weir run queries/examples/rejected.sql
CREATE TEMPORARY TABLE rejected (
  reason STRING
) WITH ('connector' = 'print');

CREATE TEMPORARY TABLE readings (
  sensor  STRING,
  celsius DOUBLE
) WITH (
  'connector' = 'filesystem', 'path' = 'queries/examples/data/sensors.jsonl', 'format' = 'json',
  'dead-letter' = 'rejected'
);

SELECT sensor, AVG(celsius) AS celsius FROM readings GROUP BY sensor;

-- Gives:
-- +I[column "celsius": expected DOUBLE, found the string "warm"]
-- +I[not valid JSON at byte 2: invalid character 'o' in literal null (expecting 'u')]
-- +--------+---------+
-- | sensor | celsius |
-- +--------+---------+
-- | t2     |    19.0 |
-- | t1     |    21.0 |
-- +--------+---------+
-- 2 rows
