package builtin

import (
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/rcf"
)

func forestScore() udf.Spec {
	return udf.Spec{
		Name:     "RANDOM_CUT_FOREST",
		Own:      true,
		Usage:    forestUsage("RANDOM_CUT_FOREST"),
		Summary:  "The anomaly score of a row of numbers by those before it, in a Random Cut Forest that then learns it: about 1 is ordinary, more is stranger, 0 until it has learned enough; NULL for NULL, which isn't learned.",
		Examples: []udf.Example{{SQL: "RANDOM_CUT_FOREST(1.5)", Result: "0.0"}, {SQL: "RANDOM_CUT_FOREST(1.5, number_of_trees => 100, shingle_size => 4)", Result: "0.0"}, {SQL: "RANDOM_CUT_FOREST(CAST(NULL AS DOUBLE))", Result: "NULL"}},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			call, err := bindForest(c, false)
			if err != nil {
				return nil, err
			}
			return call.scalar(types.DoubleType, func() udf.Stateful { return &forestScores{newForests(call)} }), nil
		},
	}
}

func newForests(call *forestCall) forestGroups[rcf.Forest, *rcf.Forest] {
	return forestGroups[rcf.Forest, *rcf.Forest]{call: call, make: rcf.New, differ: forestsDiffer}
}

// forestScores is the memory of RANDOM_CUT_FOREST.
type forestScores struct {
	forestGroups[rcf.Forest, *rcf.Forest]
}

func (s *forestScores) Eval(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	return s.each(ctx, groups, args, out, n, func(f *rcf.Forest, i int) (err error) {
		if out.F64[i], err = f.Score(s.point); err != nil {
			return err
		}
		return f.Update(s.point)
	})
}
