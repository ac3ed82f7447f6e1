package builtin

import (
	"strings"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// jsons is the family of JSON functions. They follow what Flink makes of Apache Calcite's and Jayway's: a path is
// strict unless it says lax, and what follows a JSON value in a text is ignored.
//
// Keywords after the arguments (RETURNING, ON EMPTY, …) arrive as symbols behind them; see jsonClauses.
func jsons() []udf.Spec {
	var specs []udf.Spec
	for _, group := range [][]udf.Spec{jsonQueries(), jsonTests(), jsonMakers(), jsonAggregates()} {
		specs = append(specs, group...)
	}
	return specs
}

// jsonClauses are the keywords of a call, and how many plain arguments stand before them.
type jsonClauses struct {
	plain     int
	returning *types.Type
	wrapper   string // as in parser.JSONWrapper
	onEmpty   string // NULL, ERROR, DEFAULT, EMPTY ARRAY, EMPTY OBJECT
	onError   string // the same, and TRUE, FALSE, UNKNOWN
	// Arguments with the values of DEFAULT, 0 when there are none.
	emptyDefault, errorDefault int
	onNull                     string // NULL ON NULL, ABSENT ON NULL
}

// readJSONClauses reads what follows the plain arguments.
func readJSONClauses(c *udf.Call) (jsonClauses, error) {
	var out jsonClauses
	for i := 0; i < len(c.Args); i++ {
		s, ok := c.Symbol(i)
		if !ok {
			if i > out.plain {
				return out, udf.Errorf(i, "unexpected argument of %s behind its keywords", c.Name)
			}
			out.plain++
			continue
		}
		next := i+1 < len(c.Args)
		switch s {
		case "RETURNING":
			if next {
				i++
				t := c.Args[i].Type.Nullable()
				out.returning = &t
			}
		case "WITHOUT ARRAY WRAPPER", "WITH CONDITIONAL ARRAY WRAPPER", "WITH UNCONDITIONAL ARRAY WRAPPER":
			out.wrapper = s
		case "NULL ON NULL", "ABSENT ON NULL":
			out.onNull = s
		default:
			if kind, ok := strings.CutSuffix(s, " ON EMPTY"); ok {
				out.onEmpty = kind
				if kind == "DEFAULT" && next {
					i++
					out.emptyDefault = i
				}
			} else if kind, ok := strings.CutSuffix(s, " ON ERROR"); ok {
				out.onError = kind
				if kind == "DEFAULT" && next {
					i++
					out.errorDefault = i
				}
			} else {
				return out, udf.Errorf(i, "%s does not know %s", c.Name, s)
			}
		}
	}
	return out, nil
}
