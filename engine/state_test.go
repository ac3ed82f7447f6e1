package engine_test

import (
	"testing"

	"github.com/weirsql/weir/engine"
)

// What an operator keeps is told with what of it has gone to disk.
func TestStateBeyondMemory(t *testing.T) {
	s := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"weir.memory.limit": "1 mb", "parallelism.default": "2"}})
	r := must(t, s, `CREATE TEMPORARY TABLE n (id BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '200000', 'rows-per-second' = '10000000',
  'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '200000');
CREATE TEMPORARY TABLE o (id BIGINT, c BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT id, COUNT(*) FROM n GROUP BY id;`)
	if err := r.Job.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, m := range r.Job.Metrics() {
		if m.StateKeys > 0 && (m.Spilled < 1<<20 || m.StateBytes <= m.Spilled) {
			t.Errorf("%s: %d bytes of state, %d of them on disk", m.Name, m.StateBytes, m.Spilled)
		}
	}
}
