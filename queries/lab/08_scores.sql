-- Step 8: an anomaly score for every rate.
INSERT INTO tmpdestinationstream
SELECT `time`, ctr, RANDOM_CUT_FOREST(CAST(ctr AS FLOAT))
FROM ctrstream;
