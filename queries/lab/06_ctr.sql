-- Step 6: the click-through rate of a window, in percent.
INSERT INTO tmpctrstream
SELECT
  UNIX_TIMESTAMP(CAST(t1.rowtime AS STRING)),
  ROUND(t2.clickcount / t1.impressioncount * 100, 1)
FROM impressionstream t1
JOIN clickstream t2
  ON UNIX_TIMESTAMP(CAST(t1.rowtime AS STRING)) = UNIX_TIMESTAMP(CAST(t2.rowtime AS STRING));
