//go:build slow

package anomaly

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

var write = flag.Bool("write", false, "write the table and the plot of docs/anomaly-evaluation.md")

const (
	page  = "../../docs/anomaly-evaluation.md"
	plot  = "../../docs/anomaly-evaluation.svg"
	seeds = 10 // series of each kind
)

// result is what a detector made of all series of a kind.
type result struct {
	counts
	flags []bool // of the first series
}

// TestEvaluate runs every detector over every series and compares what it counts with docs/anomaly-evaluation.md.
func TestEvaluate(t *testing.T) {
	all := detectors()
	ordinary := []kind{{"", impressions}, {"", rate}}
	tested := append(append([]kind{}, kinds...), ordinary...)
	first := make([]series, len(tested)) // of the first seed, to be drawn
	results := make([][]result, len(tested))
	var mu sync.Mutex
	var group sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for k, kind := range tested {
		results[k] = make([]result, len(all))
		for seed := range seeds {
			slots <- struct{}{}
			group.Go(func() {
				defer func() { <-slots }()
				s := makeSeries(t, kind.name, kind.metric, int64(seed+1))
				if seed == 0 {
					first[k] = s
				}
				for i, d := range all {
					flags, err := d.find(s.values)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					results[k][i].add(count(s, flags))
					if seed == 0 {
						results[k][i].flags = flags
					}
					mu.Unlock()
				}
			})
		}
	}
	group.Wait()
	if t.Failed() {
		return
	}
	text := tables(all, results)
	t.Log("\n" + text)
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	measured := regexp.MustCompile(`(?s)<!-- measured -->\n.*?<!-- end -->`)
	if !measured.Match(old) {
		t.Fatalf("%s has no part <!-- measured -->", page)
	}
	now := measured.ReplaceAllLiteral(old, []byte("<!-- measured -->\n"+text+"<!-- end -->"))
	if *write {
		if err := os.WriteFile(page, now, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(plot, draw(all, first, results), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(now) != string(old) {
		t.Errorf("%s says something else; look whether what changed is better, then: go test -tags slow -run TestEvaluate ./bench/anomaly -args -write", page)
	}
}

// tables are the results: F1 of all at a glance, the ordinary months, then each kind in full.
func tables(all []detector, results [][]result) string {
	var b strings.Builder
	b.WriteString("F1 by intervals:\n\n| detector |")
	for _, k := range kinds {
		fmt.Fprintf(&b, " %s |", k.name)
	}
	b.WriteString(" mean | false alarms a day in ordinary months: impressions | rate |\n| --- |" + strings.Repeat(" ---: |", len(kinds)+3) + "\n")
	for i, d := range all {
		fmt.Fprintf(&b, "| %s |", d.name)
		mean := 0.0
		for k := range kinds {
			f1 := results[k][i].f1()
			mean += f1 / float64(len(kinds))
			fmt.Fprintf(&b, " %.2f |", f1)
		}
		fmt.Fprintf(&b, " %.2f | %.2f | %.2f |\n", mean, results[len(kinds)][i].falseAlarmsPerDay(), results[len(kinds)+1][i].falseAlarmsPerDay())
	}
	for k, kind := range kinds {
		fmt.Fprintf(&b, "\n**%s**, seen in %s, %d intervals:\n\n", kind.name, strings.TrimSuffix(kind.metric.name, ", %"), results[k][0].intervals)
		b.WriteString("| detector | precision | recall | F1 | delay | false alarms a day | by points: precision | recall | F1 |\n| --- |" + strings.Repeat(" ---: |", 8) + "\n")
		for i, d := range all {
			r := &results[k][i]
			delay := "–"
			if r.found > 0 {
				delay = fmt.Sprintf("%.0f min", r.delay().Round(time.Minute).Minutes())
			}
			fmt.Fprintf(&b, "| %s | %.2f | %.2f | %.2f | %s | %.2f | %.2f | %.2f | %.2f |\n", d.name, r.precision(), r.recall(), r.f1(), delay,
				r.falseAlarmsPerDay(), r.pointPrecision(), r.pointRecall(), r.pointF1())
		}
	}
	return b.String()
}
