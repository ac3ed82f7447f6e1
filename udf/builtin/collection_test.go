package builtin

import "testing"

func TestCollectionsAgreeWithFlink(t *testing.T) {
	compareWithFlink(t, recorded, "collection", 240, map[string]string{
		"MAP[CAST(NULL AS STRING), 1]":  "a map with the key NULL can't be shown as an object",
		"[ CAST('1' AS BIGINT) ]":       "Flink takes no BIGINT as an index",
		"CAST(NULL AS ARRAY<INT>)[ 0 ]": "Flink looks at the index later",
		"MAP['a', 1, 'b', 2][ 'z' ]":    "Flink gives -1 for a missing value that can't be NULL",
		"[ CAST(NULL AS STRING) ]":      "Flink gives -1 for a missing value that can't be NULL",
		"MAP[1, 'x'][ 2 ]":              "Flink gives a blank for a missing value that can't be NULL",
		"MAP_VALUES(":                   "the order of a map's entries is none of Flink's promises",
		"MAP_ENTRIES(":                  "the order of a map's entries is none of Flink's promises",
	})
}
