-- Step 2: the lab's function, registered by its Java class name.
DROP TEMPORARY FUNCTION IF EXISTS RANDOM_CUT_FOREST;
CREATE TEMPORARY FUNCTION RANDOM_CUT_FOREST AS 'software.amazon.flink.example.RandomCutForestUDF';
