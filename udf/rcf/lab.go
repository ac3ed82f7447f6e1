package rcf

// LabScorer is the scalar function of AWS's clickstream anomaly lab, class
// software.amazon.flink.example.RandomCutForestUDF: not a streaming detector, but what the lab's published results
// were made with. For each value it builds a new forest (5 trees, sample size 10, time decay 100000), feeds it the
// points 0, 1, …, n-1, where n is the length of the value printed as a Java float ("500.0": 5), and returns n times
// the score that the last point got before it was added. Values up to 1, and NaN, give 0.
//
// The lab leaves the forest unseeded, so each call draws from a finite set of attainable results (n = 3: 1 result,
// n = 5: 63). Here a generator seeds the forests: the same seed gives the same sequence of results.
//
// State: the 64 bits of State, advanced by calls with a value above 1. A LabScorer reuses one forest, so that a call
// allocates nothing for values below 1e19; it belongs to one goroutine at a time.
type LabScorer struct {
	seeds  splitMix64
	forest *Forest
	text   []byte
	point  [1]float64
}

// NewLabScorer returns a scorer whose results follow from seed.
func NewLabScorer(seed int64) *LabScorer {
	f, err := New(Options{Trees: 5, SampleSize: 10, TimeDecay: new(100_000.0)})
	if err != nil {
		panic(err) // the options are constants
	}
	return &LabScorer{seeds: splitMix64(seed), forest: f, text: make([]byte, 0, 16)}
}

// Score returns the next result for value. NULL is the caller's to handle: the lab's function fails on it.
func (s *LabScorer) Score(value float32) float64 {
	if !(value > 1) {
		return 0
	}
	s.text = appendJavaFloat(s.text[:0], value)
	return s.scoreLength(len(s.text), int64(s.seeds.next()))
}

// scoreLength is the function for a text of n characters and a forest with the given seed.
func (s *LabScorer) scoreLength(n int, seed int64) float64 {
	s.forest.reset(seed)
	var score float64
	for i := range n {
		s.point[0] = float64(i)
		// Neither call fails: a small integer is finite, and the forest has one dimension.
		if i == n-1 {
			score, _ = s.forest.Score(s.point[:])
			break // adding the last point would change nothing that anybody sees
		}
		_ = s.forest.Update(s.point[:])
	}
	return float64(n) * score
}

// State returns what has to be kept to continue the sequence of results later.
func (s *LabScorer) State() uint64 { return uint64(s.seeds) }

// Restore continues the sequence at a state that State returned, also of a scorer made with another seed.
func (s *LabScorer) Restore(state uint64) { s.seeds = splitMix64(state) }

// splitMix64 is the generator of the forests' seeds. It is unrelated to java.util.Random on purpose: seeding one
// linear congruential generator from another of the same kind would correlate the forests.
type splitMix64 uint64

func (s *splitMix64) next() uint64 {
	*s += 0x9E3779B97F4A7C15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}
