package udf

import (
	"fmt"
	"slices"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// Spec describes one function under one name: what the planner needs to bind a call, and what users read about it.
// Exactly one of Scalar, Aggregate, Table and Form is set.
type Spec struct {
	Name    string   // upper case; an operator's symbol ("+", "<=", "||") for the operators
	Aliases []string // other names, upper case
	Class   string   // the Java class that CREATE FUNCTION … AS names, where the function stands in for one
	Family  string   // the group in the reference: "string", "temporal", "operator", …
	Usage   []string // call forms for the reference: "SUBSTRING(s, start [, length])"
	Summary string   // one sentence

	// Params names the parameters, in their order: arguments given by name are put into it before they are bound. Without it
	// the function finds the names in its Call, or refuses them.
	Params []string

	Examples []Example

	// NonDeterministic functions are evaluated for each row and never folded into constants.
	NonDeterministic bool
	// Own functions are none of Flink's: CREATE FUNCTION may take the name, so that files written for Flink keep working.
	Own bool
	// Hidden functions are reached by syntax only; SHOW FUNCTIONS leaves them out.
	Hidden bool

	Scalar    func(c *Call) (*BoundScalar, error)
	Aggregate func(c *Call) (*BoundAggregate, error)
	Table     func(c *Call) (*BoundTable, error)
	Form      Form
	Over      Over // of an aggregate function

	invalid error // what is wrong with the definition of a function in Go
}

// Over says how an aggregate function goes with OVER.
type Over uint8

const (
	OverToo  Over = iota // it groups, and with OVER takes any frame
	OverOnly             // it is called with OVER only, whose frame can't be chosen: all rows up to the current one and its peers
	OverRows             // likewise, without peers
	OverRank             // as OverOnly; what OVER orders by is its argument
)

// Title is what messages call the function: its name, or that of the class it stands in for.
func (s *Spec) Title() string {
	if s.Name == "" {
		return s.Class
	}
	return s.Name
}

// Example is an expression with the result that CAST(expr AS STRING) gives; "NULL" stands for NULL. Every example is
// run as a test and shown in the reference.
type Example struct {
	SQL    string
	Result string
}

// Form names the functions whose arguments are not all evaluated; the planner lowers them to conditional expressions.
type Form uint8

const (
	NoForm       Form = iota
	FormCoalesce      // COALESCE(a, b, …)
	FormIf            // IF(condition, a, b)
	FormNullIf        // NULLIF(a, b)
	FormIfNull        // IFNULL(a, b)
)

// Call is a call site as seen while planning.
type Call struct {
	Name     string // as the user wrote it
	Args     []Arg
	Distinct bool // aggregates only
}

// Arg is one argument of a Call.
type Arg struct {
	Type    types.Type
	Literal bool   // the argument is a constant
	Value   any    // its value in the form of types.Vector.Value, when Literal
	Name    string // for a named argument: name => value
	Column  string // the column's name, when the argument is a plain column
	Func    string // when the argument is itself a call: the function's name, in upper case
}

// Symbol returns the keyword of argument i, such as the unit in EXTRACT(unit FROM x), and whether it is one.
func (c *Call) Symbol(i int) (string, bool) {
	if i >= len(c.Args) || c.Args[i].Type.Kind != types.Symbol {
		return "", false
	}
	s, ok := c.Args[i].Value.(string)
	return s, ok
}

// ArgError says that the call doesn't fit the function; the planner shows it at the argument, or at the call when
// Arg is negative.
type ArgError struct {
	Arg  int
	Msg  string
	Hint string
}

func (e *ArgError) Error() string { return e.Msg }

// Errorf returns an ArgError for argument arg; a negative arg means the call as a whole.
func Errorf(arg int, format string, args ...any) *ArgError {
	return &ArgError{Arg: arg, Msg: fmt.Sprintf(format, args...)}
}

// Order returns, for each parameter that has an argument, the number of this argument; names are those that the arguments
// were given by, "" without one. The parameters without an argument must be the last.
func (s *Spec) Order(names []string) ([]int, error) {
	order := make([]int, len(s.Params))
	for i := range order {
		order[i] = -1
	}
	most := 0
	for i, name := range names {
		at := i
		if name != "" {
			at = slices.IndexFunc(s.Params, func(p string) bool { return strings.EqualFold(p, name) })
		}
		switch {
		case at < 0:
			err := NoNamedArg(s.Name, i, name)
			if near := diag.Suggest(name, s.Params); near != "" {
				err.Hint = fmt.Sprintf("did you mean %q?", near)
			}
			return nil, err
		case at >= len(order):
			return nil, Errorf(i, "%s takes %d arguments, found more", s.Name, len(order))
		case order[at] >= 0:
			return nil, Errorf(i, "argument %q is given twice", s.Params[at])
		}
		order[at] = i
		most = max(most, at+1)
	}
	for at, i := range order[:most] {
		if i < 0 {
			return nil, Errorf(-1, "%s lacks argument %q", s.Name, s.Params[at])
		}
	}
	return order[:most], nil
}

// NoNamedArg is the error of a function that knows no argument of the name that argument arg was given by.
func NoNamedArg(function string, arg int, name string) *ArgError {
	return Errorf(arg, "%s has no argument named %q", function, name)
}

// NullMode says who handles NULL arguments.
type NullMode uint8

const (
	// NullIfAny gives NULL for a row with a NULL argument. The caller has set out.Valid accordingly before Eval, which
	// may compute anything for rows that are already NULL but must not fail on them, and may make further rows NULL.
	NullIfAny NullMode = iota
	// NullsSeen leaves NULLs to Eval, which sets out.Valid itself. out.Valid is empty (all valid) at the call.
	NullsSeen
)

// BoundScalar is a scalar function bound to argument types.
type BoundScalar struct {
	Args   []types.Type // what each argument is cast to before the call; the same number as in the call
	Result types.Type   // nullability included
	Nulls  NullMode
	// Fallible functions may return an error for some values, so they are evaluated only for rows that need them.
	Fallible bool
	// Deterministic excepts this form from a Spec that is NonDeterministic: UNIX_TIMESTAMP(text) is, UNIX_TIMESTAMP() isn't.
	Deterministic bool
	// Eval computes n rows. Exactly one of Eval and New is set.
	Eval Eval
	// New makes an instance that keeps state from row to row, for one subtask. Called by itself, the function has one
	// memory for all rows, and the planner keeps the operator at parallelism 1; under OVER (PARTITION BY …) it has one for
	// each key.
	New func() Stateful
	// Seeded functions draw from Context.Seed, so the plan shows it and checkpoints keep it.
	Seeded bool
}

// Eval computes a column: args have n rows each, of the types that BoundScalar.Args asked for. out has
// BoundScalar.Result's type. Fixed-width results are written by index into out's slice, which has n values; text, bytes
// and nested results are appended in order, one per row, NULL rows included (an empty value). Symbols arrive as NULL
// columns; read them at bind time. Eval must not keep args or out. An error that concerns one row is a *RowError.
type Eval func(ctx *Context, args []*types.Vector, out *types.Vector, n int) error

// RowError is an error caused by one row of a batch.
type RowError struct {
	Row int // physical row
	Err error
}

func (e *RowError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RowError) Unwrap() error { return e.Err }
