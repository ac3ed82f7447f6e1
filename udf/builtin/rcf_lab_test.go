package builtin

import (
	"slices"
	"testing"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func newLab(t *testing.T) *udf.BoundScalar {
	t.Helper()
	s, err := rcfLab()[0].Scalar(&udf.Call{Name: "f", Args: []udf.Arg{{Type: types.FloatType}}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func labScores(t *testing.T, f udf.Stateful, seed int64, values ...any) []any {
	t.Helper()
	in, out := column(types.FloatType, values...), types.NewVector(types.DoubleType)
	out.Resize(in.N)
	out.Valid = append(out.Valid, in.Valid...)
	if err := f.Eval(&udf.Context{Seed: seed}, nil, []*types.Vector{in}, out, in.N); err != nil {
		t.Fatal(err)
	}
	var scores []any
	for i := range out.N {
		scores = append(scores, out.Value(i))
	}
	return scores
}

func newScorer(s *udf.BoundScalar) udf.Stateful {
	f := s.New()
	f.Grow(1)
	return f
}

func TestLabScorerHasNoNamedArgument(t *testing.T) {
	_, err := rcfLab()[0].Scalar(&udf.Call{Name: "f", Args: []udf.Arg{{Name: "value", Type: types.FloatType}}})
	if err == nil || err.Error() != `f has no argument named "value"` {
		t.Errorf("value => …: %v", err)
	}
}

func TestLabScorer(t *testing.T) {
	s := newLab(t)
	got := labScores(t, newScorer(s), 7, float32(1), nil, float32(-3), float32(500))
	if !slices.Equal(got[:3], []any{0.0, nil, 0.0}) {
		t.Errorf("scores of 1, NULL and -3 are %v, want 0, NULL, 0", got[:3])
	}
	// Bounds of the scores of five-character values: weir's notes on the reference implementation.
	if x := got[3].(float64); x < 6.046687747102505 || x > 7.256025296523008 {
		t.Errorf("score of 500 is %v", x)
	}
}

// The same seed gives the same sequence, in any batches, and across a restore.
func TestLabScorerSequence(t *testing.T) {
	s := newLab(t)
	values := []any{float32(500), float32(166.7), float32(875), float32(500), float32(500), float32(12345.5)}
	want := labScores(t, newScorer(s), 7, values...)
	if other := labScores(t, newScorer(s), 8, values...); slices.Equal(other, want) {
		t.Errorf("seeds 7 and 8 both give %v", want)
	}
	for cut := range len(values) {
		f := newScorer(s)
		var got []any
		if cut > 0 {
			got = labScores(t, f, 7, values[:cut]...)
		}
		state := f.Encode(nil, 0)
		f = newScorer(s)
		if err := f.Decode(0, state); err != nil {
			t.Fatal(err)
		}
		got = append(got, labScores(t, f, 7, values[cut:]...)...)
		if !slices.Equal(got, want) {
			t.Errorf("restored after %d rows: %v, want %v", cut, got, want)
		}
	}
	if err := newScorer(s).Decode(0, []byte{1}); err == nil {
		t.Error("a state of one byte is restored")
	}
}
