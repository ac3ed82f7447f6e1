package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func stringConcat() []udf.Spec {
	return []udf.Spec{
		{
			Name:    "CONCAT",
			Family:  "string",
			Usage:   []string{"CONCAT(text [, text]*)"},
			Summary: "Texts joined; NULL when any is.",
			Examples: []udf.Example{
				{SQL: "CONCAT('AA', 'BB', 'CC')", Result: "AABBCC"},
				{SQL: "CONCAT('AA', CAST(NULL AS STRING))", Result: "NULL"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, repeatParam(textParam, len(c.Args))...)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{Args: args, Result: types.StringType.WithNotNull(notNull), Eval: concat}, nil
			},
		},
		{
			Name:    "CONCAT_WS",
			Family:  "string",
			Usage:   []string{"CONCAT_WS(separator, text [, text]*)"},
			Summary: "Texts joined with a separator between them; NULLs are left out, unless the separator is NULL.",
			Examples: []udf.Example{
				{SQL: "CONCAT_WS('~', 'AA', CAST(NULL AS STRING), 'BB', '', 'CC')", Result: "AA~BB~~CC"},
			},
			Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
				args, notNull, err := signature(c, 1, repeatParam(textParam, len(c.Args))...)
				if err != nil {
					return nil, err
				}
				return &udf.BoundScalar{Args: args, Result: types.StringType.WithNotNull(notNull), Nulls: udf.NullsSeen, Eval: concatWS}, nil
			},
		},
	}
}

// repeatParam is the signature of a function with n arguments of one kind, and of at least one.
func repeatParam(p param, n int) []param {
	params := []param{p}
	for len(params) < n {
		params = append(params, p)
	}
	return params
}

func concat(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	for i := range n {
		if out.Valid.Get(i) {
			for _, v := range args {
				out.Data = append(out.Data, v.Bytes(i)...)
			}
		}
		out.EndValue()
	}
	return nil
}

func concatWS(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	for i := range n {
		if args[0].IsNull(i) {
			out.AppendNull()
			continue
		}
		first := true
		for _, v := range args[1:] {
			if v.IsNull(i) {
				continue
			}
			if !first {
				out.Data = append(out.Data, args[0].Bytes(i)...)
			}
			first = false
			out.Data = append(out.Data, v.Bytes(i)...)
		}
		out.EndValue()
	}
	return nil
}
