package builtin

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Run gives the results that Add, Retract, Reset and Result give for one row after the other.
func TestRunAgreesWithSingleRows(t *testing.T) {
	numbers := []types.Type{
		types.TinyIntType, types.SmallIntType, types.IntType, types.BigIntType, types.FloatType, types.DoubleType,
		types.DecimalType(10, 2), types.DateType, types.TimestampType(3), types.StringType, types.BooleanType,
	}
	for _, name := range []string{"COUNT", "SUM", "$SUM0", "AVG", "MIN", "MAX"} {
		runs := 0
		for _, typ := range numbers {
			a, err := tryBindAggregate(t, name, typ)
			if err != nil {
				continue // not of this type
			}
			for _, retract := range []bool{false, true} {
				if _, ok := a.New(retract).(udf.Runner); !ok {
					continue
				}
				runs++
				t.Run(fmt.Sprintf("%s(%s) retract=%v", name, typ, retract), func(t *testing.T) {
					for seed := range uint64(4) {
						checkRun(t, a, typ, retract, rand.New(rand.NewPCG(seed, 1)))
					}
				})
			}
		}
		if runs < 2 {
			t.Errorf("%s has %d Runners", name, runs)
		}
	}
}

func checkRun(t *testing.T, a *udf.BoundAggregate, typ types.Type, retract bool, rnd *rand.Rand) {
	const groups = 3
	running, single := a.New(retract), a.New(retract)
	running.Grow(groups)
	single.Grow(groups)
	got, want := types.NewVector(a.Result), types.NewVector(a.Result)
	for batch := range 30 {
		arg := types.NewVector(typ)
		var to, rows []int32
		var steps []udf.Step
		for i := range 20 {
			x := randomValue(rnd, typ)
			if x == nil && batch%3 == 0 { // batches without NULL, too
				x = randomValue(rand.New(rand.NewPCG(uint64(i), 7)), typ)
			}
			arg.AppendValue(x)
		}
		for range 20 {
			to, rows = append(to, rnd.Int32N(groups)), append(rows, rnd.Int32N(int32(arg.N)))
			step := udf.Step(rnd.IntN(4))
			if step == udf.StepRetract && !retract {
				step = udf.StepAdd
			}
			steps = append(steps, step)
		}
		if batch%2 == 0 {
			steps = nil
		}
		if batch%5 == 0 {
			rows = nil
		}
		for k, g := range to {
			one, op := []int32{int32(row(rows, k))}, udf.StepAdd
			if steps != nil {
				op = steps[k]
			}
			switch op {
			case udf.StepAdd:
				single.Add([]int32{g}, []*types.Vector{arg}, one)
			case udf.StepRetract:
				single.Retract([]int32{g}, []*types.Vector{arg}, one)
			case udf.StepReset:
				single.Reset(g)
			}
			single.Result([]int32{g}, want)
		}
		running.(udf.Runner).Run(to, []*types.Vector{arg}, rows, steps, got)
		for g := range int32(groups) {
			if diff := cmp.Diff(single.Encode(nil, g), running.Encode(nil, g)); diff != "" {
				t.Fatalf("batch %d: state of group %d (-want +got):\n%s", batch, g, diff)
			}
		}
	}
	if got.N != want.N {
		t.Fatalf("%d results, want %d", got.N, want.N)
	}
	for i := range want.N {
		if g, w := got.Value(i), want.Value(i); fmt.Sprint(g) != fmt.Sprint(w) {
			t.Fatalf("result %d is %v, want %v", i, g, w)
		}
	}
}
