package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// param says what a function takes in one place.
type param struct {
	what    string // for messages: "text", "a number"
	accepts func(types.Type) bool
	to      types.Type // what the argument is cast to; Invalid: its own type
	null    types.Type // the type that an untyped NULL takes
}

var (
	textParam      = param{"text", types.Type.IsCharacter, types.StringType, types.StringType}
	binaryParam    = param{"bytes", types.Type.IsBinary, types.BytesType, types.BytesType}
	integerParam   = param{"an integer", types.Type.IsInteger, types.IntType, types.IntType}
	bigintParam    = param{"an integer", types.Type.IsInteger, types.BigIntType, types.BigIntType}
	numberParam    = param{"a number", types.Type.IsNumeric, types.Type{}, types.IntType}
	datetimeParam  = param{"a date or time", types.Type.IsDatetime, types.Type{}, types.TimestampType(3)}
	timestampParam = param{"a timestamp", types.Type.IsTimestamp, types.Type{}, types.TimestampType(3)}
	symbolParam    = param{"a keyword", func(t types.Type) bool { return t.Kind == types.Symbol }, types.Type{}, types.SymbolType}
	anyParam       = param{"a value", func(t types.Type) bool { return t.Kind != types.Symbol }, types.Type{}, types.NullType}
)

// signature checks a call's arguments against params, of which the first required ones must be there, and returns the
// types to cast them to and whether none of them can be NULL.
func signature(c *udf.Call, required int, params ...param) (args []types.Type, notNull bool, err error) {
	if n := len(c.Args); n < required || n > len(params) {
		return nil, false, wrongArity(c, required, len(params))
	}
	notNull = true
	for i, a := range c.Args {
		p := params[i]
		switch {
		case a.Type.Kind == types.Null:
			args = append(args, p.null)
			notNull = false
			continue
		case !p.accepts(a.Type):
			return nil, false, udf.Errorf(i, "%s takes %s here, not %s", c.Name, p.what, a.Type)
		}
		to := p.to
		if to.Kind == types.Invalid || to.SameStorage(a.Type) {
			to = a.Type.WithAttr(types.NoTime)
		}
		args = append(args, to.WithNotNull(a.Type.NotNull))
		notNull = notNull && (a.Type.NotNull || a.Type.Kind == types.Symbol)
	}
	return args, notNull, nil
}

func wrongArity(c *udf.Call, from, to int) error {
	switch {
	case from == to && from == 1:
		return udf.Errorf(-1, "%s takes one argument, not %d", c.Name, len(c.Args))
	case from == to:
		return udf.Errorf(-1, "%s takes %d arguments, not %d", c.Name, from, len(c.Args))
	}
	return udf.Errorf(-1, "%s takes %d to %d arguments, not %d", c.Name, from, to, len(c.Args))
}

// literalText returns the value of argument i when it is a text literal that isn't NULL.
func literalText(c *udf.Call, i int) (string, bool) {
	if i >= len(c.Args) || !c.Args[i].Literal {
		return "", false
	}
	s, ok := c.Args[i].Value.(string)
	return s, ok
}
