package connectors

import (
	"context"
	"time"

	"github.com/weirsql/weir/types"
)

// Source is the reading side of one table within one job. Its methods are called from one goroutine at a time.
type Source interface {
	// Mode is the set of row kinds that readers produce.
	Mode() types.ChangelogMode
	// Bounded reports whether all splits end by themselves.
	Bounded() bool
	// Splits lists the parts that can be read now, each from its start. It may call the network. The engine calls it
	// at the start of a job and then every DiscoveryInterval; a split is known by its ID, and one that has been seen is not
	// opened again (but see Forgetter). After a restore the positions in the checkpoint replace those given here.
	Splits(ctx context.Context) ([]Split, error)
	// DiscoveryInterval is how often to look for new splits; 0 means never again.
	DiscoveryInterval() time.Duration
	// Open starts reading a split from its position.
	Open(ctx context.Context, split Split, rc ReaderContext) (Reader, error)
	// Describe says in a few words what is read, for EXPLAIN: `stream=clicks, start=TRIM_HORIZON`.
	Describe() string
}

// Restorer is implemented by sources that must know what has been read of them before. A job that goes on from a
// checkpoint calls Restored once, before Splits and Open, with the splits that are to be read on and the IDs of those that
// had ended; a split in neither has appeared since, and nothing of it has been read.
type Restorer interface {
	Restored(splits []Split, ended []string)
}

// Releaser is implemented by sources that hold something outside of this process for a job, such as a registered consumer. A
// job that has ended calls Release once, when all its readers are closed; one that is started again after a failure doesn't,
// and its next source may find what the last one held.
type Releaser interface {
	Release(ctx context.Context)
}

// Divided is implemented by sources that have no parts of their own and can make as many as there are subtasks to read them.
// A job that starts without a checkpoint calls Divide once, before Splits, with the parallelism of the scan.
type Divided interface {
	Divide(n int)
}

// Forgetter is implemented by sources whose splits come and go for as long as a job runs. A split that has been read and that
// Splits has not listed any more for ForgetAfter is forgotten; if its ID is listed later, it is a new one. Other splits are
// remembered for as long as the job lives, its checkpoints included.
type Forgetter interface {
	ForgetAfter() time.Duration
}

// Limited is implemented by sources that may have more splits than can be open at a time. Their splits come to an end and
// can be read at once. A reader may be closed and another one opened at its position when a split that is further behind
// in event time needs the place.
type Limited interface {
	// MaxOpen is how many readers each subtask may have open.
	MaxOpen() int
}

// Split is a part of a source that is read in order by one reader: a shard, a file.
type Split struct {
	ID string
	// Position is where reading goes on: what Reader.Position returned, as JSON; nil is the source's configured start.
	Position []byte
}

// ReaderContext is what a reader works with.
type ReaderContext struct {
	// Columns are the columns to fill, in the order of the batch: those of Table.Columns that the query needs. May be
	// empty, when only the number of rows matters.
	Columns []Column
	// Wake makes the task poll again. A reader calls it, from any goroutine, when Poll would no longer return Idle.
	Wake func()
	// Retried counts a request that the reader repeats. Called from any goroutine; may be nil.
	Retried func()
	// Ignored counts records, and values of records, that were unfit and left out because an option such as
	// 'json.ignore-parse-errors' says so. Called during Poll; may be nil.
	Ignored func(n int)
	// BadRecord reports a record that doesn't decode: the raw bytes (read during the call only), where it stood
	// ("shard shardId-000000000000, sequence number 495…"), and why. If it returns nil the record is skipped, else the
	// reader returns the error from Poll.
	BadRecord func(raw []byte, where string, err error) error
}

// PollStatus says what a Poll found.
type PollStatus uint8

const (
	Ready PollStatus = iota // there may be more right now
	Idle                    // nothing for now; the reader will call Wake
	Ended                   // the split is finished; Poll is not called again
)

// Reader reads one split. All calls come from one goroutine.
type Reader interface {
	// Poll appends up to max rows to out, whose columns are ReaderContext.Columns, and doesn't wait for the network:
	// what must be fetched is fetched by the reader's own goroutine, started with Clock.Go, into a bounded buffer.
	// Reading a local file is not waiting. Rows and a status other than Ready may come together. A network error is
	// retried by the reader and returned here only when it is final.
	Poll(out *types.Batch, max int) (PollStatus, error)
	// Position says, as JSON, where reading would go on behind the last row that Poll appended.
	Position() []byte
	// Close ends reading and waits for the reader's goroutines.
	Close() error
}

// Lagger is implemented by readers that know how far behind the end of their split they are. Lag may be called from any
// goroutine, also after Close.
type Lagger interface {
	Lag() time.Duration
}

// RequestCounter is implemented by readers that ask a service for records. Requests may be called from any goroutine, also
// after Close.
type RequestCounter interface {
	Requests() Requests
}

// Requests counts what has happened to the requests of a reader since it was opened.
type Requests struct {
	Throttled int64 // refused because there were too many
	Retried   int64 // repeated, for that reason or another
	Expired   int64 // begun at a position whose records the service had dropped in part
}

// Locator is implemented by readers that can say where a row came from, for messages.
type Locator interface {
	// Locate describes the record that row i of the last Poll came from, as ReaderContext.BadRecord has it: "stream clicks,
	// shard shardId-000000000000, sequence number 495…". It is called before the next Poll, and seldom: it may read or
	// decode again.
	Locate(row int) string
}

// ByteCounter is implemented by readers that know the size of what they read: BytesRead is the size of the records that
// Poll has been through since the reader was opened, undecoded and uncompressed, those that don't decode included.
type ByteCounter interface {
	BytesRead() int64
}
