package rcf

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// readGolden decodes a recording of the reference implementation; testdata/README.md says how they were made.
func readGolden(t testing.TB, path string, into any) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.NewDecoder(unzipped).Decode(into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// goldenBuilder is the part of a recording that says how the forest was built. It holds the values that the
// reference resolved its defaults to, and which of them were defaults.
type goldenBuilder struct {
	Dimensions               int
	ShingleSize              int
	InternalShinglingEnabled bool
	InternalRotationEnabled  bool
	NumberOfTrees            int
	SampleSize               int
	TimeDecay                float64
	TimeDecayExplicit        bool
	OutputAfter              int
	OutputAfterExplicit      bool
	InitialAcceptFraction    float64
}

func (b goldenBuilder) options(seed int64) Options {
	o := Options{
		Dimensions:            b.Dimensions,
		ShingleSize:           b.ShingleSize,
		InternalShingling:     b.InternalShinglingEnabled,
		InternalRotation:      b.InternalRotationEnabled,
		Trees:                 b.NumberOfTrees,
		SampleSize:            b.SampleSize,
		InitialAcceptFraction: b.InitialAcceptFraction,
		Seed:                  seed,
	}
	if b.TimeDecayExplicit {
		o.TimeDecay = &b.TimeDecay
	}
	if b.OutputAfterExplicit {
		o.OutputAfter = b.OutputAfter
	}
	return o
}

// goldenPoint is a number or an array of numbers.
type goldenPoint []float64

func (p *goldenPoint) UnmarshalJSON(data []byte) error {
	if data[0] == '[' {
		return json.Unmarshal(data, (*[]float64)(p))
	}
	*p = make([]float64, 1)
	return json.Unmarshal(data, &(*p)[0])
}

func mustNew(t testing.TB, o Options) *Forest {
	t.Helper()
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// step scores a point and then adds it.
func step(t testing.TB, f *Forest, point []float64) float64 {
	t.Helper()
	score, err := f.Score(point)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Update(point); err != nil {
		t.Fatal(err)
	}
	return score
}

// goldenAttribution is the attribution of step I, taken between its score and its update.
type goldenAttribution struct {
	I         int
	High, Low []float64
}

func equalBits(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Float64bits(x) == math.Float64bits(y) })
}

func TestScoresEqualTheReferenceBitForBit(t *testing.T) {
	var ran, totalScores, totalAttributions atomic.Int64
	paths, err := filepath.Glob("testdata/scores/*.json.gz")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	t.Cleanup(func() {
		// The number of recorded values, so that none goes missing.
		s, a := totalScores.Load(), totalAttributions.Load()
		if ran.Load() == int64(len(paths)) && (s != 57_591 || a != 5_766) {
			t.Errorf("compared %d scores and %d values of attributions", s, a)
		}
		t.Logf("%d scores, %d values of attributions", s, a)
	})
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".json.gz")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var golden struct {
				Builder goldenBuilder
				Inputs  []goldenPoint
				Total   int   // steps, when the inputs are cycled
				At      []int // the steps whose scores were recorded, when not all were
				Runs    []struct {
					Seed        int64
					Scores      []float64
					Attribution []goldenAttribution
				}
			}
			readGolden(t, path, &golden)
			if golden.Total == 0 {
				golden.Total = len(golden.Inputs)
			}
			scores, attributions := 0, 0
			var a Attribution
			for _, run := range golden.Runs {
				f := mustNew(t, golden.Builder.options(run.Seed))
				next := 0
				for i := range golden.Total {
					point := golden.Inputs[i%len(golden.Inputs)]
					if golden.At == nil || next < len(golden.At) && golden.At[next] == i {
						got, err := f.Score(point)
						if err != nil {
							t.Fatal(err)
						}
						if want := run.Scores[next]; math.Float64bits(got) != math.Float64bits(want) {
							t.Fatalf("seed %d, step %d: score %v, reference %v", run.Seed, i, got, want)
						}
						next++
					}
					if len(run.Attribution) > 0 && run.Attribution[0].I == i {
						if err := f.Attribution(point, &a); err != nil {
							t.Fatal(err)
						}
						want := run.Attribution[0]
						if !equalBits(a.High, want.High) || !equalBits(a.Low, want.Low) {
							t.Fatalf("seed %d, step %d: attribution %v, reference %v, %v", run.Seed, i, a, want.High, want.Low)
						}
						attributions += 2 * len(a.High)
						run.Attribution = run.Attribution[1:]
					}
					if err := f.Update(point); err != nil {
						t.Fatal(err)
					}
				}
				if next != len(run.Scores) || len(run.Attribution) > 0 {
					t.Fatalf("seed %d: compared %d of %d scores; %d attributions are left", run.Seed, next, len(run.Scores), len(run.Attribution))
				}
				scores += next
			}
			ran.Add(1)
			totalScores.Add(int64(scores))
			totalAttributions.Add(int64(attributions))
			t.Logf("%d scores, %d values of attributions", scores, attributions)
		})
	}
}

func TestDefaultsAreThoseOfTheReference(t *testing.T) {
	o, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	if o.Dimensions != 1 || o.ShingleSize != 1 || o.Trees != 50 || o.SampleSize != 256 || *o.TimeDecay != 1.0/2560 ||
		o.OutputAfter != 64 || o.InitialAcceptFraction != 1 || o.InternalShingling || o.InternalRotation {
		t.Errorf("defaults are %+v, time decay %v", o, *o.TimeDecay)
	}
}

func TestOptionsOutOfRangeAreNamed(t *testing.T) {
	for want, o := range map[string]Options{
		"dimensions is 10, not a multiple":         {Dimensions: 10, ShingleSize: 4, InternalShingling: true},
		"dimensions is -1":                         {Dimensions: -1},
		"shingle size is -2":                       {ShingleSize: -2},
		"internal rotation needs":                  {InternalRotation: true},
		"number of trees is -5":                    {Trees: -5},
		"number of trees is 10001":                 {Trees: 10001},
		"sample size is 1;":                        {SampleSize: 1},
		"sample size is 2000000":                   {SampleSize: 2000000},
		"output after is -1":                       {OutputAfter: -1},
		"initial accept fraction is 1.5":           {InitialAcceptFraction: 1.5},
		"initial accept fraction is NaN":           {InitialAcceptFraction: math.NaN()},
		"time decay is -1":                         {TimeDecay: new(-1.0)},
		"time decay is NaN":                        {TimeDecay: new(math.NaN())},
		"time decay is +Inf":                       {TimeDecay: new(math.Inf(1))},
		"GiB of memory; lower the number of trees": {Trees: 10000, SampleSize: 1 << 20, Dimensions: math.MaxInt / 2},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("New(%+v): error %v, want one with %q", o, err, want)
		}
	}
}

func TestBadPointsAreRefusedAndChangeNothing(t *testing.T) {
	o := Options{Dimensions: 4, ShingleSize: 2, InternalShingling: true, SampleSize: 16, OutputAfter: 1, Seed: 7}
	disturbed, plain := mustNew(t, o), mustNew(t, o)
	if n := plain.InputDimensions(); n != 2 {
		t.Fatalf("input dimensions %d, want 2", n)
	}
	for i := range 100 {
		for _, bad := range [][]float64{{math.NaN(), 1}, {1, math.Inf(1)}, {math.Inf(-1), 1}, {1, 1e39}} {
			if _, err := disturbed.Score(bad); !errors.Is(err, ErrNotFinite) {
				t.Fatalf("Score(%v): %v", bad, err)
			}
			if err := disturbed.Update(bad); !errors.Is(err, ErrNotFinite) {
				t.Fatalf("Update(%v): %v", bad, err)
			}
		}
		for _, bad := range [][]float64{nil, {1}, {1, 2, 3, 4}} {
			if err := disturbed.Update(bad); err == nil || !strings.Contains(err.Error(), "the forest takes 2") {
				t.Fatalf("Update(%v): %v", bad, err)
			}
		}
		point := []float64{float64(i * i % 17), float64(i % 5)}
		if got, want := step(t, disturbed, point), step(t, plain, point); got != want {
			t.Fatalf("step %d: %v after refused points, %v without", i, got, want)
		}
	}
}

func TestMinusZeroIsZero(t *testing.T) {
	o := Options{SampleSize: 8, OutputAfter: 1, Seed: 3}
	minus, plus := mustNew(t, o), mustNew(t, o)
	for i, v := range []float64{0, 1, 0, -1, 0, 0, 2, 0, 0} {
		negated := v
		if v == 0 {
			negated = []float64{math.Copysign(0, -1), -1e-60}[i/2%2]
		}
		if got, want := step(t, minus, []float64{negated}), step(t, plus, []float64{v}); got != want {
			t.Errorf("step %d: %v with -0, %v with 0", i, got, want)
		}
	}
}

func TestHugeSpreadDoesNotPanic(t *testing.T) {
	f := mustNew(t, Options{Dimensions: 2, SampleSize: 8, OutputAfter: 1, Seed: 1})
	for i := range 200 {
		step(t, f, []float64{[]float64{3e38, -3e38, 0, 1e-45}[i%4], float64(i%7) * 4e37})
	}
}

func TestNoAllocationPerPoint(t *testing.T) {
	for name, o := range map[string]Options{
		"plain":    {Dimensions: 1, Seed: 1, TimeDecay: new(0.1)},
		"three":    {Dimensions: 3, Seed: 1, TimeDecay: new(0.1)},
		"shingled": {Dimensions: 8, ShingleSize: 8, InternalShingling: true, Seed: 1, TimeDecay: new(0.1)},
	} {
		f := mustThresholded(t, o, ThresholdOptions{})
		point := make([]float64, f.Forest().InputDimensions())
		var v Verdict
		var a Attribution
		i := 0
		next := func() {
			for d := range point {
				point[d] = float64((i*7919 + d) % 1009)
			}
			i++
			if err := f.Forest().Attribution(point, &a); err != nil {
				t.Fatal(err)
			}
			if err := f.Process(point, &v); err != nil {
				t.Fatal(err)
			}
		}
		for range 300 {
			next() // fills the samples
		}
		if n := testing.AllocsPerRun(500, next); n != 0 {
			t.Errorf("%s: %v allocations per point", name, n)
		}
	}
}

func BenchmarkForest(b *testing.B) {
	for _, c := range []struct {
		name string
		o    Options
	}{
		{"1d", Options{Seed: 1}},
		{"3d", Options{Dimensions: 3, Seed: 1}},
		{"shingle8", Options{Dimensions: 8, ShingleSize: 8, InternalShingling: true, Seed: 1}},
		{"lab-sized", Options{Trees: 5, SampleSize: 10, Seed: 1}},
	} {
		b.Run(c.name, func(b *testing.B) {
			f := mustNew(b, c.o)
			point := make([]float64, f.InputDimensions())
			random := newJavaRandom(1)
			points := make([]float64, 4096)
			for i := range points {
				points[i] = 100*math.Sin(float64(i)/50) + 5*random.nextDouble()
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				for d := range point {
					point[d] = points[(i+d*17)%len(points)]
				}
				step(b, f, point)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
		})
	}
}

func BenchmarkThresholded(b *testing.B) {
	for _, shingle := range []int{1, 8} {
		b.Run(fmt.Sprintf("shingle%d", shingle), func(b *testing.B) {
			f := mustThresholded(b, Options{Dimensions: shingle, ShingleSize: shingle, InternalShingling: true, Seed: 1}, ThresholdOptions{})
			random := newJavaRandom(1)
			point := make([]float64, 1)
			var v Verdict
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				point[0] = 100*math.Sin(float64(i)/50) + 5*random.nextDouble()
				if err := f.Process(point, &v); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "points/s")
		})
	}
}
