-- Step 5: clicks per 10 seconds.
INSERT INTO tmpclickstream
SELECT TUMBLE_START(rowtime, INTERVAL '10' SECOND), COUNT(*)
FROM tmptickerstream
WHERE browseraction = 'Click'
GROUP BY TUMBLE(rowtime, INTERVAL '10' SECOND);
