package udf

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/types/number"
)

// Native is the Go types that functions written in Go may take and return, by Scalar, Column, Aggregate, Table and their
// siblings:
//
//	bool                    BOOLEAN
//	int8, int16, int32      TINYINT, SMALLINT, INT
//	int64, int              BIGINT
//	float32, float64        FLOAT, DOUBLE
//	Decimal                 DECIMAL of any precision and scale; as a result DECIMAL(38, 18), or what Returns says
//	string                  STRING, VARCHAR(n), CHAR(n)
//	[]byte                  BYTES, VARBINARY(n), BINARY(n)
//	time.Time               TIMESTAMP(p) as a time in UTC, TIMESTAMP_LTZ(p) in the session's zone, DATE as its midnight in
//	                        UTC; as a result TIMESTAMP(3), or what Returns says
//	time.Duration           INTERVAL DAY TO SECOND, in milliseconds
//	Null[T]                 T's, with NULL
//
// An argument of another type is converted where SQL does so by itself: INT to BIGINT, BIGINT or DECIMAL to DOUBLE. Strings
// and bytes are copies that a function may keep; bytes must not be changed.
//
// A row with a NULL argument has NULL as its result, and the function isn't called for it, unless the parameter is a
// Null[T].
type Native interface {
	bool | int8 | int16 | int32 | int64 | int | float32 | float64 | Decimal | string | []byte | time.Time | time.Duration |
		Null[bool] | Null[int8] | Null[int16] | Null[int32] | Null[int64] | Null[int] | Null[float32] | Null[float64] |
		Null[Decimal] | Null[string] | Null[[]byte] | Null[time.Time] | Null[time.Duration]
}

// Null is a value that may be NULL: a parameter of this type makes the function see NULLs, a result of this type lets it
// return them. The zero Null is NULL.
type Null[T any] struct {
	V     T
	Valid bool
}

// NotNull returns a Null that holds x.
func NotNull[T any](x T) Null[T] { return Null[T]{V: x, Valid: true} }

// Decimal is a DECIMAL value: Unscaled / 10^Scale.
type Decimal struct {
	Unscaled decimal128.Num
	Scale    int32
}

// NewDecimal returns unscaled / 10^scale.
func NewDecimal(unscaled int64, scale int32) Decimal {
	return Decimal{decimal128.FromI64(unscaled), scale}
}

// ParseDecimal reads a number such as -12.50, of at most 38 digits.
func ParseDecimal(s string) (Decimal, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok || strings.ContainsAny(s, "_") || len(fraction) > number.MaxPrecision || len(strings.TrimPrefix(n.Text(10), "-")) > number.MaxPrecision {
		return Decimal{}, fmt.Errorf("%q is no decimal number of at most %d digits", s, number.MaxPrecision)
	}
	return Decimal{decimal128.FromBigInt(n), int32(len(fraction))}, nil
}

// String writes the number with Scale digits behind the point.
func (d Decimal) String() string { return d.Unscaled.ToString(d.Scale) }

// Float64 returns the nearest float64.
func (d Decimal) Float64() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64) // rounds once, unlike a division
	return f
}

// Option says more about a function than its Go type does. An Example is one, too.
type Option interface{ apply(d *definition) }

type option func(d *definition)

func (f option) apply(d *definition) { f(d) }

func (e Example) apply(d *definition) { d.spec.Examples = append(d.spec.Examples, e) }

// Summary describes the function in one sentence, for DESCRIBE FUNCTION and the reference.
func Summary(sentence string) Option {
	return option(func(d *definition) { d.spec.Summary = sentence })
}

// Params names the parameters, for the reference, for messages, and for calls that name their arguments, in any order:
// MASK(keep => 3, text => phone).
func Params(names ...string) Option { return option(func(d *definition) { d.params = names }) }

// Usage replaces the call forms that the reference shows, which are made from the function's Go type.
func Usage(forms ...string) Option { return option(func(d *definition) { d.spec.Usage = forms }) }

// NonDeterministic says that the function doesn't always give the same result for the same arguments: it is then called for
// each row, even if its arguments are constants, and not called once for two calls that look the same.
func NonDeterministic() Option { return option(func(d *definition) { d.spec.NonDeterministic = true }) }

// Returns sets the SQL type of the result where the Go type leaves a choice: another precision and scale of a DECIMAL, and
// TIMESTAMP(p) up to 6, TIMESTAMP_LTZ(p) or DATE for a time.Time. A decimal is rounded half up to the type's scale, and NULL
// if it doesn't fit then.
func Returns(t types.Type) Option { return option(func(d *definition) { d.returns = t }) }

// given is options, and that f is not nil.
func given(f any, options []Option) []Option {
	return append([]Option{option(func(d *definition) {
		if reflect.ValueOf(f).IsNil() {
			d.fail("the function is nil")
		}
	})}, options...)
}

// definition is what a Spec is made from.
type definition struct {
	spec    Spec
	params  []string
	returns types.Type
	errs    []error
}

// parameter is a parameter or result as the planner sees it.
type parameter struct {
	sql       string                // in the reference
	accepts   func(types.Type) bool // as an argument
	to        types.Type            // what it is cast to; Invalid: kept as it is
	otherwise types.Type            // for an untyped NULL, and as a result
	fits      func(types.Type) bool // as what Returns says
	nullable  bool                  // a Null[T]
}

// define applies the options; params are the function's parameters, of which the last may be repeated.
func define(name string, options []Option, variadic bool, params ...parameter) *definition {
	d := &definition{spec: Spec{Name: strings.ToUpper(name), Family: "user"}}
	for _, o := range options {
		o.apply(d)
	}
	if !isIdentifier(name) {
		d.fail("the name must be of letters, digits and underscores, and begin with a letter")
	}
	if d.params != nil && len(d.params) != len(params) {
		d.fail("Params names %d parameters; the function has %d", len(d.params), len(params))
		d.params = nil
	}
	for i, name := range d.params {
		if slices.ContainsFunc(d.params[:i], func(other string) bool { return strings.EqualFold(other, name) }) {
			d.fail("Params names two parameters %s", name)
		}
	}
	if !variadic {
		d.spec.Params = d.params
	}
	if d.spec.Usage == nil {
		d.spec.Usage = []string{d.spec.Name + "(" + strings.Join(d.signature(variadic, params), ", ") + ")"}
	}
	return d
}

func (d *definition) signature(variadic bool, params []parameter) []string {
	forms := make([]string, len(params))
	for i, p := range params {
		if forms[i] = p.sql; d.params != nil {
			forms[i] = d.params[i] + " " + p.sql
		}
	}
	if variadic {
		forms = append(forms, "…")
	}
	return forms
}

func (d *definition) fail(format string, args ...any) {
	d.errs = append(d.errs, fmt.Errorf(format, args...))
}

// done returns the spec, which Registry.Register refuses if something was wrong with the definition.
func (d *definition) done() Spec {
	if err := errors.Join(d.errs...); err != nil {
		d.spec.invalid = fmt.Errorf("function %q: %w", d.spec.Name, err)
	}
	return d.spec
}

func isIdentifier(name string) bool {
	for i, r := range name {
		if !(r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || i > 0 && r >= '0' && r <= '9') {
			return false
		}
	}
	return name != ""
}

// result is the type of the result: of the Go type, or what Returns says.
func (d *definition) result(p parameter) types.Type {
	t := p.otherwise
	if d.returns.Kind == types.Invalid {
		return t
	}
	if p.fits == nil || !p.fits(d.returns) {
		d.fail("Returns says %s, but the function returns %s", d.returns, p.sql)
		return t
	}
	return d.returns.Nullable()
}

// bind checks the arguments of a call. notNull is whether none of them can be NULL and keep the function from being called;
// sees, whether it wants to see NULLs.
func (d *definition) bind(c *Call, variadic bool, params []parameter) (args []types.Type, notNull, sees bool, err error) {
	least, most := len(params), len(params)
	if variadic {
		least, most = 1, len(c.Args)
	}
	if n := len(c.Args); n < least || n > most {
		return nil, false, false, Errorf(-1, "%s takes %s, found %d", c.Name, counted(least, variadic), n)
	}
	notNull = true
	for i, a := range c.Args {
		p := params[min(i, len(params)-1)]
		if a.Name != "" {
			return nil, false, false, NoNamedArg(c.Name, i, a.Name)
		}
		sees = sees || p.nullable
		notNull = notNull && (p.nullable || a.Type.NotNull)
		switch {
		case a.Type.Kind == types.Null:
			args = append(args, p.otherwise)
			continue
		case !p.accepts(a.Type):
			return nil, false, false, Errorf(i, "%s takes %s here, found %s", c.Name, p.sql, a.Type.WithAttr(types.NoTime).Nullable())
		}
		to := p.to
		if to.Kind == types.Invalid || to.SameStorage(a.Type) || to.Kind == types.Decimal && a.Type.Kind == types.Decimal {
			to = a.Type.WithAttr(types.NoTime)
		}
		args = append(args, to.WithNotNull(a.Type.NotNull))
	}
	return args, notNull, sees, nil
}

func counted(n int, orMore bool) string {
	switch {
	case orMore:
		return fmt.Sprintf("%d or more arguments", n)
	case n == 0:
		return "no arguments"
	case n == 1:
		return "one argument"
	}
	return fmt.Sprintf("%d arguments", n)
}
