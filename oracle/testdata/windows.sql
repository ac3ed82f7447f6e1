-- Windows over event time, in both spellings, with records out of order and late.
-- A filesystem table has its watermark assigned behind the source: a watermark leaves at once when it has risen by more
-- than pipeline.auto-watermark-interval (milliseconds of event time), otherwise on a timer. With the interval at 0 it
-- leaves after each record that raises it, so lateness is determined. The end of the input brings +infinity.
SET 'pipeline.auto-watermark-interval' = '0';

CREATE TABLE clicks (who STRING, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
CREATE TABLE strict_clicks (who STRING, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
CREATE TABLE lenient_clicks (who STRING, amount INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '1' HOUR)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
CREATE TABLE ltz_clicks (who STRING, amount INT, ts TIMESTAMP(3), tl AS CAST(ts AS TIMESTAMP_LTZ(3)), WATERMARK FOR tl AS tl - INTERVAL '5' SECOND)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
CREATE TABLE text_clicks (who STRING, amount INT, ts STRING, rt AS TO_TIMESTAMP(ts), WATERMARK FOR rt AS rt - INTERVAL '5' SECOND)
  WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
DESCRIBE clicks;
DESCRIBE ltz_clicks;
DESCRIBE text_clicks;

-- the watermark each record meets: that of the record before it
SELECT who, ts, CURRENT_WATERMARK(ts) AS wm FROM clicks;

-- legacy group window
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM strict_clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM lenient_clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT who, TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, TUMBLE_END(ts, INTERVAL '10' SECOND) AS we, TUMBLE_ROWTIME(ts, INTERVAL '10' SECOND) AS rt, COUNT(*) AS n, SUM(amount) AS s FROM clicks GROUP BY who, TUMBLE(ts, INTERVAL '10' SECOND);
SELECT TUMBLE_PROCTIME(ts, INTERVAL '10' SECOND) IS NOT NULL AS p FROM clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT TUMBLE_START(tl, INTERVAL '10' SECOND) AS ws, TUMBLE_ROWTIME(tl, INTERVAL '10' SECOND) AS rt, COUNT(*) AS n FROM ltz_clicks GROUP BY TUMBLE(tl, INTERVAL '10' SECOND);
SELECT TUMBLE_START(rt, INTERVAL '1' MINUTE) AS ws, COUNT(*) AS n, COUNT(amount) AS na, AVG(amount) AS a, MAX(who) AS w FROM text_clicks GROUP BY TUMBLE(rt, INTERVAL '1' MINUTE);
SELECT TUMBLE_END(ts, INTERVAL '10' SECOND) AS we, COUNT(*) FILTER (WHERE who = 'ann') AS ann, COUNT(DISTINCT who) AS whos FROM clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM clicks WHERE who = 'ann' GROUP BY TUMBLE(ts, INTERVAL '10' SECOND) HAVING COUNT(*) > 1;
SELECT TUMBLE_START(ts, INTERVAL '1' DAY) AS ws, COUNT(*) AS n FROM clicks GROUP BY TUMBLE(ts, INTERVAL '1' DAY);
SELECT HOP_START(ts, INTERVAL '5' SECOND, INTERVAL '10' SECOND) AS ws, HOP_END(ts, INTERVAL '5' SECOND, INTERVAL '10' SECOND) AS we, COUNT(*) AS n FROM clicks GROUP BY HOP(ts, INTERVAL '5' SECOND, INTERVAL '10' SECOND);
SELECT who, SESSION_START(ts, INTERVAL '5' SECOND) AS ws, SESSION_END(ts, INTERVAL '5' SECOND) AS we, SESSION_ROWTIME(ts, INTERVAL '5' SECOND) AS rt, COUNT(*) AS n FROM clicks GROUP BY who, SESSION(ts, INTERVAL '5' SECOND);
SELECT ws, SUM(n) AS n FROM (SELECT who, TUMBLE_ROWTIME(ts, INTERVAL '10' SECOND) AS rt, TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM clicks GROUP BY who, TUMBLE(ts, INTERVAL '10' SECOND)) AS x GROUP BY ws;
SELECT TUMBLE_START(rt, INTERVAL '20' SECOND) AS ws, SUM(n) AS n FROM (SELECT TUMBLE_ROWTIME(ts, INTERVAL '10' SECOND) AS rt, COUNT(*) AS n FROM clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND)) AS x GROUP BY TUMBLE(rt, INTERVAL '20' SECOND);

-- window table-valued functions
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE strict_clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT who, window_start, window_end, window_time, COUNT(*) AS n, SUM(amount) AS s FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY who, window_start, window_end, window_time;
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '3' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '-3' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(DATA => TABLE clicks, TIMECOL => DESCRIPTOR(ts), SIZE => INTERVAL '10' SECOND, `OFFSET` => INTERVAL '13' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(CUMULATE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '15' SECOND)) GROUP BY window_start, window_end;
SELECT who, window_start, window_end, COUNT(*) AS n FROM TABLE(SESSION(TABLE clicks PARTITION BY who, DESCRIPTOR(ts), INTERVAL '5' SECOND)) GROUP BY who, window_start, window_end;
SELECT who, amount, ts, window_start, window_end, window_time FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND));
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE ltz_clicks, DESCRIPTOR(tl), INTERVAL '1' DAY)) GROUP BY window_start, window_end;
SELECT window_start, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start;
SELECT window_start, window_end, AVG(amount) AS a, MIN(ts) AS mi, MAX(ts) AS ma, COUNT(DISTINCT who) AS w FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, window_end, who, amount, rn FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY window_start, window_end ORDER BY amount DESC) AS rn FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND))) WHERE rn <= 1;

-- days begin at midnight of the session zone for TIMESTAMP_LTZ, of UTC for TIMESTAMP
SET 'table.local-time-zone' = 'Asia/Kolkata';
SELECT TUMBLE_START(tl, INTERVAL '1' DAY) AS ws, COUNT(*) AS n FROM ltz_clicks GROUP BY TUMBLE(tl, INTERVAL '1' DAY);
SELECT TUMBLE_START(tl, INTERVAL '1' HOUR) AS ws, TUMBLE_ROWTIME(tl, INTERVAL '1' HOUR) AS rt, COUNT(*) AS n FROM ltz_clicks GROUP BY TUMBLE(tl, INTERVAL '1' HOUR);
SELECT TUMBLE_START(ts, INTERVAL '1' DAY) AS ws, COUNT(*) AS n FROM clicks GROUP BY TUMBLE(ts, INTERVAL '1' DAY);
SELECT window_start, window_end, window_time, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE ltz_clicks, DESCRIPTOR(tl), INTERVAL '1' DAY)) GROUP BY window_start, window_end, window_time;
SET 'table.local-time-zone' = 'UTC';

-- the same with the interval's default of 200 ms: here every record raises the watermark by more, or not at all
SET 'pipeline.auto-watermark-interval' = '200';
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SET 'pipeline.auto-watermark-interval' = '0';

-- refused
SELECT TUMBLE_START(ts, INTERVAL '5' SECOND) AS ws FROM clicks GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT COUNT(*) FROM clicks GROUP BY TUMBLE(amount, INTERVAL '10' SECOND);
SELECT COUNT(*) FROM clicks GROUP BY TUMBLE(CAST(ts AS TIMESTAMP(6)), INTERVAL '10' SECOND);
SELECT COUNT(*) FROM clicks GROUP BY TUMBLE(ts, INTERVAL '0' SECOND);
SELECT COUNT(*) FROM clicks GROUP BY TUMBLE(ts, INTERVAL '1' MONTH);
SELECT COUNT(*) FROM clicks GROUP BY TUMBLE(ts, 10);
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) FROM clicks;
SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(amount), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(nope), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
SELECT window_start, COUNT(*) FROM TABLE(HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '3' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
CREATE TABLE bad (ts STRING, WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
CREATE TABLE bad (ts TIMESTAMP(6), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');
SELECT ts FROM bad;
CREATE TABLE bad9 (ts TIMESTAMP(9), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/clicks.jsonl');

-- 'on-event' is accepted on a filesystem table but doesn't act there: records closer than the interval share a watermark
SET 'pipeline.auto-watermark-interval' = '200';
CREATE TABLE periodic (who STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/close.jsonl');
CREATE TABLE on_event (who STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/close.jsonl', 'scan.watermark.emit.strategy' = 'on-event');
SELECT who, ts, CURRENT_WATERMARK(ts) AS wm FROM [[periodic | on_event]];
SET 'pipeline.auto-watermark-interval' = '0';
SELECT who, ts, CURRENT_WATERMARK(ts) AS wm FROM periodic;

-- a rowtime of NULL fails the job
CREATE TABLE holes (who STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/holes.jsonl');
SELECT who FROM holes;
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, COUNT(*) AS n FROM holes GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);

-- before 1970
CREATE TABLE early (who STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'format' = 'json', 'path' = '$DIR/in/early.jsonl');
SELECT TUMBLE_START(ts, INTERVAL '10' SECOND) AS ws, TUMBLE_END(ts, INTERVAL '10' SECOND) AS we, COUNT(*) AS n FROM early GROUP BY TUMBLE(ts, INTERVAL '10' SECOND);
SELECT window_start, window_end, COUNT(*) AS n FROM TABLE(TUMBLE(TABLE early, DESCRIPTOR(ts), INTERVAL '7' SECOND)) GROUP BY window_start, window_end;
