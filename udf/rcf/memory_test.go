package rcf

import (
	"runtime"
	"testing"
)

// heap returns the memory in use, and keeps what was made until then.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Many small forests, one a key, must fit into memory: 10,000 of 10 trees of 32 points below 400 MB. Measured with 200 of
// them, full and young; the estimate must agree.
func TestMemoryOfManyForests(t *testing.T) {
	const forests = 200
	for _, c := range []struct {
		name         string
		points       int
		mostOf10_000 int // bytes
	}{
		{"full", 200, 250e6},
		{"of 4 points", 4, 70e6},
		{"empty", 0, 35e6},
	} {
		before := heap()
		all := make([]*Forest, forests)
		estimate := 0
		for i := range all {
			all[i] = mustNew(t, Options{Trees: 10, SampleSize: 32, Seed: int64(i)})
			for k := range c.points {
				step(t, all[i], []float64{float64((k*k*k + i) % 4001)})
			}
			estimate += all[i].Bytes()
		}
		used := heap() - before
		t.Logf("%s: %d bytes a forest, estimated %d; 10,000 are %d MB", c.name, used/forests, estimate/forests, used*(10_000/forests)/1e6)
		if used*(10_000/forests) > c.mostOf10_000 {
			t.Errorf("%s: 10,000 forests would take %d bytes, more than %d", c.name, used*(10_000/forests), c.mostOf10_000)
		}
		if estimate < used*8/10 || estimate > used*12/10 {
			t.Errorf("%s: the estimate is %d bytes, used are %d", c.name, estimate, used)
		}
		runtime.KeepAlive(all)
	}
}
