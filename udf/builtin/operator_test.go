package builtin

import (
	"os"
	"testing"

	"github.com/weirsql/weir/oracle"
)

func TestArithmeticAgreesWithFlink(t *testing.T) {
	compareWithFlink(t, oracle.Data, "arithmetic", 600, map[string]string{
		"AS TINYINT) % CAST('2":                               "Flink's planner breaks on it",
		"AS SMALLINT) % CAST('2":                              "Flink's planner breaks on it",
		"AS INT) % CAST('2' AS DECIMAL":                       "Flink's planner breaks on it",
		"AS BIGINT) % CAST('2' AS DECIMAL":                    "Flink's planner breaks on it",
		"AS DECIMAL(10, 2)) % CAST(":                          "Flink's planner breaks on it",
		"AS DECIMAL(38, 18)) % CAST(":                         "Flink's planner breaks on it",
		"NULL + 1":                                            "a NULL of the other operand's type",
		"ATAN2(CAST('2' AS DECIMAL":                           "Flink's code generator has no such call",
		"CAST('125.315' AS DECIMAL(6, 3)), CAST('1' AS INT)":  "Flink's result has another scale than its type",
		"CAST('125.315' AS DECIMAL(6, 3)), CAST('-1' AS INT)": "Flink's result has another scale than its type",
		"TRUNCATE(CAST('2.59' AS DECIMAL(10, 2)), CAST('1'":   "Flink's result has another scale than its type",
		"TRUNCATE(CAST('-2.59' AS DECIMAL(10, 2)), CAST('1'":  "Flink's result has another scale than its type",
		"CAST('true' AS STRING) = CAST('TRUE'":                "Flink compares text with a boolean, and always finds them different",
		"CAST('1' AS DECIMAL(5, 5))":                          "no such value",
		"1 / 0":                                               "fails when it runs, as with columns",
		"1.0 / 0":                                             "fails when it runs, as with columns",
		"1e0 / 0":                                             "is Infinity, as with columns",
		"9223372036854775808":                                 "the literal's type, not of this package",
		"0.1 + 0.2":                                           "the literals' types, not of this package",
		"1.":                                                  "the literal's type, not of this package",
		"123456789012345678901234567890123456789":             "the literal's type, not of this package",
		"-2147483648":                                         "the literal's type, not of this package",
	})
}

// testdata/operators.expr and numeric.expr were put to Flink 1.20.3 with oracle/run.sh expr.

func TestOperatorsAgreeWithFlink(t *testing.T) {
	compareWithFlink(t, os.DirFS("testdata"), "operators", 400, map[string]string{
		"CAST('😀' AS STRING)":               "Flink compares by UTF-16 as long as the text hasn't been written, by bytes after that",
		"CAST('TRUE' AS BOOLEAN) = 't":      "Flink compares text with a boolean, and always finds them different",
		"CAST('TRUE' AS BOOLEAN) = 'T":      "Flink compares text with a boolean, and always finds them different",
		"CAST('TRUE' AS BOOLEAN) < 't":      "Flink compares text with a boolean, and always finds them different",
		"CAST('TRUE' AS BOOLEAN) <> 't":     "Flink compares text with a boolean, and always finds them different",
		"CAST('a' AS CHAR(1)) || CAST":      "Flink's CHAR wasn't filled up",
		"CAST('a' AS CHAR(2)) || CAST":      "Flink's CHAR wasn't filled up",
		"CAST('ab' AS CHAR(5)) LIKE":        "Flink's CHAR wasn't filled up",
		"ESCAPE '\\'":                       "Flink's code generator loses the backslash",
		"LIKE 'abc' ESCAPE ''":              "no escape, as in later releases",
		"AS TIMESTAMP(0)) + INTERVAL '1.5'": "Flink keeps more digits than the type has",
		"CAST('1' AS INT) + NULL":           "a NULL of the other operand's type",
		"AND NULL":                          "a NULL of the other operand's type",
		"NOT NULL":                          "a NULL of the operand's type",
	})
}

func TestNumericAgreesWithFlink(t *testing.T) {
	compareWithFlink(t, os.DirFS("testdata"), "numeric", 200, map[string]string{
		"ROUND(CAST('125.315' AS DECIMAL(6, 3)), CAST(": "Flink's result has another scale than its type",
		"CAST('25' AS TINYINT)":                         "Flink's generated code doesn't compile",
		"SIGN(CAST('-5' AS TINYINT))":                   "Flink's generated code doesn't compile",
		"TRUNCATE(CAST('1e300' AS DOUBLE), 2)":          "Flink goes by way of DECIMAL(38)",
		"RAND(CAST('1' AS BIGINT))":                     "Flink's code generator has no such call",
		"RAND_INTEGER(CAST('10' AS INT))":               "random",
		"HEX(CAST('ab' AS CHAR(3)))":                    "Flink's CHAR wasn't filled up",
	})
}
