package generator

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// testdata/moment.tsv holds what moment.js 2.17.1, the version of the Kinesis Data Generator, made on Node.js: time,
// "utc" or the offset of the local zone in minutes, format (empty for the default), result.
func TestMomentFormatsEqualMomentJS(t *testing.T) {
	data, err := os.ReadFile("testdata/moment.tsv")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for _, line := range lines {
		column := strings.Split(line, "\t")
		now, err := time.Parse(time.RFC3339, column[0])
		if err != nil {
			t.Fatal(err)
		}
		compile := compileDateUTC
		if minutes, err := strconv.Atoi(column[1]); err == nil {
			compile = compileDateNow
			now = now.In(time.FixedZone("somewhere", minutes*60))
		}
		v, err := compile(argument{text: column[2]})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(v.render(nil, NewSource(1, now))); got != column[3] {
			t.Errorf("%s (%s) as %q: %q, moment.js makes %q", column[0], column[1], column[2], got, column[3])
		}
	}
	if len(lines) < 500 {
		t.Errorf("only %d lines", len(lines))
	}
}

func FuzzCompileMoment(f *testing.F) {
	f.Add("YYYY-MM-DD[T]HH:mm:ss.SSSZ \\[a[")
	f.Fuzz(func(t *testing.T, format string) {
		compileMoment(format).append(nil, time.Unix(0, 0))
	})
}
