package rcf

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"unsafe"
)

// Defaults of the reference, for threshold options left at zero.
const (
	DefaultAnomalyRate = 0.01
	DefaultZFactor     = 3.0
)

// Constants of the reference's thresholds.
const (
	leastThreshold    = 0.8 // no score below is an anomaly
	initialThreshold  = 1.5 // while there are too few scores to know what is usual
	minimumScores     = 10  // until then; as many later the scores' statistics rule alone
	largestCounted    = 2.0 // higher scores count as this one in what is usual
	scoreDifferencing = 0.5 // with shingles: the weight of the scores against that of their differences
	minimumZFactor    = 2.0
)

// ThresholdOptions are the settings of a Thresholded beyond those of its forest. A field left at zero takes the default.
type ThresholdOptions struct {
	// AnomalyRate, in (0, 1), is about the part of points that are anomalies. It is the rate at which the spread of the
	// differences between scores forgets; it has no effect without a shingle. Default 0.01.
	AnomalyRate float64
	// ZFactor, at least 2, is by how many spreads a score must exceed the mean of the scores. Default 3.
	ZFactor float64
}

func (o ThresholdOptions) withDefaults() (ThresholdOptions, error) {
	setDefault(&o.AnomalyRate, DefaultAnomalyRate)
	setDefault(&o.ZFactor, DefaultZFactor)
	switch {
	case !(o.AnomalyRate > 0 && o.AnomalyRate < 1):
		return o, fmt.Errorf("anomaly rate is %v; it must be above 0 and below 1", o.AnomalyRate)
	case !(o.ZFactor >= minimumZFactor && o.ZFactor <= math.MaxFloat64):
		return o, fmt.Errorf("z-factor is %v; it must be a finite number of at least %v", o.ZFactor, minimumZFactor)
	}
	return o, nil
}

// Thresholded is a forest that says of each point whether it is an anomaly: it keeps statistics of the scores, and grades by
// how far a score exceeds what is usual.
//
// Source: scores and thresholds of the reference's ThresholdedRandomCutForest without a transformation of the input, and its
// grades before its corrector, bit for bit. The corrector, which takes anomalies back that lie in a shingle with an earlier
// one or within the noise of the input, is left out; so is the delay of the first ten points. Without a shingle thresholds
// are those of the reference to the end; with one, until its corrector first changes a score.
//
// A Thresholded belongs to one goroutine at a time, and doesn't allocate once samples are full.
type Thresholded struct {
	forest  *Forest
	options ThresholdOptions

	count int64   // scores so far, those of 0 left out
	last  float64 // with shingles: the last score
	usual deviation
	steps deviation // of the difference to the last score
	below deviation // of how far scores lie below their mean

	leaves    []int32   // what the trees have for the expected range
	distances []float32 // of these from what is known
	values    []float32
}

// Verdict is what a Thresholded says of a point.
type Verdict struct {
	// Score is Forest.Score; 0 while the forest isn't ready, and then so are Grade and Threshold.
	Score float64
	// Threshold is the score from which on this point would be an anomaly.
	Threshold float64
	// Grade is 0 for a point that is none, otherwise in (0, 1], in sixteenths.
	Grade float64
	// Low and High are, for each number of an input point, the range in which nine of ten points are expected, given the
	// earlier points of the shingle. NaN while the forest isn't ready.
	Low, High []float64
}

// NewThresholded returns an empty forest with thresholds. The error names the option that is wrong.
func NewThresholded(o Options, to ThresholdOptions) (*Thresholded, error) {
	to, err := to.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("random cut forest: %w", err)
	}
	f, err := New(o)
	if err != nil {
		return nil, err
	}
	return newThresholded(f, to)
}

func newThresholded(f *Forest, to ThresholdOptions) (*Thresholded, error) {
	decay := *f.options.TimeDecay
	if decay >= 1 {
		return nil, fmt.Errorf("random cut forest: time decay is %v; with thresholds it must be below 1", decay)
	}
	return &Thresholded{
		forest: f, options: to,
		usual: deviation{discount: decay}, steps: deviation{discount: to.AnomalyRate}, below: deviation{discount: decay / 2},
		leaves: make([]int32, len(f.trees)), distances: make([]float32, len(f.trees)), values: make([]float32, len(f.trees)),
	}, nil
}

// Forest returns the forest inside, for its settings and attributions. It must not be updated.
func (t *Thresholded) Forest() *Forest { return t.forest }

// ThresholdOptions returns the settings of the thresholds, with the defaults filled in.
func (t *Thresholded) ThresholdOptions() ThresholdOptions { return t.options }

// Bytes estimates the memory held.
func (t *Thresholded) Bytes() int {
	return int(unsafe.Sizeof(*t)) + 3*4*len(t.leaves) + t.forest.Bytes()
}

// Process judges a point by those before it, and then adds it. v's slices are used again. The point stays the caller's. After an
// error, which is as for Forest.Score, everything is as before.
func (t *Thresholded) Process(point []float64, v *Verdict) error {
	f := t.forest
	score, err := f.Score(point)
	if err != nil {
		return err
	}
	v.Score, v.Threshold, v.Grade = score, 0, 0
	t.expect(v)
	if score != 0 {
		v.Threshold, v.Grade = t.grade(score)
		t.learn(score)
	}
	return f.Update(point)
}

// grade returns the threshold for a score, and the grade.
func (t *Thresholded) grade(score float64) (threshold, grade float64) {
	z := t.options.ZFactor
	spread := float64((z-1)*t.longTerm()) + t.usual.deviation()
	ready := t.count >= minimumScores
	threshold = initialThreshold
	if ready {
		part := min(float64(t.count-minimumScores)/minimumScores, 1)
		threshold = max(leastThreshold, float64(part*(t.usual.mean()+spread))+float64((1-part)*initialThreshold))
	}
	if score < threshold {
		return threshold, 0
	}
	// The reference keeps the surprise as a float.
	var surprise float32
	if ready {
		excess := 2 * z
		if unit := spread / z; unit > 0 {
			excess = min(z, (score-threshold)/unit)
		}
		surprise = max(0, float32(excess/z))
	} else {
		surprise = float32(min(1, max(0, (score-leastThreshold)/leastThreshold)))
	}
	grade = min(math.Floor(float64(surprise)*20)/16, 1)
	if grade == 0 {
		threshold = score // the excess is less than a grade can tell, so the threshold is met and not exceeded
	}
	return threshold, grade
}

// longTerm is how far scores usually stray. High scores alone must not raise it, so it is held down by how far scores stray
// below their mean; with shingles consecutive scores depend on each other, and their differences count as well.
func (t *Thresholded) longTerm() float64 {
	below := math.Sqrt2 * t.below.deviation()
	if t.forest.options.ShingleSize == 1 {
		return min(below, t.usual.deviation())
	}
	steps := t.steps.deviation()
	return float64(scoreDifferencing*min(t.usual.deviation(), max(steps, below))) + float64((1-scoreDifferencing)*steps)
}

// learn adds a score, which isn't 0, to the statistics.
func (t *Thresholded) learn(score float64) {
	counted := min(score, largestCounted)
	if gap := t.usual.mean() - counted; gap > 0 {
		t.below.add(gap)
	}
	t.usual.add(counted)
	t.steps.add(score - t.last)
	t.count++
	if t.forest.options.ShingleSize > 1 {
		t.last = score
	}
}

// expect sets the expected range for the point in the forest's scratch. Each tree contributes a point of its sample that is
// like what is known, the earlier points of the shingle; tree i of n takes it from the place (i+½)/n of what the walk
// leaves to choose from, so that the trees' points are spread as evenly as the samples. Points much farther from what is known
// than the median are left out.
func (t *Thresholded) expect(v *Verdict) {
	f := t.forest
	v.Low, v.High = zeros(v.Low, f.inputDims), zeros(v.High, f.inputDims)
	if !f.outputReady() {
		for i := range v.Low {
			v.Low[i], v.High[i] = math.NaN(), math.NaN()
		}
		return
	}
	x := f.scratch
	first, n := f.newest(), f.inputDims
	for i := range f.trees {
		u := (float64(i) + 0.5) / float64(len(f.trees))
		t.leaves[i] = f.trees[i].findWithout(x, first, n, u)
	}
	// A cut may have taken x away from its likes, and what such a tree found then tells nothing.
	var farthest float32
	if n < len(x) {
		for i := range f.trees {
			t.distances[i] = f.trees[i].distance(t.leaves[i], x, first, n)
		}
		t.values = append(t.values[:0], t.distances...)
		slices.Sort(t.values)
		farthest = 2 * t.values[len(t.values)/2]
	}
	for d := range n {
		t.values = t.values[:0]
		for i := range f.trees {
			if t.distances[i] <= farthest {
				t.values = append(t.values, f.trees[i].point(t.leaves[i])[first+d])
			}
		}
		slices.Sort(t.values)
		last, cut := len(t.values)-1, len(t.values)/20
		v.Low[d], v.High[d] = float64(t.values[cut]), float64(t.values[last-cut])
	}
}

// findWithout is find for an x whose dimensions from first on, n of them, are not known. Where the cut is in one of them, the
// walk goes on to the side whose box is nearer in what is known. If both are as near it goes to the side that has the place
// u, in [0, 1), of the points below, and u becomes the place on that side.
func (t *tree) findWithout(x []float32, first, n int, u float64) int32 {
	id := t.root
	for id >= 0 {
		at := &t.nodes[id]
		dim := int(at.cut.dim)
		if dim < first || dim >= first+n {
			id = at.child[side(x[dim] > at.cut.value)]
			continue
		}
		if n < len(x) {
			left, right := t.distance(at.child[0], x, first, n), t.distance(at.child[1], x, first, n)
			if left != right {
				id = at.child[side(right < left)]
				continue
			}
		}
		place, leftMass := float64(u*float64(at.mass)), float64(t.massOf(at.child[0]))
		if place < leftMass {
			id, u = at.child[0], place/leftMass
		} else {
			id, u = at.child[1], (place-leftMass)/(float64(at.mass)-leftMass)
		}
	}
	return id
}

// distance is how far x lies outside of a node's box, but for the dimensions from first on, n of them.
func (t *tree) distance(id int32, x []float32, first, n int) float32 {
	lo, hi := t.box(id)
	var d float32
	for i, v := range x[:first] {
		d += max(lo[i]-v, v-hi[i], 0)
	}
	for i := first + n; i < len(x); i++ {
		d += max(lo[i]-x[i], x[i]-hi[i], 0)
	}
	return d
}

// deviation is a mean and a standard deviation in which a value counts 1-discount times as much with each value that
// follows.
type deviation struct {
	discount                float64
	weight, sum, sumSquared float64
}

func (d *deviation) add(x float64) {
	factor := 1 - d.discount
	d.sum = float64(d.sum*factor) + x
	d.sumSquared = float64(d.sumSquared*factor) + float64(x*x)
	d.weight = float64(d.weight*factor) + 1
}

func (d *deviation) mean() float64 {
	if d.weight <= 0 {
		return 0
	}
	return d.sum / d.weight
}

func (d *deviation) deviation() float64 {
	if d.weight <= 0 {
		return 0
	}
	mean := d.sum / d.weight
	if variance := d.sumSquared/d.weight - float64(mean*mean); variance > 0 {
		return math.Sqrt(variance)
	}
	return 0
}

const (
	thresholdedMagic   = "rct"
	thresholdedVersion = 1
)

// AppendBinary appends everything in a portable form, as Forest.AppendBinary does.
func (t *Thresholded) AppendBinary(dst []byte) ([]byte, error) {
	start := len(dst)
	dst = append(dst, thresholdedMagic...)
	dst = append(dst, thresholdedVersion)
	dst = appendFloat64(dst, t.options.AnomalyRate)
	dst = appendFloat64(dst, t.options.ZFactor)
	dst = binary.AppendUvarint(dst, uint64(t.count))
	dst = appendFloat64(dst, t.last)
	for _, d := range []*deviation{&t.usual, &t.steps, &t.below} {
		dst = appendFloat64(dst, d.weight)
		dst = appendFloat64(dst, d.sum)
		dst = appendFloat64(dst, d.sumSquared)
	}
	dst, err := t.forest.AppendBinary(dst)
	return appendSum(dst, start), err
}

// MarshalBinary is AppendBinary to nothing.
func (t *Thresholded) MarshalBinary() ([]byte, error) { return t.AppendBinary(nil) }

// UnmarshalBinary makes t what MarshalBinary was called on; what comes from Process afterwards is the same bit for bit. After
// an error, which says that data is damaged or of another version, t is as it was.
func (t *Thresholded) UnmarshalBinary(data []byte) error {
	r, err := openReader(data, thresholdedMagic, thresholdedVersion)
	if err != nil {
		return fmt.Errorf("random cut forest: %w", err)
	}
	to := ThresholdOptions{AnomalyRate: r.float64(), ZFactor: r.float64()}
	count, last := r.uvarint(), r.statistic()
	var statistics [9]float64
	for i := range statistics {
		statistics[i] = r.statistic()
	}
	filled, err := to.withDefaults()
	switch {
	case r.err != nil:
		return fmt.Errorf("random cut forest: %w", r.err)
	case err != nil:
		return fmt.Errorf("random cut forest: %w", r.fail("%w", err))
	case filled != to || count > math.MaxInt64:
		return fmt.Errorf("random cut forest: %w", r.fail("its thresholds have gaps"))
	}
	var f Forest
	if err := f.UnmarshalBinary(r.data); err != nil {
		return err
	}
	restored, err := newThresholded(&f, to)
	if err != nil {
		return err
	}
	restored.count, restored.last = int64(count), last
	for i, d := range []*deviation{&restored.usual, &restored.steps, &restored.below} {
		d.weight, d.sum, d.sumSquared = statistics[3*i], statistics[3*i+1], statistics[3*i+2]
	}
	*t = *restored
	return nil
}

// statistic reads a finite number.
func (r *reader) statistic() float64 {
	x := r.float64()
	if x-x != 0 {
		r.fail("a statistic is %v", x)
	}
	return x
}
