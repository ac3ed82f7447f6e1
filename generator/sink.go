package generator

import "context"

// Record is one generated record.
type Record struct {
	Data         []byte
	PartitionKey []byte
}

// Sink takes records, typically into a stream.
type Sink interface {
	// Put delivers a batch, in order, and returns once that is settled. failed is how many records were given up after
	// whatever retries the sink makes; an error ends the run. The records are valid until Put returns, and the sink must
	// not change them: copy what has to last longer. A sink with limits of its own (bytes per request, say) splits the
	// batch. Put is called by one goroutine at a time.
	Put(ctx context.Context, records []Record) (failed int, err error)
}

// SinkFunc makes a Sink of a function.
type SinkFunc func(ctx context.Context, records []Record) (failed int, err error)

// Put implements Sink.
func (f SinkFunc) Put(ctx context.Context, records []Record) (failed int, err error) {
	return f(ctx, records)
}
