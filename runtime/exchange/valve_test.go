package exchange

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// The cases of Flink's StatusWatermarkValveTest: a step is `channel watermark`, `channel idle` or `channel active`, with
// what must come out behind an arrow.
func TestValve(t *testing.T) {
	for name, script := range map[string]string{
		"single, increasing":   "0 0 > 0; 0 25 > 25",
		"single, decreasing":   "0 25 > 25; 0 18; 0 42 > 42",
		"single, toggling":     "0 active; 0 idle > idle; 0 idle; 0 active > active",
		"intact while idle":    "0 25 > 25; 0 idle > idle; 0 50; 0 active > active; 0 50 > 50",
		"all must have one":    "0 0; 1 0; 2 0 > 0",
		"multiple, increasing": "0 0; 1 0; 2 0 > 0; 0 12; 2 8; 2 10; 1 15 > 10; 2 17 > 12; 0 20 > 15",
		"multiple, decreasing": "0 25; 1 10; 2 17 > 10; 0 12; 1 8; 2 15",
		"multiple, toggling":   "0 active; 1 active; 2 idle; 1 idle; 0 idle > idle; 0 idle; 1 idle; 1 active > active; 0 active",
		"partially idle":       "0 15; 1 10; 2 idle > 10; 1 18 > 15; 0 20 > 18",
		"one after the other":  "0 25; 1 10; 2 17 > 10; 1 idle > 17; 2 idle > 25",
		"all idle, last first": "0 10; 1 5; 2 3 > 3; 0 idle; 1 idle; 2 idle > 10 idle",
		"rejoining late":       "0 8; 1 10; 2 20 > 8; 1 idle; 0 21 > 20; 1 active; 1 15; 2 25 > 21; 1 22; 0 30 > 22",
	} {
		t.Run(name, func(t *testing.T) {
			n := 3
			if strings.Contains(name, "single") || strings.Contains(name, "intact") {
				n = 1
			}
			v := newValve(n)
			for _, step := range strings.Split(script, "; ") {
				in, want, _ := strings.Cut(step, " > ")
				var i int
				var what string
				if _, err := fmt.Sscan(in, &i, &what); err != nil {
					t.Fatal(err)
				}
				var got []string
				switch what {
				case "idle", "active":
					rose, changed := v.status(i, what == "idle")
					if rose {
						got = append(got, fmt.Sprint(v.last))
					}
					if changed {
						got = append(got, what)
					}
				default:
					var w int64
					if _, err := fmt.Sscan(what, &w); err != nil {
						t.Fatal(err)
					}
					if v.watermark(i, w) {
						got = append(got, fmt.Sprint(v.last))
					}
				}
				if !slices.Equal(got, strings.Fields(want)) {
					t.Fatalf("%s: %v came out, want %q", in, got, want)
				}
			}
		})
	}
}
