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

// evalError says which function failed on which arguments and where it stands in the query. A negative row means that
// no row is to blame; otherwise args hold the row's arguments.
func evalError(x node, args []*types.Vector, row int, cause error) error {
	e := &diag.Error{Code: "evaluation", Err: cause}
	switch s := x.source().(type) {
	case *rex.Call:
		e.Span = s.Span
	case *rex.Cast:
		e.Span = s.Span
	case *rex.TableCall:
		e.Span = s.Span
	}
	e.Msg = x.source().String()
	if row >= 0 && len(args) > 0 {
		shown := make([]string, len(args))
		for i, a := range args {
			shown[i] = show(a, row)
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

func show(v *types.Vector, row int) string {
	if row >= v.N {
		return "?"
	}
	s := (&rex.Literal{Value: v.Value(row), T: v.Type}).String()
	if len(s) > maxShown {
		return fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(s[:maxShown], ""), len(s))
	}
	return s
}
