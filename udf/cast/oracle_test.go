package cast

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/weirsql/weir/oracle"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
)

// Where weir answers otherwise than Flink 1.20.3 on Java 17, on purpose.
var deviations = map[string]string{
	"CAST(2e23 DOUBLE AS STRING)": "shortest digits, as Java 19 prints them",

	"TRY_CAST(x STRING AS DECIMAL(10, 2))":        "Flink takes any one letter after no digits",
	"CAST(12L STRING AS DECIMAL(10, 2))":          "Flink takes any one letter after the digits",
	"CAST(99999999.995 STRING AS DECIMAL(10, 2))": "Flink's result has eleven digits",
	"CAST(9.5 STRING AS DECIMAL(1, 0))":           "Flink's result has two digits",

	"CAST(61 BYTES AS VARBINARY(2))": "Flink fills up what has no fixed length",
	"CAST( BYTES AS VARBINARY(2))":   "Flink fills up what has no fixed length",

	"CAST(1969-12-31 23:59:59.999 TIMESTAMP(3) AS DATE)":                  "Flink moves it to the next day",
	"CAST(1969-12-31 23:59:59.999999999 TIMESTAMP(9) AS DATE)":            "Flink moves it to the next day",
	"CAST(1969-12-31 23:59:59.999 TIMESTAMP(3) AS TIME)":                  "Flink makes a time before midnight",
	"CAST(1969-12-31 23:59:59.999 TIMESTAMP(3) AS TIME(3))":               "Flink makes a time before midnight",
	"CAST(1969-12-31 23:59:59.999999999 TIMESTAMP(9) AS TIME)":            "Flink makes a time before midnight",
	"CAST(1969-12-31 23:59:59.999 TIMESTAMP(3) AS TIMESTAMP(0))":          "Flink rounds up before 1970",
	"CAST(1969-12-31 23:59:59.999 TIMESTAMP(3) AS TIMESTAMP(1))":          "Flink rounds up before 1970",
	"CAST(1969-12-31 23:59:59.999 TIMESTAMP(3) AS TIMESTAMP_LTZ(0))":      "Flink rounds up before 1970",
	"CAST(1969-12-31 23:59:59.999999999 TIMESTAMP(9) AS TIMESTAMP(0))":    "Flink rounds up before 1970",
	"CAST(1969-12-31 23:59:59.999Z TIMESTAMP_LTZ(3) AS TIMESTAMP(0))":     "Flink rounds up before 1970",
	"CAST(1969-12-31 23:59:59.999Z TIMESTAMP_LTZ(3) AS TIMESTAMP_LTZ(0))": "Flink rounds up before 1970",

	"CAST(12:34:56.789 TIME(3) AS STRING)":       "Flink's SQL has no TIME(3)",
	"CAST(23:59:59.999 TIME(3) AS STRING)":       "Flink's SQL has no TIME(3)",
	"CAST(12:00:00.5 TIME(3) AS STRING)":         "Flink's SQL has no TIME(3)",
	"CAST(12:34:56.789 TIME(3) AS TIMESTAMP(0))": "Flink leaves a fraction in TIMESTAMP(0)",
	"CAST(23:59:59.999 TIME(3) AS TIMESTAMP(0))": "Flink leaves a fraction in TIMESTAMP(0)",
	"CAST(12:00:00.5 TIME(3) AS TIMESTAMP(0))":   "Flink leaves a fraction in TIMESTAMP(0)",
}

var castForm = regexp.MustCompile(`^(TRY_)?CAST\((f\d+|NULL) AS (.*)\)$`)

// Every cast of a column that was put to Flink 1.20.3 gives the same value, NULL, refusal or failure here.
func TestAgreesWithFlink(t *testing.T) {
	cases, err := oracle.Load(oracle.Data, "casts")
	if err != nil {
		t.Fatal(err)
	}
	ran, refused := 0, 0
	seen := map[string]bool{}
	for _, c := range cases {
		m := castForm.FindStringSubmatch(c.Expr)
		if m == nil {
			continue
		}
		ctx := &udf.Context{}
		for _, setup := range c.Setup {
			if strings.Contains(setup, "legacy-cast-behaviour") {
				m = nil // the rules before Flink 1.15 are not weir's
			} else if zone, ok := strings.CutPrefix(setup, "SET 'table.local-time-zone' = '"); ok {
				if ctx.Location, err = temporal.ParseZone(strings.TrimSuffix(zone, "'")); err != nil {
					t.Fatal(err)
				}
			}
		}
		if m == nil {
			continue
		}
		arg := oracle.Arg{Type: "NULL", Null: true}
		from, to := types.NullType, parseType(t, m[3])
		if len(c.Args) == 1 {
			arg = c.Args[0]
			from = parseType(t, arg.Type)
		}
		got := evaluate(t, ctx, from, to, arg, m[1] != "")
		want := "refused"
		switch c.Phase {
		case "":
			want = string(c.Value)
			ran++
		case "run":
			want = "failed"
			ran++
		default:
			refused++
		}
		text := m[1] + "CAST(" + arg.Text + " " + arg.Type + " AS " + m[3] + ")"
		if _, known := deviations[text]; known {
			seen[text] = true
			if got == want {
				t.Errorf("%s: agrees with Flink, so it is no deviation", text)
			}
			continue
		}
		if !same(got, want, to) {
			t.Errorf("%s = %s, want %s", text, got, want)
		}
	}
	for text, reason := range deviations {
		if !seen[text] {
			t.Errorf("%s was not put to Flink: %s", text, reason)
		}
	}
	if ran < 1000 || refused < 100 {
		t.Errorf("only %d casts compared, %d refusals", ran, refused)
	}
}

// evaluate casts one value and prints the result as the golden file does.
func evaluate(t *testing.T, ctx *udf.Context, from, to types.Type, value oracle.Arg, try bool) string {
	if Explicit(from, to) != (refusal(from, to) == nil) {
		t.Errorf("Explicit(%s, %s) = %v, but Bind says %v", from, to, Explicit(from, to), refusal(from, to))
	}
	k, err := Bind(from, to, try)
	if err != nil {
		return "refused"
	}
	in, out := types.NewVector(from), types.NewVector(to)
	appendInput(t, in, value)
	if err := k.Eval(ctx, in, out, 1); err != nil {
		if !k.Fallible {
			t.Errorf("%s to %s says it can't fail, but: %v", from, to, err)
		}
		return "failed"
	}
	if out.N != 1 {
		t.Errorf("%s to %s: %d rows", from, to, out.N)
	}
	return golden(out)
}

func refusal(from, to types.Type) error {
	if from.Kind == types.Boolean && to.Kind == types.Decimal && to.Precision == to.Scale {
		return nil // refused for its precision, which Explicit doesn't look at
	}
	_, err := Bind(from, to, false)
	return err
}

func appendInput(t *testing.T, v *types.Vector, arg oracle.Arg) {
	t.Helper()
	if arg.Null {
		v.AppendNull()
		return
	}
	s := arg.Text
	var err error
	var n int64
	var f float64
	ok := true
	switch k := v.Type.Kind; k {
	case types.Char, types.Varchar:
		v.AppendString(s)
		return
	case types.Binary, types.Varbinary:
		var b []byte
		b, err = hex.DecodeString(s)
		v.AppendBytes(b)
		v.N--
	case types.Boolean:
		v.Bool = append(v.Bool, s == "TRUE")
	case types.Decimal:
		x, valid, fits := number.ParseDecimal(s, v.Type.Precision, v.Type.Scale)
		v.Dec, ok = append(v.Dec, x), valid && fits
	case types.Float, types.Double:
		f, ok = number.ParseFloat(s, map[types.Kind]int{types.Float: 32, types.Double: 64}[k])
		if k == types.Float {
			v.F32 = append(v.F32, float32(f))
		} else {
			v.F64 = append(v.F64, f)
		}
	case types.Date:
		var days int32
		days, ok = temporal.ParseDate(s)
		v.I32 = append(v.I32, days)
	case types.Time:
		var millis int32
		millis, ok = temporal.ParseTime(s, 3)
		v.I32 = append(v.I32, millis)
	case types.Timestamp, types.TimestampLTZ:
		n, ok = temporal.ParseTimestamp(strings.TrimSuffix(s, "Z"), v.Type.Precision)
		v.I64 = append(v.I64, n)
	default:
		n, err = strconv.ParseInt(s, 10, 64)
		switch k.Storage() {
		case types.StoreI8:
			v.I8 = append(v.I8, int8(n))
		case types.StoreI16:
			v.I16 = append(v.I16, int16(n))
		case types.StoreI32:
			v.I32 = append(v.I32, int32(n))
		case types.StoreI64:
			v.I64 = append(v.I64, n)
		}
	}
	v.N++
	if err != nil || !ok {
		t.Fatalf("%q is no %s: %v", s, v.Type, err)
	}
}

// golden prints row 0 as JSON in the oracle's manner.
func golden(v *types.Vector) string {
	if v.IsNull(0) {
		return "null"
	}
	text := string(AppendText(nil, nil, v, 0))
	switch k := v.Type.Kind; {
	case v.Type.IsBinary():
		text = base64.StdEncoding.EncodeToString(v.Bytes(0))
	case k == types.Boolean:
		return strings.ToLower(text)
	case k == types.Float, k == types.Double:
		if f, _ := number.ParseFloat(text, 64); f-f != 0 {
			break
		}
		return text
	case v.Type.IsNumeric():
		return text
	case k == types.Time, v.Type.IsTimestamp():
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		if k == types.TimestampLTZ {
			text += "Z"
		}
	}
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

func same(got, want string, to types.Type) bool {
	if got == want {
		return true
	}
	switch {
	case to.IsApproximate():
		g, errG := strconv.ParseFloat(got, 64)
		w, errW := strconv.ParseFloat(want, 64)
		return errG == nil && errW == nil && (g == w || to.Kind == types.Float && float32(g) == float32(w)) && math.Signbit(g) == math.Signbit(w)
	case to.Kind == types.Time:
		// Flink keeps the milliseconds in a TIME(0), which can't be seen but in a result.
		cut := func(s string) string { s, _, _ = strings.Cut(strings.Trim(s, `"`), "."); return s }
		return cut(got) == cut(want) && want != "failed"
	}
	var g, w any
	return json.Unmarshal([]byte(got), &g) == nil && json.Unmarshal([]byte(want), &w) == nil && to.IsCharacter() && g == w
}

var typeForm = regexp.MustCompile(`^([A-Z_ ]+?)(?:\((\d+)(?:, ?(\d+))?\))?( NOT NULL)?$`)

// parseType reads a scalar type.
func parseType(t *testing.T, s string) types.Type {
	t.Helper()
	m := typeForm.FindStringSubmatch(s)
	if m == nil {
		t.Fatalf("no type: %s", s)
	}
	p, _ := strconv.Atoi(m[2])
	scale, _ := strconv.Atoi(m[3])
	known := map[string]types.Type{
		"BOOLEAN": types.BooleanType, "TINYINT": types.TinyIntType, "SMALLINT": types.SmallIntType, "INT": types.IntType,
		"BIGINT": types.BigIntType, "FLOAT": types.FloatType, "DOUBLE": types.DoubleType, "STRING": types.StringType,
		"BYTES": types.BytesType, "DATE": types.DateType, "CHAR": types.CharType(p), "VARCHAR": types.VarcharType(p),
		"BINARY": types.BinaryType(p), "VARBINARY": types.VarbinaryType(p), "DECIMAL": types.DecimalType(p, scale),
		"TIME": types.TimeType(p), "TIMESTAMP": types.TimestampType(p), "TIMESTAMP_LTZ": types.TimestampLTZType(p),
		"INTERVAL YEAR TO MONTH": types.IntervalMonthType, "INTERVAL DAY TO SECOND": types.IntervalMilliType,
	}
	u, ok := known[m[1]]
	if !ok {
		t.Fatalf("no type: %s", s)
	}
	if u.IsTimestamp() && m[2] == "" {
		u.Precision = 6
	}
	return u.WithNotNull(m[4] != "")
}
