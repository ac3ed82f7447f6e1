-- The click-through rate of each site in a quarter of an hour, and whether it is an anomaly by what came before. The traffic
-- is made by a scenario (bot_clicks.yaml): a busy evening on the 8th, which is nothing strange, and bots on the 9th from
-- 10:10 to 10:50. Each site has a forest of its own, in which four windows make a point, so what follows the bots within
-- three windows may be strange, too. Any grade above 0 is an anomaly by the threshold that the function finds; here only
-- those of a half and more are shown, since the busy evening comes to 0.44.
--
--   weir generate --scenario queries/examples/bot_clicks.yaml -o bot_clicks --labels bot_clicks/labels.jsonl
--   weir run queries/examples/bot_clicks.sql
CREATE TEMPORARY TABLE events (
  browseraction STRING,
  site          STRING,
  ts            TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = 'bot_clicks/tickerstream.jsonl', 'format' = 'json');

CREATE TEMPORARY VIEW rates AS
SELECT window_start, window_time, site,
  ROUND(100.0 * COUNT(*) FILTER (WHERE browseraction = 'Click')
    / COUNT(*) FILTER (WHERE browseraction = 'Impression'), 1) AS ctr
FROM TABLE(TUMBLE(TABLE events, DESCRIPTOR(ts), INTERVAL '15' MINUTE))
GROUP BY window_start, window_end, window_time, site;

CREATE TEMPORARY VIEW graded AS
SELECT window_start, site, ctr,
  ANOMALY_GRADE(ctr, shingle_size => 4, random_seed => 42) OVER (PARTITION BY site ORDER BY window_time) AS a
FROM rates;

SELECT window_start, site, ctr, a.grade, ROUND(a.score, 2) AS score,
  ROUND(a.expected_low, 1) AS expected_low, ROUND(a.expected_high, 1) AS expected_high
FROM graded
WHERE a.grade >= 0.5;

-- Gives:
-- +-------------------------+------------------------+------+-------+-------+--------------+---------------+
-- | window_start            | site                   |  ctr | grade | score | expected_low | expected_high |
-- +-------------------------+------------------------+------+-------+-------+--------------+---------------+
-- | 2024-05-09 10:00:00.000 | https://www.mysite.com | 22.5 |   1.0 |   4.3 |         10.6 |          12.5 |
-- | 2024-05-09 10:15:00.000 | https://www.mysite.com | 46.5 |   1.0 |   5.8 |         10.8 |          13.0 |
-- | 2024-05-09 10:30:00.000 | https://www.mysite.com | 44.7 |   1.0 |  5.07 |         46.5 |          46.5 |
-- | 2024-05-09 10:45:00.000 | https://www.mysite.com | 24.8 |   1.0 |  4.62 |         44.7 |          46.5 |
-- | 2024-05-09 11:00:00.000 | https://www.mysite.com |  9.7 |   1.0 |  3.93 |         12.4 |          46.5 |
-- | 2024-05-09 11:15:00.000 | https://www.mysite.com | 11.0 |   1.0 |  2.76 |          9.7 |          13.5 |
-- +-------------------------+------------------------+------+-------+-------+--------------+---------------+
-- 6 rows
