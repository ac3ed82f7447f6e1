//go:build slow && linux

package bench

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// trend is a straight line through a quantity over time, in units per hour.
type trend struct {
	slope, margin float64 // margin: half of the 95 % confidence interval
	first, last   float64 // medians of the first and the last third
}

// trendOf fits a line to the samples after the warm-up. Neighbouring samples are alike, the collector lets memory swing:
// so the medians of thirty blocks are fitted, which are nearly independent, and the interval is that of a fit to thirty
// points.
func trendOf(samples []sample, value func(sample) float64) trend {
	n := min(30, len(samples))
	var x, y []float64
	for i := range n {
		block := samples[i*len(samples)/n : (i+1)*len(samples)/n]
		x = append(x, (block[0].at+block[len(block)-1].at).Hours()/2)
		y = append(y, medianOf(block, value))
	}
	mean := func(v []float64) (m float64) {
		for _, e := range v {
			m += e / float64(len(v))
		}
		return m
	}
	mx, my := mean(x), mean(y)
	var sxx, sxy, rest float64
	for i := range x {
		sxx += (x[i] - mx) * (x[i] - mx)
		sxy += (x[i] - mx) * (y[i] - my)
	}
	slope := sxy / sxx
	for i := range x {
		e := y[i] - my - slope*(x[i]-mx)
		rest += e * e
	}
	const t28 = 2.05 // Student's t for 95 % and 28 degrees of freedom
	third := len(samples) / 3
	return trend{slope, t28 * math.Sqrt(rest/float64(max(1, n-2))/sxx), medianOf(samples[:third], value), medianOf(samples[len(samples)-third:], value)}
}

func medianOf(samples []sample, value func(sample) float64) float64 {
	var v []float64
	for _, s := range samples {
		v = append(v, value(s))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// judgeSoak decides whether memory, goroutines and files have stayed where they are. After hours the slope itself is
// known well enough: less than 1 MB an hour. After minutes it isn't: its interval is shown, and what fails is a growth
// beyond doubt (the whole interval above the limit) that is also more than noise (the medians of the last and the first
// third differ by more than a bound).
func judgeSoak(t *testing.T, samples []sample) {
	t.Helper()
	end := samples[len(samples)-1]
	warm := slices.IndexFunc(samples, func(s sample) bool {
		// A session lists the hundred jobs that have ended last: its memory grows until there are so many.
		return s.at >= min(2*time.Minute, end.at/5) && (s.starts >= 110 || s.at >= end.at/2)
	})
	samples = samples[warm:]
	if len(samples) < 60 {
		t.Logf("%d samples after the warm-up are too few to judge", len(samples))
		return
	}
	hours := (samples[len(samples)-1].at - samples[0].at).Hours()
	for _, q := range []struct {
		name         string
		value        func(sample) float64
		limit, bound float64
	}{
		{"resident memory, MB", func(s sample) float64 { return s.resident }, 1, 8},
		{"live heap, MB", func(s sample) float64 { return s.live }, 1, 4},
		{"goroutines", func(s sample) float64 { return s.goroutines }, 0, 4},
		{"open files", func(s sample) float64 { return s.files }, 0, 4},
		{"the server's resident memory, MB", func(s sample) float64 { return s.server }, math.Inf(1), math.Inf(1)}, // shown only
	} {
		v := trendOf(samples, q.value)
		verdict := "flat"
		grown := v.last - v.first
		if v.slope-v.margin > q.limit && (grown > q.bound || v.margin < q.limit) {
			verdict = "GROWS"
			t.Fail()
		}
		t.Logf("%s: %.1f in the first third, %.1f in the last; slope %+.2f an hour, 95 %% interval %+.2f to %+.2f: %s",
			q.name, v.first, v.last, v.slope, v.slope-v.margin, v.slope+v.margin, verdict)
	}
	t.Logf("over %.0f minutes after a warm-up of %.0f", hours*60, samples[0].at.Minutes())
}

// drawSoak draws the samples: a picture a quantity, one below the other.
func drawSoak(samples []sample) []byte {
	const width, height, left, top = 860, 130, 70, 26
	panels := []struct {
		title  string
		values []func(sample) float64
	}{
		{"MB: resident (blue), live heap (orange), the server's resident (grey)", []func(sample) float64{
			func(s sample) float64 { return s.resident }, func(s sample) float64 { return s.live }, func(s sample) float64 { return s.server }}},
		{"goroutines", []func(sample) float64{func(s sample) float64 { return s.goroutines }}},
		{"open files", []func(sample) float64{func(s sample) float64 { return s.files }}},
		{"starts of jobs", []func(sample) float64{func(s sample) float64 { return float64(s.starts) }}},
	}
	colours := []string{"#1f77b4", "#ff7f0e", "#888"}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width+left+20, len(panels)*(height+top+20)+20)
	if len(samples) == 0 {
		b.WriteString("</svg>\n")
		return b.Bytes()
	}
	end := max(samples[len(samples)-1].at.Seconds(), 1)
	every := max(1, len(samples)/(width/2)) // more points than that are not to be seen
	for p, panel := range panels {
		y0 := float64(p*(height+top+20) + top)
		most := 1.0
		for _, value := range panel.values {
			for _, s := range samples {
				most = max(most, value(s))
			}
		}
		fmt.Fprintf(&b, `<text x="%d" y="%.0f">%s</text><rect x="%d" y="%.0f" width="%d" height="%d" fill="none" stroke="#ccc"/>`+"\n", left, y0-6, panel.title, left, y0, width, height)
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" text-anchor="end">%.0f</text><text x="%d" y="%.0f" text-anchor="end">0</text>`+"\n", left-6, y0+10, most, left-6, y0+height)
		fmt.Fprintf(&b, `<text x="%d" y="%.0f" text-anchor="end">%.1f min</text>`+"\n", left+width, y0+height+14, end/60)
		for i, value := range panel.values {
			fmt.Fprintf(&b, `<polyline fill="none" stroke="%s" points="`, colours[i])
			for k := 0; k < len(samples); k += every {
				s := samples[k]
				fmt.Fprintf(&b, "%.1f,%.1f ", left+width*s.at.Seconds()/end, y0+height-height*value(s)/most)
			}
			b.WriteString(`"/>` + "\n")
		}
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
