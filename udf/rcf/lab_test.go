package rcf

import (
	"math"
	"strconv"
	"testing"
)

// goldenLab is the recording of the lab's function: results by forest seed, and the exact distribution.
type goldenLab struct {
	ByLength map[string]struct {
		Support [][3]float64 // result, probability, times seen over 200,000 seeds; absent where it is large
		BySeed  [][2]float64 // seed, result
	}
	PublishedTableLength5 []struct{ Score float64 }
}

func TestLabScoreEqualsTheReferenceBySeed(t *testing.T) {
	var golden goldenLab
	readGolden(t, "testdata/lab_udf.json.gz", &golden)
	s := NewLabScorer(1)
	for length, g := range golden.ByLength {
		n, err := strconv.Atoi(length)
		if err != nil || len(g.BySeed) == 0 {
			t.Fatalf("length %q: %v, %d results", length, err, len(g.BySeed))
		}
		for _, pair := range g.BySeed {
			if got := s.scoreLength(n, int64(pair[0])); math.Float64bits(got) != math.Float64bits(pair[1]) {
				t.Fatalf("length %d, seed %v: %v, reference %v", n, pair[0], got, pair[1])
			}
		}
	}
}

// The results of many calls must be the attainable ones and nothing else, as often as they are likely.
func TestLabScoreFollowsTheExactDistribution(t *testing.T) {
	var golden goldenLab
	readGolden(t, "testdata/lab_udf.json.gz", &golden)
	s := NewLabScorer(2024)
	for length, value := range map[string]float32{"3": 1.5, "4": 12.5, "5": 500, "6": 1234.5} {
		const calls = 40_000
		counts := map[float64]int{}
		for range calls {
			counts[s.Score(value)]++
		}
		for _, row := range golden.ByLength[length].Support {
			result, p := row[0], row[1]
			expected := p * calls
			// Six standard deviations: over all 699 results a correct sampler fails once in some million runs.
			if d := math.Abs(float64(counts[result]) - expected); d > 6*math.Sqrt(expected*(1-p))+6 {
				t.Errorf("length %s: result %v came %d times, expected about %.0f", length, result, counts[result], expected)
			}
			delete(counts, result)
		}
		for result := range counts {
			t.Errorf("length %s: result %v is not attainable", length, result)
		}
	}
}

func TestLabScorePublishedResultsAreAttained(t *testing.T) {
	var golden goldenLab
	readGolden(t, "testdata/lab_udf.json.gz", &golden)
	seen := map[float64]bool{}
	s := NewLabScorer(0)
	for range 5000 {
		seen[s.Score(875)] = true
	}
	if len(golden.PublishedTableLength5) != 7 {
		t.Fatalf("%d published results, want 7", len(golden.PublishedTableLength5))
	}
	for _, p := range golden.PublishedTableLength5 {
		if !seen[p.Score] {
			t.Errorf("the lab published %v; 5000 calls didn't give it", p.Score)
		}
	}
}

func TestLabScoreOfValuesUpToOneIsZero(t *testing.T) {
	s := NewLabScorer(1)
	before := s.State()
	for _, v := range []float32{1, 0.999, 0, -5, -500, float32(math.NaN()), float32(math.Inf(-1))} {
		if got := s.Score(v); got != 0 {
			t.Errorf("Score(%v) = %v, want 0", v, got)
		}
	}
	if s.State() != before {
		t.Error("values up to 1 drew a seed")
	}
	for _, v := range []float32{1.0000001, 3.4e38, float32(math.Inf(1))} {
		if got := s.Score(v); !(got > 0) {
			t.Errorf("Score(%v) = %v, want above 0", v, got)
		}
	}
}

func TestLabScorerContinuesFromItsState(t *testing.T) {
	s, other := NewLabScorer(77), NewLabScorer(-3)
	for range 10 {
		s.Score(500)
	}
	other.Restore(s.State())
	for i := range 100 {
		if a, b := s.Score(500), other.Score(500); a != b {
			t.Fatalf("call %d: %v, after restore %v", i, a, b)
		}
	}
	again := NewLabScorer(77)
	for range 10 {
		again.Score(166.7)
	}
	for range 100 {
		again.Score(875)
	}
	if again.State() != s.State() {
		t.Error("the same number of calls from the same seed led to another state")
	}
}

func BenchmarkLabScorer(b *testing.B) {
	s := NewLabScorer(1)
	b.ReportAllocs()
	for b.Loop() {
		s.Score(166.7)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
