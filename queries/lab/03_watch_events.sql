-- Step 3: watch the raw events.
SELECT * FROM tmptickerstream;
