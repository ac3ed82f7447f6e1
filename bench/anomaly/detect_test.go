package anomaly

import (
	"fmt"
	"math"
	"testing"

	"github.com/weirsql/weir/udf/rcf"
)

// detector flags the steps of a series. Each sees a value only together with what came before it.
type detector struct {
	name   string
	colour string // in the plot
	find   func(values []float64) ([]bool, error)
}

// The parameters, chosen before the first run: the library's defaults for the forest (50 trees, samples of 256, time decay
// 1/2560), the threshold of 2 that AWS's lab has, its defaults for the grade (anomaly rate 0.01, z-factor 3), and the three deviations that are usual for a z-score.
const (
	scoreThreshold = 2
	zThreshold     = 3
	forestSeed     = 42
	zWindow        = int(day) // the last day
	seasonDays     = 7        // the same time in the last seven days
	seasonAround   = 3        // steps before and after it
)

// shingleSizes are a value alone, 20 minutes, and the 40 minutes of the reference's examples (8 values).
var shingleSizes = []int{1, 4, 8}

func detectors() []detector {
	blues, greens := []string{"#9ecae1", "#4292c6", "#08519c"}, []string{"#a1d99b", "#41ab5d", "#006d2c"}
	var all []detector
	for i, n := range shingleSizes {
		all = append(all, detector{fmt.Sprintf("score > 2, shingle %d", n), blues[i], func(values []float64) ([]bool, error) { return byScore(values, n) }})
	}
	for i, n := range shingleSizes {
		all = append(all, detector{fmt.Sprintf("grade > 0, shingle %d", n), greens[i], func(values []float64) ([]bool, error) { return byGrade(values, n) }})
	}
	return append(all,
		detector{"z-score, last day", "#fd8d3c", func(values []float64) ([]bool, error) { return byZ(values, lastDay), nil }},
		detector{"z-score, same time of 7 days", "#d94801", func(values []float64) ([]bool, error) { return byZ(values, sameTime), nil }},
	)
}

// byScore is RANDOM_CUT_FOREST(x, shingle_size => n) > 2.
func byScore(values []float64, shingle int) ([]bool, error) {
	f, err := rcf.New(rcf.Options{ShingleSize: shingle, InternalShingling: true, Seed: forestSeed})
	if err != nil {
		return nil, err
	}
	flags := make([]bool, len(values))
	for i, v := range values {
		point := [1]float64{v}
		score, err := f.Score(point[:])
		if err != nil {
			return nil, err
		}
		flags[i] = score > scoreThreshold
		if err := f.Update(point[:]); err != nil {
			return nil, err
		}
	}
	return flags, nil
}

// byGrade is ANOMALY_GRADE(x, shingle_size => n).grade > 0.
func byGrade(values []float64, shingle int) ([]bool, error) {
	f, err := rcf.NewThresholded(rcf.Options{ShingleSize: shingle, InternalShingling: true, Seed: forestSeed}, rcf.ThresholdOptions{})
	if err != nil {
		return nil, err
	}
	flags := make([]bool, len(values))
	var verdict rcf.Verdict
	for i, v := range values {
		point := [1]float64{v}
		if err := f.Process(point[:], &verdict); err != nil {
			return nil, err
		}
		flags[i] = verdict.Grade > 0
	}
	return flags, nil
}

// byZ flags a value more than three deviations from the mean of some earlier values. Earlier anomalies are among them: a
// query doesn't know better.
func byZ(values []float64, earlier func(values []float64, i int, add func(float64))) []bool {
	flags := make([]bool, len(values))
	for i, v := range values {
		var n, mean, m2 float64 // Welford's sums
		earlier(values, i, func(x float64) {
			n++
			d := x - mean
			mean += d / n
			m2 += d * (x - mean)
		})
		if n < 2 {
			continue
		}
		flags[i] = math.Abs(v-mean) > zThreshold*math.Sqrt(m2/(n-1))
	}
	return flags
}

// lastDay are the values of the day before, from when there is one.
func lastDay(values []float64, i int, add func(float64)) {
	if i < zWindow {
		return
	}
	for _, x := range values[i-zWindow : i] {
		add(x)
	}
}

// sameTime are the values around the same time in each of the seven days before, from when there are so many.
func sameTime(values []float64, i int, add func(float64)) {
	first := i - seasonDays*int(day) - seasonAround
	if first < 0 {
		return
	}
	for d := range seasonDays {
		at := i - (d+1)*int(day)
		for _, x := range values[at-seasonAround : at+seasonAround+1] {
			add(x)
		}
	}
}

func TestZScores(t *testing.T) {
	// Two days between 9 and 11 have mean 10 and deviation 1: above 13 is far.
	values := make([]float64, 10*day)
	for i := range values {
		values[i] = 9 + 2*float64(i%2)
	}
	at := func(i int, v float64, earlier func([]float64, int, func(float64))) bool {
		old := values[i]
		defer func() { values[i] = old }()
		values[i] = v
		return byZ(values[:i+1], earlier)[i]
	}
	for _, c := range []struct {
		name    string
		earlier func([]float64, int, func(float64))
		i       int
		v       float64
		want    bool
	}{
		{"the last day, ordinary", lastDay, 400, 12.9, false},
		{"the last day, high", lastDay, 400, 13.2, true},
		{"the last day, low", lastDay, 400, 6.8, true},
		{"the last day, before there is one", lastDay, int(day) - 1, 100, false},
		{"the same time, ordinary", sameTime, 9 * int(day), 12.9, false},
		{"the same time, high", sameTime, 9 * int(day), 13.4, true},
		{"the same time, low", sameTime, 9 * int(day), 6.6, true},
		{"the same time, before there are seven days", sameTime, 7*int(day) + seasonAround - 1, 100, false},
	} {
		if got := at(c.i, c.v, c.earlier); got != c.want {
			t.Errorf("%s: %v at %d is flagged: %v", c.name, c.v, c.i, got)
		}
	}
	// A value that is usual at another time of day.
	for d := range 10 {
		for i := range 36 {
			values[d*int(day)+100+i] = 30
		}
	}
	if !at(9*int(day)+50, 30, sameTime) || at(9*int(day)+50, 30, lastDay) {
		t.Error("a value of noon is strange at night for who knows the time of day, and for nobody else")
	}
}

func TestDetectorsFindWhatIsPlain(t *testing.T) {
	values := make([]float64, 9*day)
	for i := range values {
		values[i] = 10 + math.Sin(float64(i)*0.7)
	}
	plain := len(values) - 100
	values[plain] = 40
	for _, d := range detectors() {
		flags, err := d.find(values)
		if err != nil {
			t.Fatal(err)
		}
		if !flags[plain] || flags[plain-50] || flags[plain+99] {
			t.Errorf("%s: flagged are %v at 40, %v before and %v after", d.name, flags[plain], flags[plain-50], flags[plain+99])
		}
	}
}
