package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/types"
)

// Aggregates come out the same in one phase and in two, with many rows per key and with few.
func TestPhases(t *testing.T) {
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(1, 1))
	var n, sum, weighted int64
	keys := map[int64]bool{}
	for f := range 4 {
		var text strings.Builder
		for i := range 10_000 {
			k, v := rnd.Int64N(2000), rnd.Int64N(100)
			if i < 7000 {
				k %= 3
			}
			keys[k] = true
			n, sum, weighted = n+1, sum+v, weighted+k*v
			fmt.Fprintf(&text, "{\"k\":%d,\"v\":%d,\"ts\":\"2026-01-01 00:00:%02d\"}\n", k, v, i*60/10_000)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(f, ".json")), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want := fmt.Sprint(n, " ", sum, " ", weighted)
	for _, query := range []string{
		"SELECT k, COUNT(*) AS c, SUM(v) AS s FROM i GROUP BY k",
		"SELECT k, COUNT(*) AS c, SUM(v) AS s FROM TABLE(TUMBLE(TABLE i, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end",
	} {
		for _, strategy := range []string{"ONE_PHASE", "AUTO", "TWO_PHASE"} {
			t.Run(strategy, func(t *testing.T) {
				s := open(t, engine.Options{Settings: map[string]string{
					"parallelism.default": "2", "table.optimizer.agg-phase-strategy": strategy, "table.exec.mini-batch.enabled": "true",
					"table.exec.mini-batch.allow-latency": "1 s", "table.exec.mini-batch.size": "1000",
				}})
				file := diag.NewFile("q.sql", fmt.Sprintf(`CREATE TEMPORARY TABLE i (k BIGINT, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
SELECT SUM(c), SUM(s), SUM(k * s) FROM (%s);`, dir, query))
				files, err := s.Check(file)
				if err != nil {
					t.Fatal(err)
				}
				var last string
				for _, stmt := range files[0].Stmts {
					r, err := s.Execute(t.Context(), file, stmt)
					if err != nil {
						t.Fatal(err)
					}
					if r.Query == nil {
						continue
					}
					j, err := r.Query.Start(t.Context(), func(b *types.Batch) error {
						for k := range b.Rows() {
							i := k
							if b.Sel != nil {
								i = int(b.Sel[k])
							}
							last = fmt.Sprint(b.Cols[0].Value(i), " ", b.Cols[1].Value(i), " ", b.Cols[2].Value(i))
						}
						return nil
					})
					if err != nil {
						t.Fatal(err)
					}
					if err := j.Wait(context.Background()); err != nil {
						t.Fatal(err)
					}
				}
				if last != want {
					t.Errorf("%s: got %s, want %s", query, last, want)
				}
			})
		}
	}
}
