package planner

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/temporal"
)

func literal(v any, t types.Type) *rex.Literal {
	return &rex.Literal{Value: v, T: t.WithNotNull(v != nil)}
}

func nullOf(t types.Type) *rex.Literal { return &rex.Literal{T: t.Nullable().WithAttr(types.NoTime)} }

func isNullLiteral(e rex.Expr) bool {
	l, ok := e.(*rex.Literal)
	return ok && l.Value == nil
}

// bindNumber types a number as Flink does: the smallest of INT, BIGINT and DECIMAL for whole numbers, DECIMAL by its
// digits with a point, DOUBLE with an exponent.
func bindNumber(n *parser.NumberLit, negative bool) (rex.Expr, *diag.Error) {
	text := n.Text
	if negative {
		text = "-" + text
	}
	tooLong := func() *diag.Error {
		return diag.Errorf("invalid-literal", n.Span, "number %s has more than 38 digits", n.Text)
	}
	switch n.Kind {
	case parser.NumberApproximate:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, diag.Errorf("invalid-literal", n.Span, "number %s is outside the range of DOUBLE", text)
		}
		return literal(f, types.DoubleType), nil
	case parser.NumberInteger:
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			if v >= math.MinInt32 && v <= math.MaxInt32 {
				return literal(int32(v), types.IntType), nil
			}
			return literal(v, types.BigIntType), nil
		}
		digits := len(strings.TrimLeft(n.Text, "0"))
		if digits > types.MaxDecimalPrecision {
			return nil, tooLong()
		}
		d, err := decimal128.FromString(text, types.MaxDecimalPrecision, 0)
		if err != nil {
			return nil, tooLong()
		}
		return literal(d, types.DecimalType(digits, 0)), nil
	}
	whole, fraction, _ := strings.Cut(n.Text, ".")
	precision, scale := max(len(whole)+len(fraction), 1), len(fraction)
	if precision > types.MaxDecimalPrecision {
		return nil, tooLong()
	}
	d, ok := parseUnscaled(whole+fraction, negative)
	if !ok {
		return nil, tooLong()
	}
	return literal(d, types.DecimalType(precision, scale)), nil
}

func parseUnscaled(digits string, negative bool) (decimal128.Num, bool) {
	if digits == "" {
		digits = "0"
	}
	d, err := decimal128.FromString(digits, types.MaxDecimalPrecision, 0)
	if err != nil {
		return decimal128.Num{}, false
	}
	if negative {
		d = d.Negate()
	}
	return d, true
}

func bindString(s *parser.StringLit) rex.Expr {
	return literal(s.Value, types.CharType(utf8.RuneCountInString(s.Value)))
}

// bindTemporal types DATE '…', TIME '…' and TIMESTAMP '…'; a timestamp's precision is the number of its fraction digits.
func bindTemporal(l *parser.TemporalLit) (rex.Expr, *diag.Error) {
	_, fraction, _ := strings.Cut(l.Text, ".")
	precision := min(len(fraction), 9)
	bad := func(form string) *diag.Error {
		return diag.Errorf("invalid-literal", l.Span, "%q is not a valid %s literal", l.Text, l.Kind).WithHint("write %s '%s'", l.Kind, form)
	}
	switch l.Kind {
	case parser.DateLiteral:
		if d, ok := temporal.ParseDate(l.Text); ok && strings.Count(l.Text, "-") >= 2 {
			return literal(d, types.DateType), nil
		}
		return nil, bad("2023-08-22")
	case parser.TimeLiteral:
		if t, ok := temporal.ParseTime(l.Text, precision); ok && strings.Count(l.Text, ":") == 2 {
			return literal(t, types.TimeType(precision)), nil
		}
		return nil, bad("13:46:30")
	}
	if t, ok := temporal.ParseTimestamp(l.Text, precision); ok && strings.Count(l.Text, ":") == 2 {
		return literal(t, types.TimestampType(precision)), nil
	}
	return nil, bad("2023-08-22 13:46:30")
}

// bindInterval reads INTERVAL '…' unit [TO unit]: months for years and months, milliseconds for the rest.
func bindInterval(l *parser.IntervalLit) (rex.Expr, *diag.Error) {
	bad := func(form string) *diag.Error {
		return diag.Errorf("invalid-literal", l.Span, "%q does not fit INTERVAL %s", l.Text, l.Units).WithHint("write %s", form)
	}
	text := strings.TrimSpace(l.Text)
	negative := l.Negative
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		text, negative = rest, !negative
	} else {
		text = strings.TrimPrefix(text, "+")
	}
	from, to := l.Units.From, l.Units.To
	if to == "" {
		to = from
	}
	sign := int64(1)
	if negative {
		sign = -1
	}
	if isMonths(from) {
		parts := strings.Split(text, "-")
		want := 1
		if from != to {
			want = 2
		}
		if len(parts) != want {
			return nil, bad("INTERVAL '1' YEAR, INTERVAL '6' MONTH or INTERVAL '1-6' YEAR TO MONTH")
		}
		months := int64(0)
		for i, p := range parts {
			n, err := strconv.ParseInt(p, 10, 32)
			if err != nil || n < 0 {
				return nil, bad("INTERVAL '1' YEAR, INTERVAL '6' MONTH or INTERVAL '1-6' YEAR TO MONTH")
			}
			switch {
			case i == 0 && from == parser.Year:
				months += 12 * n
			case i == 0 && from == parser.Quarter:
				months += 3 * n
			default:
				months += n
			}
		}
		return literal(int32(sign*months), types.IntervalMonthType), nil
	}
	millis, ok := dayTime(text, from, to)
	if !ok {
		return nil, bad("INTERVAL '10' SECOND, INTERVAL '5' MINUTE or INTERVAL '1 02:03:04.5' DAY TO SECOND")
	}
	return literal(sign*millis, types.IntervalMilliType), nil
}

var unitMillis = map[parser.TimeUnit]int64{
	parser.Week: 7 * 86_400_000, parser.Day: 86_400_000, parser.Hour: 3_600_000, parser.Minute: 60_000, parser.Second: 1000,
	parser.Millisecond: 1,
}

// dayTime reads the fields from..to of a day-time interval: 'd hh:mm:ss.fff' or the part of it that the units name.
func dayTime(text string, from, to parser.TimeUnit) (int64, bool) {
	units := []parser.TimeUnit{parser.Day, parser.Hour, parser.Minute, parser.Second}
	lo, hi := -1, -1
	for i, u := range units {
		if u == from {
			lo = i
		}
		if u == to {
			hi = i
		}
	}
	if lo < 0 || hi < lo { // WEEK, MILLISECOND: a single unit
		n, err := strconv.ParseInt(text, 10, 64)
		scale, known := unitMillis[from]
		return n * scale, err == nil && n >= 0 && known && from == to
	}
	var total int64
	for i := lo; i <= hi; i++ {
		field := text
		if i < hi {
			sep := ":"
			if units[i] == parser.Day {
				sep = " "
			}
			var ok bool
			if field, text, ok = strings.Cut(text, sep); !ok {
				return 0, false
			}
			text = strings.TrimLeft(text, " ")
		}
		fraction := ""
		if units[i] == parser.Second {
			field, fraction, _ = strings.Cut(field, ".")
		}
		n, err := strconv.ParseUint(field, 10, 32)
		if err != nil {
			return 0, false
		}
		total += int64(n) * unitMillis[units[i]]
		if fraction != "" {
			ms, err := strconv.ParseUint((fraction + "00")[:3], 10, 32)
			if err != nil {
				return 0, false
			}
			total += int64(ms)
		}
	}
	return total, true
}
