-- Step 7: watch the click-through rates.
SELECT * FROM ctrstream;
