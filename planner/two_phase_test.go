package planner

import (
	"strings"
	"testing"

	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner/physical"
)

// Which aggregations get a first phase, and that operators have the same IDs with and without it.
func TestTwoPhases(t *testing.T) {
	const (
		window = "FROM TABLE(TUMBLE(TABLE t, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end"
		groups = "FROM t GROUP BY k"
	)
	for _, c := range []struct {
		query           string
		settings        string
		auto, twoPhases bool
	}{
		{query: "SELECT k, COUNT(*), SUM(v), AVG(v), MIN(s), MAX(d) " + window, auto: true, twoPhases: true},
		{query: "SELECT k, COUNT(f) FILTER (WHERE v > 1) " + window, auto: true, twoPhases: true},
		{query: "SELECT COUNT(*) " + strings.Replace(window, "k, ", "", 1), auto: true, twoPhases: true},
		{query: "SELECT k, window_end, COUNT(*) FROM TABLE(HOP(TABLE t, DESCRIPTOR(ts), INTERVAL '5' SECOND, INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end", auto: true, twoPhases: true},
		{query: "SELECT k, SUM(f) " + window, twoPhases: true},
		{query: "SELECT k, STDDEV_POP(v) " + window, twoPhases: true},
		{query: "SELECT k, COUNT(DISTINCT v) " + window, twoPhases: true},
		{query: "SELECT k, COUNT(*), LAST_VALUE(v) " + window},
		{query: "SELECT k, LISTAGG(s) " + window},
		{query: "SELECT k, COUNT(*) FROM TABLE(SESSION(TABLE t PARTITION BY k, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end"},
		{query: "SELECT k, COUNT(*) " + groups},
		{query: "SELECT k, COUNT(*) " + groups, settings: "table.exec.mini-batch.enabled=true", auto: true, twoPhases: true},
		{query: "SELECT v, COUNT(*) FROM (SELECT k, COUNT(*) AS v " + groups + ") GROUP BY v", settings: "table.exec.mini-batch.enabled=true", auto: true, twoPhases: true},
		{query: "SELECT k, COUNT(*) " + window, settings: "parallelism.default=1", twoPhases: true},
		{query: "SELECT k, COUNT(*) " + window, settings: "parallelism.default=2", auto: true, twoPhases: true},
	} {
		ids := map[string]bool{}
		for strategy, want := range map[string]bool{"ONE_PHASE": false, "AUTO": c.auto, "two_phase": c.twoPhases} {
			p := newTestPlanner(t)
			set := []string{"table.optimizer.agg-phase-strategy=" + strategy}
			if c.settings != "" {
				set = append(set, c.settings)
			}
			for _, s := range set {
				key, value, _ := strings.Cut(s, "=")
				if err := p.Settings.Set(key, value); err != nil {
					t.Fatal(err)
				}
			}
			file, errs := parser.ParseFile("q.sql", "CREATE TABLE t (k BIGINT, v BIGINT, s STRING, d DECIMAL(10, 2), f DOUBLE, ts TIMESTAMP(3), WATERMARK FOR ts AS ts) WITH ('connector' = 'fake');\n"+c.query+";")
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			if _, errs := p.Define(file.Stmts[0]); len(errs) > 0 {
				t.Fatal(errs)
			}
			plan, errs := p.PlanQuery(file.Stmts[1].(*parser.Query))
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			first := 0
			all := ""
			for _, n := range plan.Nodes {
				if physical.Below(n) != n {
					first++
				} else {
					all += " " + n.Base().ID
				}
			}
			ids[all] = true
			if want != (first == 1) || first > 1 {
				t.Errorf("%s, %s: %d first phases\n%s", c.query, strategy, first, explainText(plan))
			}
		}
		if len(ids) != 1 {
			t.Errorf("%s: operators have other IDs in another number of phases: %v", c.query, ids)
		}
	}
}
