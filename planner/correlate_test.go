package planner

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// wordsTable is a table function with named arguments: WORDS(text, sep => ',', most => n) gives word and length.
var wordsTable = udf.Spec{
	Name: "WORDS", Family: "test", Usage: []string{"WORDS(text, sep => ',', most => n)"},
	Table: func(c *udf.Call) (*udf.BoundTable, error) {
		t := &udf.BoundTable{Columns: []types.Field{{Name: "word", Type: types.StringType.WithNotNull(true)}, {Name: "length", Type: types.IntType}}}
		if len(c.Args) == 0 {
			return nil, udf.Errorf(-1, "WORDS takes a text")
		}
		for i, a := range c.Args {
			switch name := strings.ToLower(a.Name); {
			case i == 0 && (name == "" || name == "text"), name == "sep":
				t.Args = append(t.Args, types.StringType)
			case name == "most":
				t.Args = append(t.Args, types.IntType)
			case name != "":
				return nil, udf.NoNamedArg("WORDS", i, a.Name)
			default:
				return nil, udf.Errorf(i, "WORDS takes one argument without a name")
			}
		}
		return t, nil
	},
}

// randomTable is a table function that gives other rows at each call.
var randomTable = udf.Spec{
	Name: "RANDOM_ROWS", Family: "test", NonDeterministic: true,
	Table: func(c *udf.Call) (*udf.BoundTable, error) {
		return &udf.BoundTable{Args: []types.Type{c.Args[0].Type}, Columns: []types.Field{{Name: "n", Type: types.IntType}}}, nil
	},
}
