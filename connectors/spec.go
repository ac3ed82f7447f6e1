package connectors

import (
	"io"
	"log/slog"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// Spec describes a connector: what `'connector' = 'name'` means.
type Spec struct {
	Name    string
	Aliases []string // other names it answers to
	Summary string   // one sentence
	// Options are those of the table besides 'connector', 'format' and the format's own. Unknown keys are refused.
	Options []option.Option
	// Metadata columns that METADATA FROM 'key' may name.
	Metadata []Metadata
	// Format says that the table needs a 'format'.
	Format bool
	// NewSource and NewSink check the table further than Options can say and prepare for reading or writing; nil when
	// the connector has no such side. They make no network call and open nothing. An *option.Error is shown at the
	// option it names.
	NewSource func(env *Env, t *Table) (Source, error)
	NewSink   func(env *Env, t *Table) (Sink, error)
}

// Metadata is a column that the connector itself fills.
type Metadata struct {
	Key      string
	Type     types.Type
	Writable bool // may be written by a sink; else it must be declared VIRTUAL in a sink table
	Summary  string
}

// Table is what a connector learns of the table it serves.
type Table struct {
	Path          string // `catalog.database.name`, for messages
	Columns       []Column
	PrimaryKey    []string
	PartitionKeys []string
	Options       option.Values
	Format        *format.Spec // nil when Spec.Format is false
}

// Column is a physical or metadata column of a table. Computed columns are the planner's business.
type Column struct {
	Name        string
	Type        types.Type
	MetadataKey string // "" for a physical column
	Virtual     bool   // a metadata column that is only read
}

// Physical returns the physical columns.
func (t *Table) Physical() []types.Field {
	var fields []types.Field
	for _, c := range t.Columns {
		if c.MetadataKey == "" {
			fields = append(fields, types.Field{Name: c.Name, Type: c.Type})
		}
	}
	return fields
}

// Env is what the engine lends to connectors.
type Env struct {
	Clock clock.Clock
	Log   *slog.Logger
	// Stdout is where `print` writes.
	Stdout io.Writer
	// KinesisEndpoint and SNSEndpoint are the embedded server's addresses when weir runs with --local; tables without
	// an explicit 'aws.endpoint' then mean that server. Empty: AWS.
	KinesisEndpoint, SNSEndpoint string
	// Seed makes generated data and random partition keys repeatable.
	Seed int64
}
