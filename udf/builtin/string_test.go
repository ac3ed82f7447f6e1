package builtin

import (
	"os"
	"testing"

	"github.com/weirsql/weir/oracle"
)

// recorded is this package's own recordings: NAME.expr put to Flink 1.20.3 (see oracle/README.md), its answers in
// NAME.golden.
var recorded = os.DirFS("testdata")

func TestStringsAgreeWithFlink(t *testing.T) {
	compareWithFlink(t, recorded, "string", 1100, map[string]string{
		"ENCODE(":                "Flink says BINARY(1), which the bytes don't fit",
		"CAST('a' AS CHAR(3))":   "Flink's recording doesn't pad what is put into a column",
		"CAST('2' AS BIGINT))":   "Flink's generated code doesn't compile",
		"STR_TO_MAP(CAST('k1:v1": "Flink takes no untyped NULL",
		"SHA2(CAST('hello' AS STRING), CAST('1' AS INT))": "Flink takes SHA-1 for it, unless the length is a literal",
	})
	compareWithFlink(t, oracle.Data, "strings", 400, map[string]string{
		"BTRIM(":                "of Flink 2",
		"ENCODE(":               "Flink says BINARY(1), which the bytes don't fit",
		"CAST('a' AS CHAR(3))":  "Flink's recording doesn't pad what is put into a column",
		"CAST('😀' AS STRING) <": "an operator, not of this file",
	})
}
