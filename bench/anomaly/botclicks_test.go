package anomaly

import (
	"math"
	"os"
	"testing"
	"time"

	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/udf/rcf"
)

// The demonstration queries/examples/bot_clicks.sql has one seed. Under others, too, it finds every window in which bots
// click, and nothing on the busy evening.
func TestBotClicksUnderOtherSeeds(t *testing.T) {
	text, err := os.ReadFile("../../queries/examples/bot_clicks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := generator.ParseScenario("bot_clicks.yaml", text, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	const window = 15 * time.Minute
	evening := time.Date(2024, 5, 8, 18, 0, 0, 0, time.UTC)
	for s.Seed = 42; s.Seed < 50; s.Seed++ {
		windows, err := s.Series(window)
		if err != nil {
			t.Fatal(err)
		}
		f, err := rcf.NewThresholded(rcf.Options{ShingleSize: 4, InternalShingling: true, Seed: 42}, rcf.ThresholdOptions{})
		if err != nil {
			t.Fatal(err)
		}
		labels := s.Labels()
		if len(labels) != 1 || labels[0].Kind != "bots" {
			t.Fatalf("labels %+v", labels)
		}
		bots, ordinary := 0, 0
		var v rcf.Verdict
		for at, counts := range windows {
			ctr := math.Round(1000*float64(counts[1])/float64(counts[0])) / 10
			if err := f.Process([]float64{ctr}, &v); err != nil {
				t.Fatal(err)
			}
			found := v.Grade >= 0.5
			switch {
			case at.Before(labels[0].End) && labels[0].Start.Before(at.Add(window)):
				if bots++; !found {
					t.Errorf("seed %d: bots at %v, %v %%: grade %v", s.Seed, at, ctr, v.Grade)
				}
			case at.Before(labels[0].Start) && (ctr < 8 || ctr > 15):
				t.Errorf("seed %d: the rate at %v is %v %%", s.Seed, at, ctr)
			case !at.Before(evening) && at.Before(evening.Add(4*time.Hour)):
				if ordinary++; found {
					t.Errorf("seed %d: the busy evening at %v, %v %%: grade %v", s.Seed, at, ctr, v.Grade)
				}
			}
		}
		if bots != 4 || ordinary != 16 {
			t.Errorf("seed %d: %d windows with bots, %d of the evening", s.Seed, bots, ordinary)
		}
	}
}
