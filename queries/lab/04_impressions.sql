-- Step 4: impressions per 10 seconds. COUNT is a BIGINT; the column it goes into is a DOUBLE.
INSERT INTO tmpimpressionstream
SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND), COUNT(*)
FROM tmptickerstream
WHERE browseraction = 'Impression'
GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);
