package builtin

import (
	"math"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/rcf"
)

func forestExplanation() udf.Spec {
	return udf.Spec{
		Name:     "RANDOM_CUT_FOREST_WITH_EXPLANATION",
		Own:      true,
		Usage:    forestUsage("RANDOM_CUT_FOREST_WITH_EXPLANATION"),
		Summary:  "The score of RANDOM_CUT_FOREST and what each input contributed: ROW<score, input ROW<attribution_score, direction, strength>, …>, with a field for each input by its name (input1, input2, … without one), the direction HIGH or LOW.",
		Examples: []udf.Example{{SQL: "RANDOM_CUT_FOREST_WITH_EXPLANATION(1.5)", Result: "(0.0, (0.0, LOW, 0.0))"}},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			call, err := bindForest(c, false)
			if err != nil {
				return nil, err
			}
			fields := []types.Field{{Name: "score", Type: types.DoubleType}}
			explanation := types.RowType(
				types.Field{Name: "attribution_score", Type: types.DoubleType},
				types.Field{Name: "direction", Type: types.StringType},
				types.Field{Name: "strength", Type: types.DoubleType},
			)
			for _, name := range call.inputs {
				fields = append(fields, types.Field{Name: name, Type: explanation})
			}
			return call.scalar(types.RowType(fields...), func() udf.Stateful {
				return &forestExplanations{forestGroups: newForests(call)}
			}), nil
		},
	}
}

// forestExplanations is the memory of RANDOM_CUT_FOREST_WITH_EXPLANATION.
type forestExplanations struct {
	forestGroups[rcf.Forest, *rcf.Forest]
	attribution rcf.Attribution
}

// Eval gives each input the sum of its attributions over the shingle. Whether it is high or low is what it was attributed more
// for, as in the retired function: LOW when there is no difference. The strength is that difference; AWS says of its own only that it
// isn't negative and that more is surer.
func (s *forestExplanations) Eval(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	return s.each(ctx, groups, args, out, n, func(f *rcf.Forest, i int) error {
		score, err := f.Score(s.point)
		if err != nil {
			return err
		}
		if err := f.Attribution(s.point, &s.attribution); err != nil {
			return err
		}
		appendDouble(out.Children[0], score)
		for k, v := range out.Children[1:] {
			high, low := s.attribution.Sum(k, len(s.point))
			direction := "LOW"
			if high > low {
				direction = "HIGH"
			}
			appendDouble(v.Children[0], high+low)
			v.Children[1].AppendString(direction)
			appendDouble(v.Children[2], math.Abs(high-low))
			v.N++
		}
		out.N++
		return f.Update(s.point)
	})
}
