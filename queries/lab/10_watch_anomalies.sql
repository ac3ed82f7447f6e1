-- Step 10: watch the anomalies.
SELECT * FROM anomalydetectionstream;
