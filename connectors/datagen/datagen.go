package datagen

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `datagen`.
var Spec = &connectors.Spec{
	Name:    "datagen",
	Summary: "Makes up rows, at random or by counting.",
	Options: []option.Option{
		{Key: "rows-per-second", Kind: option.Int, Default: "10000", Summary: "How many rows to make in a second, at most."},
		{Key: "number-of-rows", Kind: option.Int, Summary: "How many rows to make in all; without it, no end."},
		{Key: "fields.", Kind: option.String, Prefix: true,
			Summary: "fields.NAME.kind (random or sequence), .min, .max, .length, .var-len, .max-past, .null-rate, .start, .end."},
	},
	NewSource: newSource,
}

// source has one split, so that its rows come in the order of their numbers, or at rates that one subtask can't keep up with
// as many as there are subtasks: the i-th of n makes the rows i, i+n, i+2n, ….
type source struct {
	clock   clock.Clock
	columns map[string]generator
	rate    int64
	rows    int64 // math.MaxInt64 is no end
	splits  []connectors.Split
}

var (
	_ connectors.Source   = (*source)(nil)
	_ connectors.Divided  = (*source)(nil)
	_ connectors.Restorer = (*source)(nil)
)

// divided is the rate, in rows a second, from which the rows are divided among the subtasks. Making rows, and what is
// computed from them before an exchange, is what keeps a subtask from it, and who wants as many doesn't look at their order.
const divided = 1_000_000

func newSource(env *connectors.Env, t *connectors.Table) (connectors.Source, error) {
	s := &source{splits: []connectors.Split{{ID: "rows"}}, clock: env.Clock, rate: t.Options.Int("rows-per-second"), rows: math.MaxInt64}
	if s.rate <= 0 {
		return nil, option.Errorf("rows-per-second", "option %q must be more than 0", "rows-per-second")
	}
	if t.Options.Given("number-of-rows") {
		if s.rows = t.Options.Int("number-of-rows"); s.rows < 0 {
			return nil, option.Errorf("number-of-rows", "option %q must not be negative", "number-of-rows")
		}
	}
	b := &builder{clock: env.Clock, seed: uint64(env.Seed), options: t.Options.WithPrefix("fields."), used: map[string]bool{}, rows: s.rows}
	s.columns = map[string]generator{}
	for _, f := range t.Physical() {
		g, err := b.column(f.Name, f.Type)
		if err != nil {
			return nil, err
		}
		s.columns[f.Name] = g
	}
	if err := b.unused(); err != nil {
		return nil, err
	}
	s.rows = b.rows
	return s, nil
}

// Mode implements connectors.Source.
func (s *source) Mode() types.ChangelogMode { return types.AppendOnly }

// Bounded implements connectors.Source.
func (s *source) Bounded() bool { return s.rows < math.MaxInt64 }

// DiscoveryInterval implements connectors.Source.
func (s *source) DiscoveryInterval() time.Duration { return 0 }

// Splits implements connectors.Source.
func (s *source) Splits(context.Context) ([]connectors.Split, error) { return s.splits, nil }

// Divide implements connectors.Divided.
func (s *source) Divide(n int) {
	if s.rate < divided || n < 2 {
		return
	}
	s.splits = nil
	for i := range n {
		s.splits = append(s.splits, connectors.Split{ID: share{i, n}.id()})
	}
}

// Restored implements connectors.Restorer: the rows stay divided as they were.
func (s *source) Restored(splits []connectors.Split, _ []string) { s.splits = splits }

// Describe implements connectors.Source.
func (s *source) Describe() string {
	text := fmt.Sprintf("%d rows/s", s.rate)
	if s.Bounded() {
		text += fmt.Sprintf(", %d rows", s.rows)
	}
	return text
}

// Open implements connectors.Source.
func (s *source) Open(_ context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	return newReader(s, split, rc)
}
