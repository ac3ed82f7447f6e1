package connectors

import (
	"context"
	"fmt"
	"time"

	"github.com/weirsql/weir/types"
)

// Sink is the writing side of one table within one job.
type Sink interface {
	// Accepts is the set of row kinds the sink can take. With Upsert the table has a primary key, and no -U rows reach the
	// sink: they are dropped before the +U that replaces the row, and are -D rows else.
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
	// Restored is what Prepared returned in the checkpoint that the job was restored from, for every subtask that had
	// written then; nil on a fresh start. With a changed parallelism one writer may get several.
	Restored [][]byte
	// Wake makes the task look at Full and Prepared again. Called by the writer, from any goroutine.
	Wake func()
	// Retried counts a request that the writer repeats. Called from any goroutine; may be nil.
	Retried func()
	// BadRow reports a row that the other side would never take, such as one that is too large: the record that it makes (read
	// during the call only), where it was to go ("stream clicks, partition key "a""), and why. If it returns nil the row counts
	// as written and is left out, else the writer returns the error. Called during Write; nil stands for one that returns err.
	BadRow func(raw []byte, where string, err error) error
}

// Refuse calls BadRow, if there is one.
func (wc *WriterContext) Refuse(raw []byte, where string, err error) error {
	if wc.BadRow != nil {
		return wc.BadRow(raw, where, err)
	}
	return fmt.Errorf("%s: %w", where, err)
}

// Writer writes rows. All calls come from one goroutine and none waits for the network or for a disk to be in sync:
// batches are encoded into a buffer, and what is slow is done by a goroutine of the writer's, started with Clock.Go.
//
// A checkpoint's barrier divides the rows. Those before it are made safe while those behind it are being written; when
// they are, Prepared gives the state that goes into the checkpoint, and Commit follows once the checkpoint as a whole is
// complete:
//
//	Write … Barrier(7) Write … Prepared(7) Write … Commit(7) Write …
//
// Checkpoints may be given up, and then a barrier is followed by the next one without Commit or even Prepared. So several
// may be outstanding, with rising numbers; none is taken back. At the end of the input the same happens once more, with
// the number math.MaxInt64, also when the job keeps no checkpoints.
type Writer interface {
	// Write takes the rows of b that count, in order. An error is final.
	Write(b *types.Batch) error
	// Full reports that enough is buffered: the task then waits for Wake before the next Write (backpressure).
	Full() bool
	// Flush starts sending what is buffered. It doesn't wait; an error that has come up meanwhile is final.
	Flush() error
	// Barrier says that the rows written so far belong to this checkpoint, and later ones to the next.
	Barrier(checkpoint int64) error
	// Prepared reports whether all rows before a barrier are safe, and if so what a restored writer must know: files to
	// publish, positions. The state may be nil; it covers what was prepared for earlier barriers and not yet published. It
	// is asked after Wake until it is done, and may be asked again then. An error is final.
	Prepared(checkpoint int64) (state []byte, done bool, err error)
	// Commit publishes what is before a barrier that was prepared, with the rows of checkpoints before it that failed. A
	// Commit that is repeated, also after a restore, must do no harm.
	Commit(checkpoint int64) error
	// Close releases everything; what was not committed may be lost.
	Close() error
}

// Sender is a Writer that sends its rows to a service. Sending may be called from any goroutine, also after Close.
type Sender interface {
	Writer
	Sending() Sending
}

// Sending is what a Sender has done since it was opened, and what it has yet to do.
type Sending struct {
	Records   int64 // that were acknowledged; an aggregated record is one
	Bytes     int64 // of them, as the service counts them
	Requests  int64 // that were answered, however
	Throttled int64 // requests, and records of requests, that were refused as too many; they were sent again
	Refused   int64 // likewise, but for another reason
	InFlight  int   // requests that wait for their answer

	Rows   int       // that are not acknowledged
	Buffer int64     // bytes of their records
	Oldest time.Time // when the oldest of them was written; zero when there are none
}

// WatermarkWriter is a Writer that wants to know how far event time is, such as one that marks partitions as complete.
type WatermarkWriter interface {
	Writer
	// Watermark says that no row with an event time of w milliseconds or less is expected any more; w never falls. It comes
	// from the goroutine of all other calls, between those for the rows before it and behind it.
	Watermark(w int64)
}
