package builtin

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/weirsql/weir/oracle"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
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

// What an operator doesn't take it refuses with what to do instead.
func TestOperatorRefusals(t *testing.T) {
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name      string
		args      []types.Type
		want, tip string
	}{
		{"+", []types.Type{types.StringType, types.IntType}, "+ doesn't apply to STRING and INT", "CAST the text to a number, or use || to join texts"},
		{"-", []types.Type{types.TimestampType(3), types.TimestampType(3)}, "- doesn't apply to TIMESTAMP(3) and TIMESTAMP(3)", "TIMESTAMPDIFF"},
		{"%", []types.Type{types.DoubleType, types.IntType}, "% doesn't apply to DOUBLE and INT", "CAST to a whole number or a DECIMAL"},
		{"=", []types.Type{types.StringType, types.IntType}, "= doesn't apply to STRING and INT", "CAST the text to a number"},
		{"<", []types.Type{types.DateType, types.TimestampType(3)}, "< doesn't apply to DATE and TIMESTAMP(3)", "CAST one to the type of the other"},
		{"<", []types.Type{types.ArrayType(types.IntType), types.ArrayType(types.IntType)}, "< doesn't apply to ARRAY<INT>", "have no order"},
		{"||", []types.Type{types.StringType, types.IntType}, "|| doesn't apply to STRING and INT", "CAST both to STRING"},
		{"AND", []types.Type{types.BooleanType, types.IntType}, "AND doesn't apply to BOOLEAN and INT", ""},
		{"NOT", []types.Type{types.IntType}, "NOT doesn't apply to INT", ""},
		{"IS TRUE", []types.Type{types.IntType}, "IS TRUE doesn't apply to INT", ""},
		{"LIKE", []types.Type{types.IntType, types.StringType}, "LIKE takes text here, not INT", ""},
		{"ABS", []types.Type{types.StringType}, "ABS takes a number here, not STRING", ""},
		{"ROUND", nil, "ROUND takes 1 to 2 arguments, not 0", ""},
	} {
		s, ok := reg.Lookup(tt.name)
		if !ok {
			t.Fatalf("no %s", tt.name)
		}
		c := &udf.Call{Name: tt.name}
		for _, a := range tt.args {
			c.Args = append(c.Args, udf.Arg{Type: a})
		}
		_, err := s.Scalar(c)
		var refusal *udf.ArgError
		if !errors.As(err, &refusal) || !strings.Contains(refusal.Msg, tt.want) || !strings.Contains(refusal.Hint, tt.tip) {
			t.Errorf("%s: %v (%+v), want %q with %q", tt.name, err, refusal, tt.want, tt.tip)
		}
	}
}

func TestOperatorFailures(t *testing.T) {
	ev := newEvaluator(t)
	for sql, want := range map[string]string{
		"1 / 0":                     "division by zero; NULLIF(divisor, 0) gives NULL instead",
		"1 % 0":                     "division by zero",
		"1.0 / 0":                   "division by zero",
		"MOD(1.5, 0)":               "division by zero",
		"RAND_INTEGER(0)":           "RAND_INTEGER needs a bound above zero, not 0",
		"ROUND(1e300 * 1e300)":      "NaN and Infinity can't be rounded",
		"'a' LIKE 'a!b' ESCAPE '!'": `pattern "a!b" has the escape character "!" before something other than %, _ or itself`,
		"'a' SIMILAR TO '(a'":       `"(a" is no pattern of SIMILAR TO`,
		"DATE '2024-01-01' < 'x'":   `cannot cast "x" to DATE`,
	} {
		e, errs := parser.ParseExpr(sql)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		if _, err := ev.eval(e); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", sql, err, want)
		}
	}
}

// The last digit shows in what people look at most: powers of ten, and the angles of school.
func TestJavaRounding(t *testing.T) {
	for k := -300; k <= 300; k++ {
		if got := log10(math.Pow10(k)); got != float64(k) {
			t.Errorf("LOG10(1e%d) = %v", k, got)
		}
	}
	for x, want := range map[float64]float64{5: 0.6989700043360189, 4: 0.6020599913279624} {
		if got := log10(x); got != want {
			t.Errorf("LOG10(%v) = %v, want %v", x, got, want)
		}
	}
	for x, want := range map[float64]float64{0.5: 1.0471975511965979, 0.9: 0.45102681179626236, 0.1: 1.4706289056333368, 1: 0} {
		if got := acos(x); got != want {
			t.Errorf("ACOS(%v) = %v, want %v", x, got, want)
		}
	}
}
