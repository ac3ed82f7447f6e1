package rcf

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

// goldenThresholds is the recording of the reference's thresholds and grades; bench/anomaly/java has the program.
type goldenThresholds struct {
	Cases []struct {
		Name                    string
		Dimensions, ShingleSize int
		Trees, SampleSize       int
		AnomalyRate, ZFactor    float64
		Seed                    int64
		Inputs                  [][]float64
		Rows                    []struct {
			Score, Threshold, Grade float64
			Mode                    string // why the corrector set the grade to 0
		}
	}
}

func mustThresholded(t testing.TB, o Options, to ThresholdOptions) *Thresholded {
	t.Helper()
	f, err := NewThresholded(o, to)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestThresholdsEqualTheReferenceBitForBit(t *testing.T) {
	var golden goldenThresholds
	readGolden(t, "testdata/thresholds.json.gz", &golden)
	for _, c := range golden.Cases {
		t.Run(c.Name, func(t *testing.T) {
			f := mustThresholded(t, Options{
				Dimensions: c.Dimensions, ShingleSize: c.ShingleSize, InternalShingling: true,
				Trees: c.Trees, SampleSize: c.SampleSize, Seed: c.Seed,
			}, ThresholdOptions{AnomalyRate: c.AnomalyRate, ZFactor: c.ZFactor})
			whole := strings.HasPrefix(c.Name, "thresholded")
			var v Verdict
			thresholds, grades, anomalies := 0, 0, 0
			for i, want := range c.Rows {
				if err := f.Process(c.Inputs[i], &v); err != nil {
					t.Fatal(err)
				}
				if v.Score != want.Score {
					t.Fatalf("row %d: score %v, reference %v", i, v.Score, want.Score)
				}
				if v.Threshold != want.Threshold {
					if whole && c.ShingleSize > 1 && anomalies > 0 {
						break // the corrector gave the statistics another score for an earlier row
					}
					t.Fatalf("row %d: threshold %v, reference %v", i, v.Threshold, want.Threshold)
				}
				thresholds++
				if want.Mode == "NONE" {
					if v.Grade != want.Grade {
						t.Fatalf("row %d: grade %v, reference %v", i, v.Grade, want.Grade)
					}
					grades++
				} else if want.Grade != 0 || v.Grade == 0 {
					t.Fatalf("row %d: grade %v, the reference corrected one to %v", i, v.Grade, want.Grade)
				}
				if v.Grade > 0 {
					anomalies++
				}
			}
			t.Logf("%d thresholds, %d grades, %d anomalies", thresholds, grades, anomalies)
			if anomalies < 5 || !whole && thresholds != len(c.Rows) {
				t.Errorf("only %d thresholds and %d anomalies were compared", thresholds, anomalies)
			}
		})
	}
}

func TestThresholdOptionsOutOfRangeAreNamed(t *testing.T) {
	for want, to := range map[string]ThresholdOptions{
		"anomaly rate is 1;":    {AnomalyRate: 1},
		"anomaly rate is -0.1;": {AnomalyRate: -0.1},
		"anomaly rate is NaN;":  {AnomalyRate: math.NaN()},
		"z-factor is 1.5;":      {ZFactor: 1.5},
		"z-factor is +Inf;":     {ZFactor: math.Inf(1)},
	} {
		if _, err := NewThresholded(Options{}, to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want one with %q", to, err, want)
		}
	}
	if _, err := NewThresholded(Options{TimeDecay: new(1.0)}, ThresholdOptions{}); err == nil || !strings.Contains(err.Error(), "below 1") {
		t.Errorf("time decay 1: error %v", err)
	}
}

// The expected range follows what the input does next, given what it did before.
func TestExpectedRange(t *testing.T) {
	f := mustThresholded(t, Options{Dimensions: 4, ShingleSize: 4, InternalShingling: true, Seed: 5}, ThresholdOptions{})
	random := newJavaRandom(3)
	var v Verdict
	held := 0
	for i := range 2000 {
		// A wave of eight values, each with noise below 1, 10 apart.
		x := float64(i%8)*10 + random.nextDouble()
		if err := f.Process([]float64{x}, &v); err != nil {
			t.Fatal(err)
		}
		if i < 500 {
			continue
		}
		if low, high := v.Low[0], v.High[0]; low < x-1 || high > x+1 || low > high {
			t.Fatalf("row %d is %v; expected is %v to %v, which isn't its place in the wave", i, x, low, high)
		}
		if v.Low[0] <= x && x <= v.High[0] {
			held++
		}
	}
	if held < 1500*75/100 || held > 1500*96/100 {
		t.Errorf("%d of 1500 rows lie in the range for nine of ten", held)
	}
}

func TestExpectedRangeWithoutShingle(t *testing.T) {
	f := mustThresholded(t, Options{Dimensions: 2, Seed: 5}, ThresholdOptions{})
	random := newJavaRandom(3)
	var v Verdict
	for i := range 3000 {
		point := []float64{100 * random.nextDouble(), 1000 + random.nextDouble()}
		if err := f.Process(point, &v); err != nil {
			t.Fatal(err)
		}
		if i == 0 && !(math.IsNaN(v.Low[0]) && math.IsNaN(v.High[1])) {
			t.Errorf("before the forest is ready the range is %v to %v", v.Low, v.High)
		}
		// Uniform between 0 and 100, and between 1000 and 1001.
		if i > 500 && (v.Low[0] > 25 || v.High[0] < 75 || v.Low[1] < 1000 || v.Low[1] > 1000.3 || v.High[1] < 1000.7 || v.High[1] > 1001) {
			t.Fatalf("row %d: expected is %v to %v", i, v.Low, v.High)
		}
	}
}

func TestRestoredThresholdsHaveTheSameFuture(t *testing.T) {
	for name, o := range codecOptions {
		if name == "steep decay" {
			continue // thresholds refuse it
		}
		f := mustThresholded(t, o, ThresholdOptions{AnomalyRate: 0.05, ZFactor: 2})
		var v, w Verdict
		for i := range 100 {
			state, err := f.MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			var restored Thresholded
			if err := restored.UnmarshalBinary(state); err != nil {
				t.Fatalf("%s, after %d points: %v", name, i, err)
			}
			p := codecPoint(i, f.Forest().InputDimensions())
			if err := f.Process(p, &v); err != nil {
				t.Fatal(err)
			}
			if err := restored.Process(p, &w); err != nil {
				t.Fatal(err)
			}
			if v.Score != w.Score || v.Threshold != w.Threshold || v.Grade != w.Grade || !equalBits(v.Low, w.Low) || !equalBits(v.High, w.High) {
				t.Fatalf("%s: point %d got %+v, restored %+v", name, i, v, w)
			}
			after, _ := f.MarshalBinary()
			if again, _ := restored.MarshalBinary(); !bytes.Equal(again, after) {
				t.Fatalf("%s: after point %d the states differ", name, i)
			}
			if i == 40 {
				for k := range state {
					damaged := slices.Clone(state)
					damaged[k] ^= 4
					if restored.UnmarshalBinary(damaged) == nil || restored.UnmarshalBinary(state[:k]) == nil {
						t.Fatalf("%s: a state damaged or cut at byte %d was read", name, k)
					}
				}
			}
		}
	}
}

func FuzzUnmarshalThresholded(f *testing.F) {
	forest := mustThresholded(f, codecOptions["shingle"], ThresholdOptions{})
	var v Verdict
	for i := range 40 {
		if i%13 == 0 {
			state, _ := forest.MarshalBinary()
			f.Add(state)
		}
		if err := forest.Process(codecPoint(i, 2), &v); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		var restored Thresholded
		if len(state) < 8 || restored.UnmarshalBinary(resum(append(resum(state[:len(state)-4]), 0, 0, 0, 0))) != nil {
			return
		}
		for i := range 40 {
			if err := restored.Process(codecPoint(i, restored.Forest().InputDimensions()), &v); err != nil {
				t.Fatal(err)
			}
		}
	})
}
