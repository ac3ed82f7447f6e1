package engine_test

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"testing"
	"weak"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// holder is a function whose every use holds a megabyte, of which it tells.
func holder(held func(weak.Pointer[[1 << 20]byte])) udf.Spec {
	return udf.Spec{Name: "KEEPING", Family: "test", Usage: []string{"KEEPING(n)"}, NonDeterministic: true, Scalar: func(*udf.Call) (*udf.BoundScalar, error) {
		block := new([1 << 20]byte)
		held(weak.Make(block))
		return &udf.BoundScalar{Args: []types.Type{types.BigIntType}, Result: types.BigIntType,
			Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
				for i, v := range args[0].I64[:n] {
					out.I64[i] = v + int64(block[i])
				}
				return nil
			}}, nil
	}}
}

// A session lists the jobs that run and the newest hundred that have ended, with their figures; of those that have ended
// nothing else is left in memory.
func TestEndedJobsAreSmall(t *testing.T) {
	var blocks []weak.Pointer[[1 << 20]byte]
	s := open(t, engine.Options{
		DataDir: t.TempDir(), Settings: map[string]string{"parallelism.default": "2"},
		Functions: []udf.Spec{holder(func(p weak.Pointer[[1 << 20]byte]) { blocks = append(blocks, p) })},
	})
	running := must(t, s, `CREATE TEMPORARY TABLE endless (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1');
CREATE TEMPORARY TABLE few (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '7');
CREATE TEMPORARY TABLE o (n BIGINT) WITH ('connector' = 'blackhole');
INSERT INTO o SELECT n FROM endless;`).Job
	var all []*engine.Job
	for i := range 103 {
		statement := "INSERT INTO o SELECT n FROM few;"
		if i%20 == 0 {
			statement = fmt.Sprintf("INSERT INTO o SELECT KEEPING(n) + %d FROM few;", i)
		}
		job := must(t, s, statement).Job
		if err := job.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		all = append(all, job)
	}
	if listed := s.Jobs(); !slices.Equal(listed, append([]*engine.Job{running}, all[3:]...)) {
		t.Errorf("%d jobs are listed", len(listed))
	}

	if len(blocks) < 6 {
		t.Fatalf("the function was used %d times", len(blocks))
	}
	goruntime.GC()
	left := 0
	for _, p := range blocks {
		if p.Value() != nil {
			left++
		}
	}
	if left > 0 {
		t.Errorf("ended jobs hold %d of %d blocks", left, len(blocks))
	}

	for range 2 {
		info, counters := all[102].Info(), all[102].Metrics()
		if info.State != "FINISHED" || info.Ended.IsZero() || len(info.Operators) == 0 || len(info.Operators[0].Subtasks) == 0 {
			t.Fatalf("the last job: %+v", info)
		}
		out := int64(0)
		for _, m := range counters {
			if m.ID == info.Operators[0].ID {
				out += m.RecordsOut
			}
		}
		if out != 7 {
			t.Errorf("the source gave %d rows of 7", out)
		}
		info.Operators[0], counters[0] = info.Operators[len(info.Operators)-1], counters[len(counters)-1] // the caller's own
	}
	goruntime.KeepAlive(all)
}

// When a job has been stopped the same statement can be started at once.
func TestStartAfterStop(t *testing.T) {
	// On one processor, who waits for a job runs before what tidies up behind it.
	defer goruntime.GOMAXPROCS(goruntime.GOMAXPROCS(1))
	s := open(t, engine.Options{DataDir: t.TempDir(), Settings: map[string]string{"execution.checkpointing.savepoint-dir": t.TempDir()}})
	const insert = "INSERT INTO o SELECT n FROM endless;"
	job := must(t, s, `CREATE TEMPORARY TABLE endless (n BIGINT) WITH ('connector' = 'datagen', 'rows-per-second' = '1000');
CREATE TEMPORARY TABLE o (n BIGINT) WITH ('connector' = 'blackhole');`+insert).Job
	for i := range 60 {
		switch i % 3 {
		case 0:
			if err := job.Stop(t.Context(), false); err != nil {
				t.Fatal(err)
			}
		case 1:
			must(t, s, "STOP JOB '"+job.ID+"';")
		case 2:
			eventually(t, "rows", func() bool { return sunk(job) > 0 })
			if _, err := job.Savepoint(t.Context(), "", true, false); err != nil {
				t.Fatal(err)
			}
		}
		r, err := run(t, s, insert)
		if err != nil {
			t.Fatalf("start %d: %v", i, err)
		}
		job = r.Job
	}
}
