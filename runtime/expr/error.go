package expr

import (
	"errors"
	"fmt"
	"strings"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// maxShown is how many bytes of an argument an error message shows.
const maxShown = 60

// maxCall is how much of a call, in bytes: a constant in it may have become as long as a function makes it.
const maxCall = 500

// evalError says which function failed on which arguments and where it stands in the query. A negative row means that
// no row is to blame; otherwise args hold the row's arguments.
func evalError(x node, args []*types.Vector, row int, cause error) error {
	var span diag.Span
	switch s := x.source().(type) {
	case *rex.Call:
		span = s.Span
	case *rex.Cast:
		span = s.Span
	case *rex.TableCall:
		span = s.Span
	}
	return failure(x.source().String(), span, args, row, cause)
}

// CallError is an error of a function outside of expressions, an aggregate: call is how it was called, err what it
// returned. With a *udf.RowError, args hold the row's arguments.
func CallError(call string, span diag.Span, args []*types.Vector, err error) error {
	var row *udf.RowError
	if errors.As(err, &row) {
		return failure(call, span, args, row.Row, row.Err)
	}
	return failure(call, span, nil, -1, err)
}

func failure(call string, span diag.Span, args []*types.Vector, row int, cause error) error {
	e := &diag.Error{Code: "evaluation", Span: span, Msg: shorten(call, maxCall), Err: cause}
	if row >= 0 && len(args) > 0 {
		shown := make([]string, len(args))
		for i, a := range args {
			shown[i] = Show(a, row)
		}
		e.Msg += " for (" + strings.Join(shown, ", ") + ")"
	}
	e.Msg += ": " + cause.Error()
	if row < 0 {
		return e
	}
	return &udf.RowError{Row: row, Err: e}
}

// callError wraps what a kernel returned.
func callError(x node, args []*types.Vector, err error) error {
	var row *udf.RowError
	if errors.As(err, &row) {
		return evalError(x, args, row.Row, row.Err)
	}
	return evalError(x, nil, -1, err)
}

// Show prints a value for an error message, shortened.
func Show(v *types.Vector, row int) string {
	if row >= v.N {
		return "?"
	}
	return shorten((&rex.Literal{Value: v.Value(row), T: v.Type}).String(), maxShown)
}

// shorten cuts a text that is longer than most bytes and says how long it was.
func shorten(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:most], ""), len(s))
}
