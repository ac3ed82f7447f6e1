package builtin

import (
	"testing"

	"github.com/weirsql/weir/oracle"
)

func TestTemporalAgreesWithFlink(t *testing.T) {
	compareWithFlink(t, oracle.Data, "temporal", 700, map[string]string{
		"1969-12-31 23:59:59.5":                          "Flink rounds towards 1970, so that YEAR is 1970 here",
		"SECOND FROM CAST('2023-08-22' AS DATE)":         "Flink takes the number of the day for milliseconds",
		"SECOND(CAST('2023-08-22' AS DATE)":              "Flink takes the number of the day for milliseconds",
		"TO_DATE(CAST('22/08/2023' AS STRING), 'yyyyM":   "Flink gives a day in the year 1705471 for what doesn't fit",
		"TO_DATE(CAST('20230822' AS STRING), 'dd/MM":     "Flink gives a day in the year 1705471 for what doesn't fit",
		"TO_DATE(CAST('2023-08-22' AS STRING), 'dd/MM":   "Flink gives a day in the year 1705471 for what doesn't fit",
		"CAST('10:00:00' AS TIME), CAST('11:30:00' AS T": "Flink's planner breaks on two times",
		"AS TIMESTAMP_LTZ(3)) TO MI":                     "Flink's generated code doesn't compile",
		"AS TIMESTAMP_LTZ(3)) TO SECOND":                 "Flink's generated code doesn't compile",
		"TIME '13:46:30.123'":                            "the literal's precision, not of this package",
		"INTERVAL '100' DAY":                             "a literal, not of this package",
		"DAY TO SECOND":                                  "syntax, not of this package",
	})
}
