// Package physical is the physical plan: the operators that the runtime runs, the exchanges between them, and what
// each edge carries. It is plain data that the planner writes and the runtime reads; nothing here computes.
//
// Start reading at Plan and Node.
package physical

import (
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Plan is the operator graph of one job. It is a DAG: a node that feeds several others (a shared source) occurs once.
type Plan struct {
	// Nodes are in topological order: inputs before those that read them.
	Nodes []Node
	// Parallelism is that of every node whose Info doesn't say otherwise.
	Parallelism int
	// Seed is what random functions draw from, unless the job is restored: then it is the seed of the checkpoint.
	Seed int64
	// Seeded says that there are functions which draw from it (udf.Scalar.Seeded), SeedChosen that the user has set it.
	Seeded, SeedChosen bool
}

// Node is an operator of the plan. Implementations: Calc, ChangelogNormalize, Collect, Correlate, GroupAggregate, Join, Limit,
// LocalGroupAggregate, LocalWindowAggregate, OverAggregate, Scan, Sink, Union, Values, WindowAggregate, WindowTable.
type Node interface {
	// Base returns what all nodes have.
	Base() *Info
	// Name is the operator's name in EXPLAIN and metrics: "Scan", "Calc".
	Name() string
	// Detail prints what the node does, for EXPLAIN: "keys=[site], window=TUMBLE(10 s)".
	Detail() string
}

// Info is the part that all nodes share.
type Info struct {
	// ID names the operator's state in checkpoints. It is derived from the plan: the same statement gives the same IDs.
	ID     string
	Inputs []Edge
	// Schema describes the rows that leave the node, Mode the row kinds.
	Schema *types.Schema
	Mode   types.ChangelogMode
	// Key lists columns that identify a row among those present at one time, or nil when there is none; for an Upsert
	// edge it is the key that updates and deletions refer to.
	Key []int
	// Parallelism is the number of subtasks; 0 means the plan's. Because says why it is fixed.
	Parallelism int
	Because     string
}

// Base implements Node for every struct that embeds Info.
func (i *Info) Base() *Info { return i }

// Edge is an input of a node.
type Edge struct {
	From     Node
	Exchange Exchange
	Keys     []int // of a Hash exchange: columns of From
}

// Exchange is how rows travel from the subtasks of one operator to those of another.
type Exchange uint8

const (
	Forward   Exchange = iota // subtask i to subtask i, in the same goroutine; turned into Rebalance when the numbers differ
	Hash                      // by the key group of Keys
	Rebalance                 // batches in turn
	Broadcast                 // all rows to all
	Single                    // all rows to the one subtask there is
)

// String returns the exchange's name in EXPLAIN.
func (e Exchange) String() string {
	return [...]string{"forward", "hash", "rebalance", "broadcast", "single"}[e]
}

// Scan reads a table: its needed columns, then computed ones, with a watermark per split.
type Scan struct {
	Info
	Table   *connectors.Table
	Source  connectors.Source
	Columns []connectors.Column // what readers fill
	// Project computes Info.Schema from Columns; nil when they are the same.
	Project   []rex.Expr
	Watermark *Watermark // or nil
	// DeadLetter takes records that don't decode; nil: the job fails with their position.
	DeadLetter *DeadLetter
}

// Watermark says how a scan derives its watermark.
type Watermark struct {
	Column  int      // the rowtime column in the scan's schema
	Expr    rex.Expr // over the scan's schema: TIMESTAMP or TIMESTAMP_LTZ; the watermark is the largest value so far, in milliseconds
	OnEvent bool     // 'scan.watermark.emit.strategy' = 'on-event': after every Gap rows of a split, not after every batch
	Gap     int64    // with OnEvent; at least 1
	// IdleTimeout excludes a split without rows from the minimum; 0 means never.
	IdleTimeout time.Duration
	Alignment   *Alignment // or nil
}

// Alignment bounds how far a split may run ahead in event time: not by more than MaxDrift of the slowest split of all
// scans of the job in the same group.
type Alignment struct {
	Group    string
	MaxDrift time.Duration
}

// DeadLetter is the table named by the option 'dead-letter': it receives raw BYTES, position STRING, reason STRING, as
// far as it has columns of these names.
type DeadLetter struct {
	Table   *connectors.Table
	Sink    connectors.Sink
	Columns []DeadLetterField // by column of the table
}

// DeadLetterField is what a column of a dead-letter table receives.
type DeadLetterField uint8

const (
	DeadLetterNone DeadLetterField = iota // NULL
	DeadLetterRaw
	DeadLetterPosition
	DeadLetterReason
)

// ChangelogNormalize completes the changelog of an upsert source: updates get the row they replace, deletions the row
// that goes. Info.Key is the source's primary key.
type ChangelogNormalize struct {
	Info
}

// Calc filters rows and computes columns.
type Calc struct {
	Info
	Filter  rex.Expr   // BOOLEAN over the input, or nil; only TRUE passes
	Project []rex.Expr // one per column of the schema; nil passes the input's columns on
}

// Correlate joins each row with the rows that a table function makes of it; each of them has the kind of its row. Its
// schema is the input's columns Keep, then the function's Columns. It needs the -U of an update: the new row may make
// fewer rows than the old one did.
type Correlate struct {
	Info
	Call    *rex.TableCall // over the input
	Left    bool           // a row of which the function makes none is kept, with NULLs for the function's columns
	Keep    []int          // columns of the input
	Columns []int          // columns of Call.Fn.Columns
	// Condition is, with Left, which of the rows that the function makes count, over the schema's columns; nil: all.
	Condition rex.Expr
}

// WindowKind is the kind of a window.
type WindowKind uint8

const (
	Tumble WindowKind = iota
	Hop
	Cumulate
	Session
)

// String returns the window's name.
func (k WindowKind) String() string { return [...]string{"TUMBLE", "HOP", "CUMULATE", "SESSION"}[k] }

// Window describes windows over a time attribute. Durations are in milliseconds.
type Window struct {
	Kind     WindowKind
	Time     int   // the time attribute's column in the input; -1 for Attached windows
	Proctime bool  // processing time: rows belong to the moment they arrive, windows fire by the clock
	Size     int64 // Tumble, Hop: length; Cumulate: longest length; Session: the gap
	Slide    int64 // Hop: distance of starts; Cumulate: step
	Offset   int64
	// Attached windows were assigned by a WindowTable below: these are its start and end columns.
	Attached   bool
	Start, End int
	// Local says that the time attribute is a TIMESTAMP_LTZ: windows follow the clock of the session's zone.
	Local bool
}

// WindowProperty is a column that a windowed operator adds.
type WindowProperty uint8

const (
	WindowStart WindowProperty = iota
	WindowEnd
	WindowTime // end - 1 ms, as a time attribute
)

// WindowTable is a window table-valued function: each row once per window it belongs to, with columns window_start,
// window_end and window_time appended.
type WindowTable struct {
	Info
	Window Window
	// PartitionBy are the columns a Session window is kept per.
	PartitionBy []int
}

// AggCall is one aggregate of an aggregation.
type AggCall struct {
	Name     string // as written, for EXPLAIN: "COUNT(DISTINCT site)"
	Function string // the function's name: "COUNT"
	Fn       *udf.BoundAggregate
	Args     []int // columns of the input, of the types Fn.Args
	Filter   int   // BOOLEAN column of FILTER (WHERE …); -1 without
	Distinct bool
	Span     diag.Span // where it was written, for errors at run time
}

// WindowAggregate groups by keys and windows and emits each window's groups when the watermark passes its end. Its
// schema is the keys, then the aggregates, then the Properties.
type WindowAggregate struct {
	Info
	Window     Window
	Keys       []int
	Aggs       []AggCall
	Properties []WindowProperty
	// InputRetracts says that the input carries -U or -D; a window's group that has lost all its rows is not emitted.
	InputRetracts bool
}

// GroupAggregate groups by keys and emits a changelog. Its schema is the keys, then the aggregates. Without keys there
// is one group, that exists from its first row on: as in Flink's streaming mode, an empty input gives no row.
type GroupAggregate struct {
	Info
	Keys []int
	Aggs []AggCall
	// InputRetracts says that the input carries -U or -D.
	InputRetracts bool
	// MiniBatch emits a group's change once per batch instead of once per row (table.exec.mini-batch.enabled).
	MiniBatch bool
	TTL       time.Duration // table.exec.state.ttl; 0: for ever
}

// LocalWindowAggregate is the first of two phases, before the exchange of a WindowAggregate over event time: it gathers
// rows by key and slice of time. Its rows have the input's columns and then a BYTES column of partial results: empty in a
// row of the input as it came; else the row stands for several, and only its keys and its time attribute mean something.
type LocalWindowAggregate struct {
	Info
	Window Window
	Keys   []int
	Aggs   []AggCall
	// Optional leaves it to the runtime which rows are gathered, and whether the node is there at all.
	Optional bool
}

// LocalGroupAggregate is the first of two phases of a GroupAggregate with MiniBatch. Its rows are as those of a
// LocalWindowAggregate.
type LocalGroupAggregate struct {
	Info
	Keys     []int
	Aggs     []AggCall
	Optional bool
}

// PartialColumn returns the column in which n's rows have partial results, or -1: n is not the first of two phases.
func PartialColumn(n Node) int {
	if Below(n) == n {
		return -1
	}
	return len(n.Base().Schema.Fields) - 1
}

// Below returns the node that the first of two phases reads; any other node is returned as it is.
func Below(n Node) Node {
	switch n.(type) {
	case *LocalWindowAggregate, *LocalGroupAggregate:
		return n.Base().Inputs[0].From
	}
	return n
}

// Optional reports whether a plan is the same without n: what reads n can read Below(n).
func Optional(n Node) bool {
	switch n := n.(type) {
	case *LocalWindowAggregate:
		return n.Optional
	case *LocalGroupAggregate:
		return n.Optional
	}
	return false
}

// Frame is which rows before it belong to a row's OVER window; the row itself always does, and is the last one but for its
// peers.
type Frame struct {
	Rows      bool  // rows are counted; else it is a range of time, and rows of the same time (peers) belong to each other's
	Bounded   bool  // by Preceding; else all rows before belong to it
	Preceding int64 // so many rows, or milliseconds
}

// OverAggregate adds to every row what calls give over the rows of the same key up to it, in the order of a time attribute.
// Its schema is the input's, then the functions, then the aggregates. Rows leave when the watermark passes them; over
// processing time at once, or when their millisecond is over if they have peers.
type OverAggregate struct {
	Info
	PartitionBy []int
	Time        int // the time attribute's column
	Proctime    bool
	Frame       Frame
	Functions   []*rex.Call // with memory, one for each key; over the input. Only with the frame that is the default
	Aggs        []AggCall
	TTL         time.Duration // table.exec.state.ttl; 0: for ever
	MaxKeys     int64         // weir.over.max-keys, of all subtasks together; 0: any number
}

// JoinKind is the kind of a join.
type JoinKind uint8

const (
	InnerJoin JoinKind = iota
	LeftJoin
	RightJoin
	FullJoin
	SemiJoin // left rows with a match; the schema is the left input's
	AntiJoin // left rows without a match
)

// String returns the join's name.
func (k JoinKind) String() string {
	return [...]string{"Inner", "LeftOuter", "RightOuter", "FullOuter", "LeftSemi", "LeftAnti"}[k]
}

// Join is a regular join: both sides are kept, and the result is a changelog where one is needed. Its schema is the
// left columns, then the right ones (not for SemiJoin and AntiJoin).
type Join struct {
	Info
	Kind                JoinKind
	LeftKeys, RightKeys []int // equal on both sides; of the same types pairwise; empty: every pair
	// NullEqual marks key pairs compared by IS NOT DISTINCT FROM; for the others NULL joins nothing.
	NullEqual []bool
	// Condition is the rest of ON, over left then right columns; nil: none.
	Condition rex.Expr
	// Retracts says, for each side, that its input carries -U or -D.
	Retracts [2]bool
	// Unique says, for each side, that the columns listed identify a row (a primary or upsert key); nil: rows may repeat.
	Unique [2][]int
	TTL    [2]time.Duration
}

// Union passes on the rows of all inputs.
type Union struct {
	Info
}

// Values emits constant rows and ends.
type Values struct {
	Info
	Rows [][]rex.Expr // constant expressions (but for non-deterministic functions) of the schema's types
}

// Limit passes Offset..Offset+Count rows of an append-only input; for a changelog it keeps the rows it would show.
type Limit struct {
	Info
	Offset, Count int64 // Count -1: no limit
}

// Sort orders a bounded input by keys at its end, or an unbounded one by its leading rowtime column as the watermark moves.
type Sort struct {
	Info
	Keys []SortKey
	// Offset and Count cut the sorted rows; Count -1: no limit.
	Offset, Count int64
	// ByTime: the first key is the rowtime attribute, ascending: rows leave when the watermark passes them.
	ByTime bool
}

// SortKey is a column to sort by.
type SortKey struct {
	Column     int
	Desc       bool
	NullsFirst bool
}

// Sink writes into a table. Rows are already of the table's column types.
type Sink struct {
	Info
	Table *connectors.Table
	Sink  connectors.Sink
	// Accepts is what reaches the sink: Upsert drops -U rows.
	Accepts types.ChangelogMode
	// NotNull lists columns declared NOT NULL whose input is nullable: a NULL there fails the job
	// (table.exec.sink.not-null-enforcer = ERROR) or, with DropNulls, drops the row.
	NotNull   []int
	DropNulls bool
	// Materialize keeps, per primary key, the rows seen, because the changelog's key differs from the table's
	// (Flink's SinkUpsertMaterializer). Key holds the primary key's columns.
	Materialize bool
	// DeadLetter takes rows that the table's service would never take; nil: the job fails.
	DeadLetter *DeadLetter
}

// Collect hands the result of a SELECT to whoever runs the job.
type Collect struct {
	Info
}

func (*ChangelogNormalize) Name() string   { return "ChangelogNormalize" }
func (*Calc) Name() string                 { return "Calc" }
func (*Collect) Name() string              { return "Collect" }
func (*Correlate) Name() string            { return "Correlate" }
func (*GroupAggregate) Name() string       { return "GroupAggregate" }
func (*Join) Name() string                 { return "Join" }
func (*Limit) Name() string                { return "Limit" }
func (*LocalGroupAggregate) Name() string  { return "LocalGroupAggregate" }
func (*LocalWindowAggregate) Name() string { return "LocalWindowAggregate" }
func (*OverAggregate) Name() string        { return "OverAggregate" }
func (*Scan) Name() string                 { return "Scan" }
func (*Sink) Name() string                 { return "Sink" }
func (*Sort) Name() string                 { return "Sort" }
func (*Union) Name() string                { return "Union" }
func (*Values) Name() string               { return "Values" }
func (*WindowAggregate) Name() string      { return "WindowAggregate" }
func (*WindowTable) Name() string          { return "WindowTable" }
