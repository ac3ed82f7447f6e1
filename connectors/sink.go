package connectors

import (
	"context"

	"github.com/weirsql/weir/types"
)

// Sink is the writing side of one table within one job.
type Sink interface {
	// Accepts is the set of row kinds the sink can take. With Upsert the table has a primary key, and -U rows are
	// dropped before they reach the sink.
	Accepts() types.ChangelogMode
	// NewWriter starts one parallel writer.
	NewWriter(ctx context.Context, wc WriterContext) (Writer, error)
	// Describe says in a few words where rows go, for EXPLAIN.
	Describe() string
}

// WriterContext is what a writer works with.
type WriterContext struct {
	JobID       string
	Subtask     int // 0 … Parallelism-1
	Parallelism int
	// Columns are the columns of the batches: the table's physical and writable metadata columns, in table order.
	Columns []Column
	// Restored is what Snapshot returned in the checkpoint that the job was restored from, for every subtask that had
	// written then; nil on a fresh start. With a changed parallelism one writer may get several.
	Restored [][]byte
	// Wake makes the task look at Full and Flush again. Called by the writer, from any goroutine.
	Wake func()
	// Retried counts a request that the writer repeats. Called from any goroutine; may be nil.
	Retried func()
}

// Writer writes rows. All calls come from one goroutine and none waits for the network: batches are encoded into a
// buffer, which a goroutine of the writer's, started with Clock.Go, sends.
//
// The order around a checkpoint is: Write …, Flush until done, Snapshot, and, once the checkpoint as a whole is complete,
// Commit. At the end of a bounded input the same happens once more, with no checkpoint when the job keeps none.
type Writer interface {
	// Write takes the rows of b that count, in order. An error is final.
	Write(b *types.Batch) error
	// Full reports that enough is buffered: the task then waits for Wake before the next Write (backpressure).
	Full() bool
	// Flush starts sending everything buffered and reports whether all that was written so far is safe. It is called
	// again after Wake until it is.
	Flush() (done bool, err error)
	// Snapshot returns what a restored writer must know: files to publish, positions. May be nil.
	Snapshot() ([]byte, error)
	// Commit publishes what the last Snapshot covered. A repeated Commit after a restore must do no harm.
	Commit() error
	// Close releases everything; what was not committed may be lost.
	Close() error
}
