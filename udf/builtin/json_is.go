package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// jsonTests are IS [NOT] JSON and its kin. NULL is no JSON.
func jsonTests() []udf.Spec {
	var specs []udf.Spec
	for _, f := range []struct {
		kind, usage, what, yes string
		test                   func(v *jsonValue) bool
	}{
		{"VALUE", "JSON [VALUE]", "JSON", "1", func(*jsonValue) bool { return true }},
		{"OBJECT", "JSON OBJECT", "a JSON object", "{}", func(v *jsonValue) bool { return v.kind == jsonObject }},
		{"ARRAY", "JSON ARRAY", "a JSON array", "[]", func(v *jsonValue) bool { return v.kind == jsonArray }},
		{"SCALAR", "JSON SCALAR", "a JSON scalar", "true", (*jsonValue).isScalar},
	} {
		for _, not := range []bool{false, true} {
			name, usage, summary, result := "IS JSON "+f.kind, "text IS "+f.usage, "TRUE for text that is "+f.what+"; FALSE for NULL.", "TRUE"
			if not {
				name, usage, summary, result = "IS NOT JSON "+f.kind, "text IS NOT "+f.usage, "TRUE for text that is not "+f.what+", and for NULL.", "FALSE"
			}
			specs = append(specs, udf.Spec{
				Name:     name,
				Family:   "json",
				Usage:    []string{usage},
				Summary:  summary,
				Examples: []udf.Example{{SQL: "'" + f.yes + "' " + name, Result: result}},
				Hidden:   true,
				Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
					args, _, err := signature(c, 1, textParam)
					if err != nil {
						return nil, err
					}
					return &udf.BoundScalar{
						Args:   args,
						Result: types.BooleanType.WithNotNull(true),
						Nulls:  udf.NullsSeen,
						Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
							for i := range n {
								is := false
								if !args[0].IsNull(i) {
									v, err := parseJSON(args[0].Str(i))
									is = err == nil && f.test(v)
								}
								out.Bool[i] = is != not
							}
							return nil
						},
					}, nil
				},
			})
		}
	}
	return specs
}
