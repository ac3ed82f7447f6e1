package builtin

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weirsql/weir/oracle"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
	"github.com/weirsql/weir/types/temporal"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/cast"
)

// column1 is a column of one row, and what is known of it while binding.
type column1 struct {
	v       *types.Vector
	literal bool
}

// errUnknown marks expressions that are beyond this test's little binder.
var errUnknown = errors.New("not a call of a function with columns and literals")

// errRefused marks calls that don't bind, errFailed those that fail for the row.
var (
	errRefused = errors.New("refused")
	errFailed  = errors.New("failed")
)

// evaluator binds and runs expressions made of calls, literals, casts and columns over one row.
type evaluator struct {
	reg  *udf.Registry
	ctx  udf.Context
	cols map[string]*types.Vector
}

func newEvaluator(t testing.TB) *evaluator {
	t.Helper()
	reg := udf.NewRegistry()
	if err := Register(reg); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)
	return &evaluator{reg: reg, ctx: udf.Context{Location: time.UTC, Started: now, Now: func() time.Time { return now }}, cols: map[string]*types.Vector{}}
}

func one(t types.Type, x any) column1 {
	v := types.NewVector(t)
	switch {
	case t.Kind == types.Null, t.Kind == types.Symbol:
		v.AppendNull()
	default:
		v.AppendValue(x)
	}
	return column1{v, true}
}

func (ev *evaluator) eval(e parser.Expr) (column1, error) {
	switch e := e.(type) {
	case typeArg:
		return one(e.t, nil), nil
	case *parser.ColumnRef:
		if v, ok := ev.cols[e.String()]; ok {
			return column1{v, false}, nil
		}
		return column1{}, errUnknown
	case *parser.StringLit:
		return one(types.CharType(len([]rune(e.Value))).WithNotNull(true), e.Value), nil
	case *parser.BoolLit:
		return one(types.BooleanType.WithNotNull(true), e.Value), nil
	case *parser.NullLit:
		return one(types.NullType, nil), nil
	case *parser.BinaryLit:
		return one(types.BinaryType(len(e.Value)).WithNotNull(true), []byte(e.Value)), nil
	case *parser.NumberLit:
		text := e.String()
		if n, err := strconv.ParseInt(text, 10, 32); err == nil {
			return one(types.IntType.WithNotNull(true), int32(n)), nil
		}
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return one(types.BigIntType.WithNotNull(true), n), nil
		}
		if whole, fraction, ok := strings.Cut(text, "."); ok && !strings.ContainsAny(text, "eE") {
			t := types.DecimalType(len(strings.TrimLeft(whole, "0"))+len(fraction), len(fraction)).WithNotNull(true)
			x, _, _ := number.ParseDecimal(text, t.Precision, t.Scale)
			return one(t, x), nil
		}
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return column1{}, errUnknown
		}
		return one(types.DoubleType.WithNotNull(true), f), nil
	case *parser.UnaryExpr:
		if n, ok := e.X.(*parser.NumberLit); ok && e.Op == parser.OpNeg {
			x, err := ev.eval(n)
			if err != nil {
				return x, err
			}
			switch v := x.v.Value(0).(type) {
			case int32:
				return one(x.v.Type, -v), nil
			case int64:
				return one(x.v.Type, -v), nil
			case float64:
				return one(x.v.Type, -v), nil
			}
		}
		return ev.call(string(e.Op), e.X)
	case *parser.Like:
		args := []parser.Expr{e.X, e.Pattern}
		if e.Escape != nil {
			args = append(args, e.Escape)
		}
		if e.Not {
			return ev.call("NOT", &parser.Like{Op: e.Op, X: e.X, Pattern: e.Pattern, Escape: e.Escape})
		}
		return ev.call(string(e.Op), args...)
	case *parser.IntervalLit:
		return ev.interval(e)
	case *parser.Symbol:
		c := one(types.SymbolType, nil)
		return c, nil
	case *parser.TemporalLit:
		return ev.temporalLiteral(e)
	case *parser.Cast:
		x, err := ev.eval(e.X)
		if err != nil {
			return x, err
		}
		t, err := readType(e.Type.String())
		if err != nil {
			return x, errUnknown
		}
		return ev.cast(x, t, e.Try)
	case *parser.FuncCall:
		if e.Over != nil || e.Distinct {
			return column1{}, errUnknown
		}
		args := e.Args
		if e.JSON != nil {
			extra, ok := jsonArgs(e.JSON)
			if !ok {
				return column1{}, errUnknown
			}
			args = append(args[:len(args):len(args)], extra...)
		}
		return ev.call(strings.Join(e.Name.Strings(), "."), args...)
	case *parser.BinaryExpr:
		if e.Op == parser.OpOverlaps {
			var args []parser.Expr
			for _, side := range []parser.Expr{e.Left, e.Right} {
				row, ok := side.(*parser.RowExpr)
				if !ok {
					return column1{}, errUnknown
				}
				args = append(args, row.Items...)
			}
			return ev.call("OVERLAPS", args...)
		}
		return ev.call(string(e.Op), e.Left, e.Right)
	case *parser.Index:
		return ev.call("ITEM", e.X, e.I)
	case *parser.ArrayExpr:
		return ev.call("ARRAY", e.Items...)
	case *parser.MapExpr:
		return ev.call("MAP", e.Items...)
	case *parser.RowExpr:
		return ev.call("ROW", e.Items...)
	case *parser.Is:
		name := "IS "
		if e.Not {
			name += "NOT "
		}
		return ev.call(name+string(e.Test), e.X)
	}
	return column1{}, errUnknown
}

// typeArg is a type in the place of an argument: the NULL behind RETURNING.
type typeArg struct {
	parser.Expr
	t types.Type
}

// jsonArgs makes arguments of the clauses of a JSON function, as the planner does.
func jsonArgs(c *parser.JSONClauses) ([]parser.Expr, bool) {
	var out []parser.Expr
	symbol := func(s string) { out = append(out, &parser.Symbol{Name: s}) }
	if c.Returning != nil {
		t, err := readType(c.Returning.String())
		if err != nil {
			return nil, false
		}
		symbol("RETURNING")
		out = append(out, typeArg{t: t})
	}
	if c.Wrapper != parser.WrapperUnstated {
		symbol(string(c.Wrapper))
	}
	for _, on := range []struct {
		b      *parser.JSONBehavior
		suffix string
	}{{c.OnEmpty, " ON EMPTY"}, {c.OnError, " ON ERROR"}} {
		if on.b != nil {
			symbol(on.b.Kind + on.suffix)
			if on.b.Default != nil {
				out = append(out, on.b.Default)
			}
		}
	}
	if c.OnNull != parser.OnNullUnstated {
		symbol(string(c.OnNull))
	}
	return out, true
}

// interval evaluates intervals of one unit.
func (ev *evaluator) interval(e *parser.IntervalLit) (column1, error) {
	n, err := strconv.ParseFloat(e.Text, 64)
	if err != nil || e.Units == nil {
		return column1{}, errUnknown
	}
	if e.Negative {
		n = -n
	}
	unit, _, _ := strings.Cut(e.Units.String(), "(")
	months := map[string]float64{"MONTH": 1, "YEAR": 12}
	millis := map[string]float64{"DAY": temporal.Day, "HOUR": temporal.Hour, "MINUTE": temporal.Minute, "SECOND": temporal.Second}
	if m, ok := months[unit]; ok {
		return one(types.IntervalMonthType.WithNotNull(true), int32(n*m)), nil
	}
	if m, ok := millis[unit]; ok {
		return one(types.IntervalMilliType.WithNotNull(true), int64(math.Round(n*m))), nil
	}
	return column1{}, errUnknown
}

func (ev *evaluator) temporalLiteral(e *parser.TemporalLit) (column1, error) {
	text := e.String()
	kind, rest, _ := strings.Cut(text, " ")
	value := strings.Trim(rest, "'")
	switch kind {
	case "DATE":
		if days, ok := temporal.ParseDate(value); ok {
			return one(types.DateType.WithNotNull(true), days), nil
		}
	case "TIME":
		if ms, ok := temporal.ParseTime(value, 3); ok {
			return one(types.TimeType(0).WithNotNull(true), ms), nil
		}
	case "TIMESTAMP":
		_, fraction, _ := strings.Cut(value, ".")
		if ticks, ok := temporal.ParseTimestamp(value, len(fraction)); ok {
			return one(types.TimestampType(len(fraction)).WithNotNull(true), ticks), nil
		}
	}
	return column1{}, errUnknown
}

func (ev *evaluator) call(name string, args ...parser.Expr) (column1, error) {
	spec, ok := ev.reg.Lookup(name)
	if !ok || spec.Scalar == nil {
		return column1{}, errUnknown
	}
	call := &udf.Call{Name: name}
	var cols []column1
	for _, a := range args {
		argName := ""
		if n, ok := a.(*parser.NamedArg); ok {
			argName, a = n.Name.Name, n.Value
		}
		x, err := ev.eval(a)
		if err != nil {
			return x, err
		}
		arg := udf.Arg{Type: x.v.Type, Literal: x.literal, Name: argName}
		if f, ok := a.(*parser.FuncCall); ok && !x.literal {
			arg.Func = strings.ToUpper(f.Name.Last().Name)
		}
		if s, ok := a.(*parser.Symbol); ok {
			arg.Value = s.Name
		} else if x.literal && x.v.Type.Kind != types.Null {
			arg.Value = x.v.Value(0)
		}
		call.Args, cols = append(call.Args, arg), append(cols, x)
	}
	fn, err := spec.Scalar(call)
	if err != nil {
		return column1{}, fmt.Errorf("%w: %v", errRefused, err)
	}
	vectors := make([]*types.Vector, len(cols))
	literal := !spec.NonDeterministic
	for i, x := range cols {
		if fn.Args[i].Kind != types.Symbol && !fn.Args[i].SameStorage(x.v.Type) {
			if x, err = ev.cast(x, fn.Args[i], false); err != nil {
				return x, err
			}
		}
		vectors[i] = x.v
		literal = literal && x.literal
	}
	out := types.NewVector(fn.Result)
	out.Resize(1)
	if fn.Nulls == udf.NullIfAny {
		for _, v := range vectors {
			if v.Type.Kind == types.Null || v.Type.Kind != types.Symbol && v.IsNull(0) {
				out.SetNull(0)
			}
		}
	}
	eval := fn.Eval
	if fn.New != nil {
		instance := fn.New()
		instance.Grow(1)
		eval = func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return instance.Eval(ctx, nil, args, out, n)
		}
	}
	if err := eval(&ev.ctx, vectors, out, 1); err != nil {
		var row *udf.RowError
		if !errors.As(err, &row) {
			return column1{}, fmt.Errorf("%s: an error that isn't of a row: %w", name, err)
		}
		if !fn.Fallible {
			return column1{}, fmt.Errorf("%s fails though it says it can't: %w", name, err)
		}
		return column1{}, fmt.Errorf("%w: %v", errFailed, err)
	}
	if out.N != 1 {
		return column1{}, fmt.Errorf("%s gives %d rows for one", name, out.N)
	}
	if fn.Result.NotNull && out.IsNull(0) {
		return column1{}, fmt.Errorf("%s is NULL though it is %s", name, fn.Result)
	}
	return column1{out, literal}, nil
}

func (ev *evaluator) cast(x column1, t types.Type, try bool) (column1, error) {
	if x.v.Type.Kind == types.Null {
		return one(t.Nullable(), nil), nil
	}
	k, err := cast.Bind(x.v.Type, t, try)
	if err != nil {
		return x, fmt.Errorf("%w: %v", errRefused, err)
	}
	out := types.NewVector(t.WithNotNull(x.v.Type.NotNull && !try))
	if err := k.Eval(&ev.ctx, x.v, out, 1); err != nil {
		return x, fmt.Errorf("%w: %v", errFailed, err)
	}
	return column1{out, x.literal}, nil
}

// bindArgs makes columns of a recorded case's arguments.
func (ev *evaluator) bindArgs(args []oracle.Arg) error {
	clear(ev.cols)
	for _, a := range args {
		t, err := readType(a.Type)
		if err != nil {
			return errUnknown
		}
		v := types.NewVector(t)
		if a.Null {
			v.AppendNull()
			ev.cols[a.Name] = v
			continue
		}
		switch {
		case t.IsBinary():
			b, err := hex.DecodeString(a.Text)
			if err != nil {
				return err
			}
			v.AppendBytes(b)
		case t.IsInterval():
			n, err := strconv.ParseInt(a.Text, 10, 64)
			if err != nil {
				return err
			}
			if t.Kind == types.IntervalMonth {
				v.AppendValue(int32(n))
			} else {
				v.AppendValue(n)
			}
		default:
			text := types.NewVector(types.StringType)
			text.AppendString(strings.TrimSuffix(a.Text, "Z"))
			if t.IsCharacter() {
				text = types.NewVector(types.StringType)
				text.AppendString(a.Text)
			}
			k, err := cast.Bind(types.StringType, t, false)
			if err != nil {
				return errUnknown
			}
			ctx := udf.Context{Location: time.UTC}
			if err := k.Eval(&ctx, text, v, 1); err != nil {
				return fmt.Errorf("%s as %s: %w", a.Text, a.Type, err)
			}
		}
		ev.cols[a.Name] = v
	}
	return nil
}

// show prints row 0 as JSON in the oracle's manner.
func show(v *types.Vector) string {
	if v.Type.Kind == types.Null || v.IsNull(0) {
		return "null"
	}
	return string(showAt(nil, v, 0))
}

func showAt(dst []byte, v *types.Vector, i int) []byte {
	if v.IsNull(i) {
		return append(dst, "null"...)
	}
	quote := func(s string) []byte {
		b, _ := json.Marshal(s)
		return append(dst, b...)
	}
	switch t := v.Type; {
	case t.IsBinary():
		return quote(base64.StdEncoding.EncodeToString(v.Bytes(i)))
	case t.IsCharacter():
		return quote(v.Str(i))
	case t.Kind == types.IntervalMonth:
		return strconv.AppendInt(dst, int64(v.I32[i]), 10)
	case t.Kind == types.IntervalMilli:
		return strconv.AppendInt(dst, v.I64[i], 10)
	case t.Kind == types.Array:
		dst = append(dst, '[')
		for k := v.Offsets[i]; k < v.Offsets[i+1]; k++ {
			if k > v.Offsets[i] {
				dst = append(dst, ',')
			}
			dst = showAt(dst, v.Children[0], int(k))
		}
		return append(dst, ']')
	case t.Kind == types.Map:
		text := t.Key.IsCharacter()
		dst = append(dst, "[{"[btoi(text)])
		for k := v.Offsets[i]; k < v.Offsets[i+1]; k++ {
			if k > v.Offsets[i] {
				dst = append(dst, ',')
			}
			if text {
				dst = showAt(dst, v.Children[0], int(k))
				dst = append(dst, ':')
				dst = showAt(dst, v.Children[1], int(k))
				continue
			}
			dst = showAt(append(dst, '['), v.Children[0], int(k))
			dst = showAt(append(dst, ','), v.Children[1], int(k))
			dst = append(dst, ']')
		}
		return append(dst, "]}"[btoi(text)])
	case t.Kind == types.Row:
		dst = append(dst, '{')
		for k, f := range t.Fields {
			if k > 0 {
				dst = append(dst, ',')
			}
			dst = strconv.AppendQuote(dst, f.Name)
			dst = showAt(append(dst, ':'), v.Children[k], i)
		}
		return append(dst, '}')
	}
	text := string(cast.AppendText(nil, nil, v, i))
	switch t := v.Type; {
	case t.Kind == types.Boolean:
		return append(dst, strings.ToLower(text)...)
	case t.IsApproximate():
		if f, _ := number.ParseFloat(text, 64); f-f != 0 {
			return quote(text)
		}
		return append(dst, text...)
	case t.IsNumeric():
		return append(dst, text...)
	case t.Kind == types.Time, t.IsTimestamp():
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
		if t.Kind == types.TimestampLTZ {
			text += "Z"
		}
	}
	return quote(text)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sameJSON(got, want string, t types.Type) bool {
	if got == want {
		return true
	}
	var g, w any
	if json.Unmarshal([]byte(got), &g) != nil || json.Unmarshal([]byte(want), &w) != nil {
		return false
	}
	return sameValue(g, w, t)
}

func sameValue(g, w any, t types.Type) bool {
	switch g := g.(type) {
	case []any:
		w, ok := w.([]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for i := range g {
			if !sameValue(g[i], w[i], t) {
				return false
			}
		}
		return true
	case map[string]any:
		w, ok := w.(map[string]any)
		if !ok || len(g) != len(w) {
			return false
		}
		for k := range g {
			if !sameValue(g[k], w[k], t) {
				return false
			}
		}
		return true
	case float64:
		w, ok := w.(float64)
		return ok && (g == w || math.Abs(g-w) <= 1e-12*math.Abs(w) || t.Kind == types.Float && float32(g) == float32(w))
	}
	return g == w
}

var typeForm = regexp.MustCompile(`^([A-Z_ ]+?)(?:\((\d+)(?:, ?(\d+))?\))?( NOT NULL)?$`)

// readType reads a type as SQL and DESCRIBE write it.
func readType(s string) (types.Type, error) {
	if inner, ok := strings.CutPrefix(s, "ARRAY<"); ok {
		end := strings.LastIndexByte(inner, '>')
		elem, err := readType(inner[:end])
		return types.ArrayType(elem).WithNotNull(strings.HasSuffix(s, "NOT NULL")), err
	}
	if inner, ok := strings.CutPrefix(s, "MAP<"); ok {
		end := strings.LastIndexByte(inner, '>')
		k, v, _ := strings.Cut(inner[:end], ", ")
		key, err := readType(k)
		if err != nil {
			return key, err
		}
		value, err := readType(v)
		return types.MapType(key, value).WithNotNull(strings.HasSuffix(s, "> NOT NULL")), err
	}
	m := typeForm.FindStringSubmatch(s)
	if m == nil {
		return types.Type{}, fmt.Errorf("no type: %s", s)
	}
	p, _ := strconv.Atoi(m[2])
	scale, _ := strconv.Atoi(m[3])
	known := map[string]types.Type{
		"BOOLEAN": types.BooleanType, "TINYINT": types.TinyIntType, "SMALLINT": types.SmallIntType, "INT": types.IntType,
		"INTEGER": types.IntType, "BIGINT": types.BigIntType, "FLOAT": types.FloatType, "DOUBLE": types.DoubleType,
		"STRING": types.StringType, "BYTES": types.BytesType, "DATE": types.DateType, "CHAR": types.CharType(max(p, 1)),
		"VARCHAR": types.VarcharType(p), "BINARY": types.BinaryType(max(p, 1)), "VARBINARY": types.VarbinaryType(p),
		"DECIMAL": types.DecimalType(p, scale), "TIME": types.TimeType(p), "TIMESTAMP": types.TimestampType(p),
		"TIMESTAMP_LTZ": types.TimestampLTZType(p), "INTERVAL YEAR TO MONTH": types.IntervalMonthType,
		"INTERVAL DAY TO SECOND": types.IntervalMilliType, "INTERVAL MONTH": types.IntervalMonthType,
		"INTERVAL SECOND": types.IntervalMilliType,
	}
	u, ok := known[m[1]]
	if !ok {
		return u, fmt.Errorf("no type: %s", s)
	}
	switch {
	case u.IsTimestamp() && m[2] == "":
		u.Precision = 6
	case u.Kind == types.Decimal && m[2] == "":
		u.Precision = 10
	case u.Kind == types.Varchar && m[1] == "VARCHAR" && m[2] == "":
		u.Length = 1
	}
	return u.WithNotNull(m[4] != ""), nil
}

// compareWithFlink runs the recorded expressions that the little binder understands and whose functions are among
// those of this package, and compares value or refusal. deviations are parts of the expressions that differ, with the
// reason.
func compareWithFlink(t *testing.T, data fs.FS, file string, least int, deviations map[string]string) {
	t.Helper()
	cases, err := oracle.Load(data, file)
	if err != nil {
		t.Fatal(err)
	}
	ev := newEvaluator(t)
	compared, seen := 0, map[string]bool{}
	for _, c := range cases {
		if c.Expr == "" {
			continue
		}
		ev.ctx.Location = time.UTC
		for _, s := range c.Setup {
			if zone, ok := strings.CutPrefix(s, "SET 'table.local-time-zone' = '"); ok {
				if ev.ctx.Location, err = temporal.ParseZone(strings.TrimSuffix(zone, "'")); err != nil {
					t.Fatal(err)
				}
			}
		}
		literal := strings.TrimSuffix(strings.TrimPrefix(c.SQL, "SELECT "), " AS r")
		got, typ, skip := ev.answer(c)
		if skip {
			if os.Getenv("VERBOSE") != "" {
				t.Logf("skipped: %s", literal)
			}
			continue
		}
		want := string(c.Value)
		switch {
		case c.Phase == "run":
			want = "failed"
		case c.Phase != "":
			want = "refused"
		}
		agree := got == want || sameJSON(got, want, typ) || got == "refused" && want == "failed"
		// Flink prints INTERVAL types without their family, and TIME without its precision.
		if agree && c.Phase == "" && typ.String() != c.Type && !typ.IsInterval() && typ.Kind != types.Time {
			agree = false
			got += " of type " + typ.String()
			want += " of type " + c.Type
		}
		compared++
		if agree {
			continue
		}
		known := false
		for part := range deviations {
			if strings.Contains(literal, part) {
				known, seen[part] = true, true
			}
		}
		if !known {
			t.Errorf("%s = %s, want %s (%s)", literal, got, want, c.Err)
		}
	}
	for part, reason := range deviations {
		if !seen[part] {
			t.Errorf("no expression with %q deviates from Flink, though it should: %s", part, reason)
		}
	}
	if compared < least {
		t.Errorf("only %d of %d expressions compared, want at least %d", compared, len(cases), least)
	}
}

func (ev *evaluator) answer(c oracle.Case) (got string, t types.Type, skip bool) {
	e, errs := parser.ParseExpr(c.Expr)
	if len(errs) > 0 {
		return "refused", t, false
	}
	if err := ev.bindArgs(c.Args); err != nil {
		return err.Error(), t, errors.Is(err, errUnknown)
	}
	x, err := ev.eval(e)
	switch {
	case errors.Is(err, errUnknown):
		return "", t, true
	case errors.Is(err, errRefused):
		return "refused", t, false
	case errors.Is(err, errFailed):
		return "failed", t, false
	case err != nil:
		return err.Error(), t, false
	}
	return show(x.v), x.v.Type, false
}
