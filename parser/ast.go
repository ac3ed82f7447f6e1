// Package parser turns Flink SQL (dialect: Flink 1.20) into trees, and trees back into SQL.
//
// It makes no name lookups and no type decisions: "t.a.b" is a ColumnRef of three parts whatever t is. It accepts what
// Flink's grammar accepts, also where the planner refuses it later, so that the refusal can name the construct.
//
// Start reading at Node and the lists of node types below it; then parse.go (entry points, statements), parse_expr.go
// (the precedence table), print.go (String) and walk.go (Children, Inspect, Rewrite).
package parser

import "github.com/weirsql/weir/diag"

// Node is any part of a tree. All nodes are pointers to structs that embed their diag.Span: the half-open range of byte
// offsets in the text they were read from; zero in nodes made by others than the parser.
//
// String prints SQL that parses back to an equal tree, spans aside. Parentheses, comments, letter case of keywords,
// and the choice between two spellings of one meaning (FETCH FIRST and LIMIT, SOME and ANY) are not part of a tree.
//
// A tree may be read by several goroutines; whoever changes one must own it. Rewrite makes changed copies.
type Node interface {
	Pos() diag.Span
	String() string
	node()
}

// Stmt is a statement. Implementations: AddJar, AlterTable, CreateCatalog, CreateDatabase, CreateFunction, CreateTable,
// CreateView, Describe, Drop, Explain, Insert, Query, Reset, Set, Show, StatementSet, StopJob, Use.
type Stmt interface {
	Node
	stmtNode()
}

// QueryBody is what a query computes before its ORDER BY and LIMIT. Implementations: ExplicitTable, Query (in
// parentheses, with clauses of its own), Select, SetOp, Values.
type QueryBody interface {
	Node
	queryBodyNode()
}

// Relation is an item of a FROM clause. Implementations: Aliased, DerivedTable, Join, MatchRecognize, TableFunc,
// TableRef, Unnest.
type Relation interface {
	Node
	relationNode()
}

// Expr is an expression, or something that stands in the place of one (Star, NamedArg, Descriptor, TableArg, Symbol,
// Default). Implementations: ArrayExpr, Between, BinaryExpr, BinaryLit, BoolLit, Case, Cast, ColumnRef, Default,
// Descriptor, Exists, FieldAccess, FuncCall, In, Index, IntervalDiff, IntervalExpr, IntervalLit, Is, Like, MapExpr, MultisetExpr, NamedArg, NullLit,
// NumberLit, Quantified, RowExpr, Star, StringLit, Subquery, Symbol, TableArg, TemporalLit, UnaryExpr.
type Expr interface {
	Node
	exprNode()
}

// AlterAction is what an ALTER TABLE does. Implementations: RenameColumn, RenameTable, ResetOptions, SetOptions.
type AlterAction interface {
	Node
	alterActionNode()
}

// ---- Names ----

// Ident is one identifier, unquoted, in the case it was written in.
type Ident struct {
	diag.Span
	Name string
}

// Name is the possibly qualified name of a catalog object: table, catalog.database.table.
type Name struct {
	diag.Span
	Parts []*Ident // never empty
}

// Strings returns the parts as text.
func (n *Name) Strings() []string { return identStrings(n.Parts) }

// Last returns the last part: the object's own name.
func (n *Name) Last() *Ident { return n.Parts[len(n.Parts)-1] }

func identStrings(ids []*Ident) []string {
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = id.Name
	}
	return s
}

// ---- Statements ----

// CreateTable is
//
//	CREATE [OR REPLACE] [TEMPORARY] TABLE [IF NOT EXISTS] name [(column | constraint | watermark, …)] [COMMENT 'c']
//	  [DISTRIBUTED [BY [HASH|RANGE] (column, …)] [INTO n BUCKETS]] [PARTITIONED BY (column, …)] [WITH (option, …)]
//	  [LIKE source [(like option, …)] | AS query]
//
// Whether OR REPLACE is allowed (Flink: only with AS), columns and keys exist once, and so on is the planner's matter.
type CreateTable struct {
	diag.Span
	Replace       bool
	Temporary     bool
	IfNotExists   bool
	Name          *Name
	Columns       []*ColumnDef
	Constraints   []*Constraint // also those written at a column
	Watermarks    []*Watermark
	Comment       *StringLit // or nil
	Distribution  *Distribution
	PartitionedBy []*Ident
	Options       []*Option
	Like          *LikeClause // or nil
	As            *Query      // or nil
}

// ColumnDef is a column of CREATE TABLE. Its form follows from its fields:
//
//	name type [constraint] [COMMENT 'c']                    physical: Metadata nil, Computed nil
//	name type METADATA [FROM 'key'] [VIRTUAL] [COMMENT 'c'] Metadata set
//	name AS expr [COMMENT 'c']                              Computed set, Type nil
//
// A constraint written here is in CreateTable.Constraints.
type ColumnDef struct {
	diag.Span
	Name     *Ident
	Type     *TypeName
	Metadata *Metadata
	Computed Expr
	Comment  *StringLit // or nil
}

// Metadata is METADATA [FROM 'key'] [VIRTUAL].
type Metadata struct {
	diag.Span
	From    *StringLit // nil: the column's name is the key
	Virtual bool
}

// Constraint is [CONSTRAINT name] PRIMARY KEY|UNIQUE (column, …) [[NOT] ENFORCED].
type Constraint struct {
	diag.Span
	Name        *Ident // or nil
	Unique      bool   // UNIQUE; else PRIMARY KEY
	Columns     []*Ident
	Enforcement Enforcement
}

// Enforcement is how a constraint ends.
type Enforcement int

// The endings of a constraint. Flink takes only NotEnforced for a primary key.
const (
	EnforcementUnstated Enforcement = iota
	Enforced
	NotEnforced
)

// Watermark is WATERMARK FOR column AS expr; the column may be a field of a row: a.b.
type Watermark struct {
	diag.Span
	Column *Name
	Expr   Expr
}

// Distribution is DISTRIBUTED [BY [HASH|RANGE] (column, …)] [INTO n BUCKETS].
type Distribution struct {
	diag.Span
	Kind    string // "", "HASH" or "RANGE"
	Columns []*Ident
	Buckets *NumberLit // or nil
}

// Option is 'key' = 'value', of a WITH clause or ALTER TABLE … SET.
type Option struct {
	diag.Span
	Key   *StringLit
	Value *StringLit
}

// LikeClause is LIKE source [(INCLUDING|EXCLUDING|OVERWRITING feature, …)].
type LikeClause struct {
	diag.Span
	Source  *Name
	Options []*LikeOption
}

// LikeOption is one of a LikeClause; both fields are keywords in upper case.
type LikeOption struct {
	diag.Span
	Strategy string // INCLUDING, EXCLUDING, OVERWRITING
	Feature  string // ALL, CONSTRAINTS, DISTRIBUTION, GENERATED, METADATA, OPTIONS, PARTITIONS, WATERMARKS
}

// CreateView is CREATE [OR REPLACE] [TEMPORARY] VIEW [IF NOT EXISTS] name [(column, …)] [COMMENT 'c'] AS query.
type CreateView struct {
	diag.Span
	Replace     bool
	Temporary   bool
	IfNotExists bool
	Name        *Name
	Columns     []*Ident
	Comment     *StringLit // or nil
	Query       *Query
}

// CreateFunction is
//
//	CREATE [OR REPLACE] [TEMPORARY [SYSTEM]] FUNCTION [IF NOT EXISTS] name AS 'class or file'
//	  [LANGUAGE JAVA|SCALA|PYTHON|GO|WASM] [USING JAR 'path' [, JAR 'path']…]
//
// GO and WASM are weir's own.
type CreateFunction struct {
	diag.Span
	Replace     bool
	Temporary   bool
	System      bool
	IfNotExists bool
	Name        *Name
	Class       *StringLit
	Language    *Ident // upper case; nil: JAVA
	Using       []*Resource
}

// Resource is JAR 'path'; Flink's grammar knows no other kind.
type Resource struct {
	diag.Span
	Kind string // upper case
	Path *StringLit
}

// CreateCatalog is CREATE CATALOG [IF NOT EXISTS] name [COMMENT 'c'] [WITH (option, …)].
type CreateCatalog struct {
	diag.Span
	IfNotExists bool
	Name        *Ident
	Comment     *StringLit // or nil
	Options     []*Option
}

// CreateDatabase is CREATE DATABASE [IF NOT EXISTS] name [COMMENT 'c'] [WITH (option, …)].
type CreateDatabase struct {
	diag.Span
	IfNotExists bool
	Name        *Name
	Comment     *StringLit // or nil
	Options     []*Option
}

// ObjectKind is a kind of catalog object: its keyword.
type ObjectKind string

// The kinds of catalog objects.
const (
	ObjectCatalog  ObjectKind = "CATALOG"
	ObjectDatabase ObjectKind = "DATABASE"
	ObjectFunction ObjectKind = "FUNCTION"
	ObjectTable    ObjectKind = "TABLE"
	ObjectView     ObjectKind = "VIEW"
)

// Drop is DROP [TEMPORARY [SYSTEM]] kind [IF EXISTS] name [RESTRICT|CASCADE].
type Drop struct {
	diag.Span
	Kind      ObjectKind
	Temporary bool
	System    bool
	IfExists  bool
	Name      *Name
	Cascade   bool
}

// AlterTable is ALTER TABLE [IF EXISTS] name action, or ALTER VIEW name RENAME TO name.
type AlterTable struct {
	diag.Span
	View     bool
	IfExists bool
	Name     *Name
	Action   AlterAction
}

// RenameTable is RENAME TO name.
type RenameTable struct {
	diag.Span
	To *Name
}

// RenameColumn is RENAME column TO column.
type RenameColumn struct {
	diag.Span
	From *Name
	To   *Ident
}

// SetOptions is SET (option, …).
type SetOptions struct {
	diag.Span
	Options []*Option
}

// ResetOptions is RESET ('key', …).
type ResetOptions struct {
	diag.Span
	Keys []*StringLit
}

// Insert is INSERT INTO|OVERWRITE table [hints] [PARTITION (column [= literal], …)] [(column, …)] query.
type Insert struct {
	diag.Span
	Overwrite bool
	Table     *Name
	Hints     []*Hint
	Partition []*PartitionValue
	Columns   []*Ident // empty: all
	Query     *Query
}

// PartitionValue is column [= value] of a PARTITION clause.
type PartitionValue struct {
	diag.Span
	Column *Ident
	Value  Expr // a literal, or nil
}

// StatementSet is a group of inserts that run as one job:
//
//	EXECUTE STATEMENT SET BEGIN insert; … END
//	BEGIN STATEMENT SET; insert; … END
type StatementSet struct {
	diag.Span
	Inserts []*Insert
}

// Explain is EXPLAIN [PLAN FOR | detail, …] statement, the statement being a Query, an Insert, a StatementSet or a
// CreateTable with AS.
type Explain struct {
	diag.Span
	Details []string // ESTIMATED_COST, CHANGELOG_MODE, JSON_EXECUTION_PLAN, PLAN_ADVICE
	Stmt    Stmt
}

// Set is SET 'key' = 'value', SET key = value, or SET alone, which lists the settings (both fields nil).
type Set struct {
	diag.Span
	Key   *StringLit
	Value *StringLit
}

// Reset is RESET ['key']; without a key all settings return to their defaults.
type Reset struct {
	diag.Span
	Key *StringLit // or nil
}

// ShowKind is what a SHOW lists: the keywords after SHOW.
type ShowKind string

// The kinds of SHOW.
const (
	ShowCatalogs        ShowKind = "CATALOGS"
	ShowColumns         ShowKind = "COLUMNS"
	ShowCreateCatalog   ShowKind = "CREATE CATALOG"
	ShowCreateTable     ShowKind = "CREATE TABLE"
	ShowCreateView      ShowKind = "CREATE VIEW"
	ShowCurrentCatalog  ShowKind = "CURRENT CATALOG"
	ShowCurrentDatabase ShowKind = "CURRENT DATABASE"
	ShowDatabases       ShowKind = "DATABASES"
	ShowFullModules     ShowKind = "FULL MODULES"
	ShowFunctions       ShowKind = "FUNCTIONS"
	ShowJars            ShowKind = "JARS"
	ShowJobs            ShowKind = "JOBS"
	ShowModules         ShowKind = "MODULES"
	ShowPartitions      ShowKind = "PARTITIONS"
	ShowProcedures      ShowKind = "PROCEDURES"
	ShowTables          ShowKind = "TABLES"
	ShowUserFunctions   ShowKind = "USER FUNCTIONS"
	ShowViews           ShowKind = "VIEWS"
)

// Show is SHOW kind [name | FROM|IN name] [PARTITION (…)] [[NOT] LIKE|ILIKE 'pattern'].
type Show struct {
	diag.Span
	Kind      ShowKind
	Name      *Name // the object, or the database or catalog to look in; or nil
	Partition []*PartitionValue
	Pattern   *StringLit // or nil
	Not       bool
	ILike     bool // letter case does not matter
}

// Describe is DESCRIBE|DESC [EXTENDED] table, or DESCRIBE CATALOG|DATABASE|FUNCTION [EXTENDED] name, or DESCRIBE JOB
// 'id'.
type Describe struct {
	diag.Span
	Kind     ObjectKind // ObjectTable also for views
	Extended bool
	Name     *Name
	Job      *StringLit // set for a job: Kind and Name are not
}

// Use is USE [catalog.]database, USE CATALOG name, or USE MODULES name, ….
type Use struct {
	diag.Span
	Catalog bool
	Name    *Name    // nil for modules
	Modules []*Ident // empty but for modules
}

// StopJob is STOP JOB 'id' [WITH SAVEPOINT] [WITH DRAIN].
type StopJob struct {
	diag.Span
	ID        *StringLit
	Savepoint bool
	Drain     bool
}

// AddJar is ADD|REMOVE JAR 'path'.
type AddJar struct {
	diag.Span
	Remove bool
	Path   *StringLit
}

// ---- Queries ----

// Query is [WITH …] body [ORDER BY …] [LIMIT n] [OFFSET n]. It is also a statement.
type Query struct {
	diag.Span
	With    []*CTE
	Body    QueryBody
	OrderBy []*OrderItem
	Limit   Expr // LIMIT n, FETCH FIRST n ROWS ONLY; nil: all
	Offset  Expr // or nil
}

// CTE is name [(column, …)] AS (query), of a WITH clause.
type CTE struct {
	diag.Span
	Name    *Ident
	Columns []*Ident
	Query   *Query
}

// SetOpKind is the keyword of a set operation.
type SetOpKind string

// The set operations; MINUS is EXCEPT.
const (
	Union     SetOpKind = "UNION"
	Intersect SetOpKind = "INTERSECT"
	Except    SetOpKind = "EXCEPT"
)

// SetOp is left UNION|INTERSECT|EXCEPT [ALL] right.
type SetOp struct {
	diag.Span
	Kind        SetOpKind
	All         bool
	Left, Right QueryBody
}

// Values is VALUES row, …. A row of one value may be written without parentheses.
type Values struct {
	diag.Span
	Rows []*RowExpr
}

// ExplicitTable is TABLE name: all its rows.
type ExplicitTable struct {
	diag.Span
	Table *Name
}

// Select is
//
//	SELECT [hints] [ALL|DISTINCT] item, … [FROM relation] [WHERE e] [GROUP BY …] [HAVING e] [WINDOW w AS (…), …]
//	  [QUALIFY e]
type Select struct {
	diag.Span
	Hints    []*Hint
	Distinct bool
	Items    []*SelectItem
	From     Relation // nil: one row without columns
	Where    Expr     // or nil
	GroupBy  *GroupBy // nil when there is none; GROUP BY () has an item
	Having   Expr     // or nil
	Windows  []*NamedWindow
	Qualify  Expr // or nil
}

// SelectItem is expr [[AS] alias]; the expression may be a Star.
type SelectItem struct {
	diag.Span
	Expr  Expr
	Alias *Ident // or nil
}

// GroupBy is GROUP BY [ALL|DISTINCT] item, ….
type GroupBy struct {
	diag.Span
	Distinct bool
	Items    []*GroupItem
}

// GroupKind is the form of a GroupItem.
type GroupKind int

// The forms of a GroupItem.
const (
	GroupExpr    GroupKind = iota // expr: Expr is set
	GroupSet                      // (expr, …) with none or several: Items are of GroupExpr
	GroupingSets                  // GROUPING SETS (item, …)
	GroupCube                     // CUBE (item, …)
	GroupRollup                   // ROLLUP (item, …)
)

// GroupItem is an item of GROUP BY, or of a grouping set in it.
type GroupItem struct {
	diag.Span
	Kind  GroupKind
	Expr  Expr
	Items []*GroupItem
}

// OrderItem is expr [ASC|DESC] [NULLS FIRST|LAST].
type OrderItem struct {
	diag.Span
	Expr  Expr
	Desc  bool
	Nulls NullsOrder
}

// NullsOrder is where NULLs stand in an order.
type NullsOrder int

// The places of NULLs; unstated means first when ascending and last when descending, as in Flink.
const (
	NullsUnstated NullsOrder = iota
	NullsFirst
	NullsLast
)

// NamedWindow is name AS (spec), of a WINDOW clause.
type NamedWindow struct {
	diag.Span
	Name *Ident
	Spec *WindowSpec
}

// WindowSpec is what follows OVER: a name, or ([base] [PARTITION BY e, …] [ORDER BY …] [frame]).
type WindowSpec struct {
	diag.Span
	Ref         *Ident // OVER name; then nothing else is set
	Base        *Ident // or nil
	PartitionBy []Expr
	OrderBy     []*OrderItem
	Frame       *Frame // or nil
}

// Frame is ROWS|RANGE low, or ROWS|RANGE BETWEEN low AND high.
type Frame struct {
	diag.Span
	Rows bool // else RANGE
	Low  *FrameBound
	High *FrameBound // nil: the current row
}

// BoundKind is the form of a FrameBound.
type BoundKind int

// The forms of a FrameBound, in the order they may follow each other.
const (
	UnboundedPreceding BoundKind = iota
	Preceding                    // Offset PRECEDING
	CurrentRow
	Following // Offset FOLLOWING
	UnboundedFollowing
)

// FrameBound is one end of a Frame.
type FrameBound struct {
	diag.Span
	Kind   BoundKind
	Offset Expr // for Preceding and Following
}

// Hint is one hint out of /*+ name(arg, …), … */.
type Hint struct {
	diag.Span
	Name *Ident
	Args []*HintArg
}

// HintArg is 'key' = 'value' or a value alone. Identifiers and numbers are kept as text: BROADCAST(t) and
// BROADCAST('t') are the same.
type HintArg struct {
	diag.Span
	Key   *StringLit // or nil
	Value *StringLit
}

// ---- Relations ----

// TableRef is name [hints] [FOR SYSTEM_TIME AS OF expr].
type TableRef struct {
	diag.Span
	Name  *Name
	Hints []*Hint
	AsOf  Expr // or nil
}

// DerivedTable is [LATERAL] (query); VALUES is a query too.
type DerivedTable struct {
	diag.Span
	Lateral bool
	Query   *Query
}

// TableFunc is [LATERAL] TABLE(call). Arguments of the call may be a TableArg, a Descriptor and a NamedArg.
type TableFunc struct {
	diag.Span
	Lateral bool
	Call    *FuncCall
}

// Unnest is UNNEST(expr, …) [WITH ORDINALITY]; it may refer to relations on its left whether LATERAL is said or not.
type Unnest struct {
	diag.Span
	Exprs      []Expr
	Ordinality bool
}

// Aliased is relation [AS] alias [(column, …)].
type Aliased struct {
	diag.Span
	Relation Relation
	Alias    *Ident
	Columns  []*Ident
}

// JoinKind is the keyword of a join.
type JoinKind string

// The joins; JoinComma is JoinCross written as a comma.
const (
	JoinComma JoinKind = ","
	JoinCross JoinKind = "CROSS"
	JoinInner JoinKind = "INNER"
	JoinLeft  JoinKind = "LEFT"
	JoinRight JoinKind = "RIGHT"
	JoinFull  JoinKind = "FULL"
)

// Join is left [NATURAL] kind JOIN right [ON e | USING (column, …)].
type Join struct {
	diag.Span
	Kind        JoinKind
	Natural     bool
	Left, Right Relation
	On          Expr     // or nil
	Using       []*Ident // or empty
}

// MatchRecognize is
//
//	input MATCH_RECOGNIZE ([PARTITION BY e, …] [ORDER BY …] [MEASURES e AS name, …]
//	  [ONE ROW PER MATCH | ALL ROWS PER MATCH [option]] [AFTER MATCH SKIP …]
//	  PATTERN (pattern) [WITHIN interval] [SUBSET s = (a, …), …] DEFINE name AS e, …)
type MatchRecognize struct {
	diag.Span
	Input       Relation
	PartitionBy []Expr
	OrderBy     []*OrderItem
	Measures    []*SelectItem // with aliases
	AllRows     bool          // ALL ROWS PER MATCH
	After       *AfterMatch   // or nil
	AnchorStart bool          // PATTERN (^ …)
	AnchorEnd   bool          // PATTERN (… $)
	Pattern     *Pattern
	Within      Expr // or nil
	Subsets     []*PatternSubset
	Defines     []*PatternDefine
}

// AfterMatch is AFTER MATCH SKIP TO NEXT ROW | PAST LAST ROW | TO FIRST var | TO LAST var.
type AfterMatch struct {
	diag.Span
	Kind AfterMatchKind
	Var  *Ident // for SkipToFirst and SkipToLast
}

// AfterMatchKind is where matching goes on after a match.
type AfterMatchKind int

// The places where matching goes on.
const (
	SkipToNextRow AfterMatchKind = iota
	SkipPastLastRow
	SkipToFirst
	SkipToLast
)

// PatternKind is the form of a Pattern.
type PatternKind int

// The forms of a Pattern.
const (
	PatternVar     PatternKind = iota // Var
	PatternConcat                     // Items one after the other
	PatternAlt                        // Items[0] | Items[1] | …
	PatternRepeat                     // Items[0] repeated Min to Max times
	PatternPermute                    // PERMUTE (Items…)
	PatternExclude                    // {- Items[0] -}
)

// Pattern is a row pattern of MATCH_RECOGNIZE.
type Pattern struct {
	diag.Span
	Kind      PatternKind
	Var       *Ident
	Items     []*Pattern
	Min, Max  int // Max −1: unbounded
	Reluctant bool
}

// PatternSubset is name = (variable, …).
type PatternSubset struct {
	diag.Span
	Name *Ident
	Vars []*Ident
}

// PatternDefine is name AS condition.
type PatternDefine struct {
	diag.Span
	Name *Ident
	Cond Expr
}

// ---- Expressions ----

// ColumnRef is a path of identifiers: a column, a column of a table, a field of a row. Which is the binder's to find
// out.
type ColumnRef struct {
	diag.Span
	Parts []*Ident // never empty
}

// Strings returns the parts as text.
func (n *ColumnRef) Strings() []string { return identStrings(n.Parts) }

// Star is * or t.*. It means something in a select list and in COUNT(*); the grammar also takes t.* elsewhere.
type Star struct {
	diag.Span
	Qualifier []*Ident
}

// NullLit is NULL, or UNKNOWN: the NULL of type BOOLEAN.
type NullLit struct {
	diag.Span
	Unknown bool
}

// BoolLit is TRUE or FALSE.
type BoolLit struct {
	diag.Span
	Value bool
}

// NumberKind tells the three kinds of numbers apart.
type NumberKind int

// The kinds of numbers.
const (
	NumberInteger     NumberKind = iota // 12: INT, BIGINT or DECIMAL by its size
	NumberDecimal                       // 1.50, .5, 1.: DECIMAL
	NumberApproximate                   // 1e3: DOUBLE
)

// NumberLit is an unsigned number, its text as written: any number of digits. A minus in front is a UnaryExpr.
type NumberLit struct {
	diag.Span
	Kind NumberKind
	Text string
}

// StringLit is 'text', _charset'text', N'text', U&'\0041' [UESCAPE 'c'], or several in adjacent lines, which are one.
type StringLit struct {
	diag.Span
	Value   string // quotes and escapes resolved
	Charset string // upper case, as in _UTF16'text'; else empty
}

// BinaryLit is X'0AFF'.
type BinaryLit struct {
	diag.Span
	Value []byte
}

// TemporalKind is the keyword of a TemporalLit.
type TemporalKind string

// The kinds of TemporalLit.
const (
	DateLiteral      TemporalKind = "DATE"
	TimeLiteral      TemporalKind = "TIME"
	TimestampLiteral TemporalKind = "TIMESTAMP"
)

// TemporalLit is DATE '…', TIME '…' or TIMESTAMP '…'. That the text is a valid one is checked by the binder.
type TemporalLit struct {
	diag.Span
	Kind TemporalKind
	Text string
}

// IntervalLit is INTERVAL [+|-] 'text' qualifier. That text and qualifier fit is checked by the binder.
type IntervalLit struct {
	diag.Span
	Negative bool
	Text     string
	Units    *IntervalQualifier
}

// IntervalExpr is INTERVAL x unit with a number, a column or (expr) instead of a text: INTERVAL n MINUTE.
type IntervalExpr struct {
	diag.Span
	X     Expr
	Units *IntervalQualifier // a single unit
}

// IntervalDiff is (left - right) unit: the time between two points in time as an interval.
type IntervalDiff struct {
	diag.Span
	Left, Right Expr
	Units       *IntervalQualifier // a single unit
}

// TimeUnit is a unit of time: its keyword, singular.
type TimeUnit string

// The units of time. Intervals take YEAR, MONTH, DAY, HOUR, MINUTE and SECOND; the others are for EXTRACT, FLOOR, CEIL
// and TIMESTAMPADD.
const (
	Year        TimeUnit = "YEAR"
	Quarter     TimeUnit = "QUARTER"
	Month       TimeUnit = "MONTH"
	Week        TimeUnit = "WEEK"
	Day         TimeUnit = "DAY"
	Hour        TimeUnit = "HOUR"
	Minute      TimeUnit = "MINUTE"
	Second      TimeUnit = "SECOND"
	Millisecond TimeUnit = "MILLISECOND"
	Microsecond TimeUnit = "MICROSECOND"
	Nanosecond  TimeUnit = "NANOSECOND"
	Epoch       TimeUnit = "EPOCH"
	DayOfWeek   TimeUnit = "DOW"
	ISODOW      TimeUnit = "ISODOW"
	DayOfYear   TimeUnit = "DOY"
	ISOYear     TimeUnit = "ISOYEAR"
	Decade      TimeUnit = "DECADE"
	Century     TimeUnit = "CENTURY"
	Millennium  TimeUnit = "MILLENNIUM"
)

// IntervalQualifier is unit [(precision)] [TO unit [(fractional precision)]]; for SECOND alone it may be
// SECOND(precision, fractional precision).
type IntervalQualifier struct {
	diag.Span
	From      TimeUnit
	To        TimeUnit // "" for a single unit
	Precision int      // digits of the leading unit; −1: default
	Fraction  int      // digits after the second's point; −1: default
}

// Symbol is a keyword as an argument of a function: a time unit in EXTRACT(DAY FROM x), or BOTH in TRIM(BOTH …). Upper
// case; plural units are singular.
type Symbol struct {
	diag.Span
	Name string
}

// UnaryOp is the operator of a UnaryExpr.
type UnaryOp string

// The unary operators.
const (
	OpNeg  UnaryOp = "-"
	OpPlus UnaryOp = "+"
	OpNot  UnaryOp = "NOT"

	// In MATCH_RECOGNIZE, in front of a FuncCall.
	OpRunning UnaryOp = "RUNNING"
	OpFinal   UnaryOp = "FINAL"
)

// UnaryExpr is op x.
type UnaryExpr struct {
	diag.Span
	Op UnaryOp
	X  Expr
}

// BinaryOp is the operator of a BinaryExpr: its text.
type BinaryOp string

// The binary operators. != is OpNe.
const (
	OpOr            BinaryOp = "OR"
	OpAnd           BinaryOp = "AND"
	OpEq            BinaryOp = "="
	OpNe            BinaryOp = "<>"
	OpLt            BinaryOp = "<"
	OpLe            BinaryOp = "<="
	OpGt            BinaryOp = ">"
	OpGe            BinaryOp = ">="
	OpDistinct      BinaryOp = "IS DISTINCT FROM"
	OpNotDistinct   BinaryOp = "IS NOT DISTINCT FROM"
	OpAdd           BinaryOp = "+"
	OpSub           BinaryOp = "-"
	OpConcat        BinaryOp = "||"
	OpMul           BinaryOp = "*"
	OpDiv           BinaryOp = "/"
	OpMod           BinaryOp = "%"
	OpOverlaps      BinaryOp = "OVERLAPS" // operands are RowExpr of two, or intervals
	OpContains      BinaryOp = "CONTAINS"
	OpEquals        BinaryOp = "EQUALS"
	OpPrecedes      BinaryOp = "PRECEDES"
	OpSucceeds      BinaryOp = "SUCCEEDS"
	OpImmPrecedes   BinaryOp = "IMMEDIATELY PRECEDES"
	OpImmSucceeds   BinaryOp = "IMMEDIATELY SUCCEEDS"
	OpMemberOf      BinaryOp = "MEMBER OF"
	OpSubmultisetOf BinaryOp = "SUBMULTISET OF"
)

// BinaryExpr is left op right.
type BinaryExpr struct {
	diag.Span
	Op          BinaryOp
	Left, Right Expr
}

// IsTest is what an Is tests for: the keywords after IS [NOT].
type IsTest string

// The tests.
const (
	IsNull       IsTest = "NULL"
	IsTrue       IsTest = "TRUE"
	IsFalse      IsTest = "FALSE"
	IsUnknown    IsTest = "UNKNOWN"
	IsJSONValue  IsTest = "JSON VALUE" // also IS JSON
	IsJSONObject IsTest = "JSON OBJECT"
	IsJSONArray  IsTest = "JSON ARRAY"
	IsJSONScalar IsTest = "JSON SCALAR"
	IsASet       IsTest = "A SET"
	IsEmpty      IsTest = "EMPTY"
)

// Is is x IS [NOT] test. IS DISTINCT FROM is a BinaryExpr.
type Is struct {
	diag.Span
	X    Expr
	Not  bool
	Test IsTest
}

// Between is x [NOT] BETWEEN [ASYMMETRIC|SYMMETRIC] low AND high.
type Between struct {
	diag.Span
	X         Expr
	Not       bool
	Symmetric bool
	Low, High Expr
}

// In is x [NOT] IN (expr, …) or x [NOT] IN (query).
type In struct {
	diag.Span
	X     Expr
	Not   bool
	List  []Expr // or Query
	Query *Query
}

// Quantified is x op ANY|ALL (expr, …) or x op ANY|ALL (query), op being a comparison. SOME is ANY.
type Quantified struct {
	diag.Span
	X     Expr
	Op    BinaryOp
	All   bool
	List  []Expr // or Query
	Query *Query
}

// Exists is EXISTS (query).
type Exists struct {
	diag.Span
	Query *Query
}

// Subquery is (query) as a scalar.
type Subquery struct {
	diag.Span
	Query *Query
}

// LikeOp is the operator of a Like.
type LikeOp string

// The pattern operators. Flink knows no ILIKE and RLIKE operator, its grammar does.
const (
	OpLike      LikeOp = "LIKE"
	OpILike     LikeOp = "ILIKE"
	OpRLike     LikeOp = "RLIKE"
	OpSimilarTo LikeOp = "SIMILAR TO"
)

// Like is x [NOT] op pattern [ESCAPE escape].
type Like struct {
	diag.Span
	Op      LikeOp
	Not     bool
	X       Expr
	Pattern Expr
	Escape  Expr // or nil
}

// Case is CASE [operand] WHEN a THEN b … [ELSE c] END. With an operand, a When may list several values.
type Case struct {
	diag.Span
	Operand Expr // nil: the WHENs are conditions
	Whens   []*When
	Else    Expr // or nil
}

// When is WHEN cond, … THEN result.
type When struct {
	diag.Span
	Conds  []Expr // one, unless the Case has an operand
	Result Expr
}

// Cast is CAST(x AS type) or TRY_CAST(x AS type).
type Cast struct {
	diag.Span
	Try  bool
	X    Expr
	Type *TypeName
}

// FuncCall is
//
//	name([DISTINCT] arg, …) [IGNORE|RESPECT NULLS] [WITHIN GROUP (ORDER BY …)] [FILTER (WHERE e)] [OVER window]
//
// and every function with a syntax of its own, its arguments in the order that is used without keywords:
//
//	CURRENT_TIMESTAMP                 CURRENT_TIMESTAMP, Bare
//	COUNT(*)                          COUNT(Star)
//	EXTRACT(DAY FROM x)               EXTRACT(Symbol DAY, x)
//	FLOOR(x TO DAY), CEIL             FLOOR(x, Symbol DAY)
//	TIMESTAMPADD(DAY, n, x)           TIMESTAMPADD(Symbol DAY, n, x); TIMESTAMPDIFF alike
//	POSITION(a IN b [FROM n])         POSITION(a, b[, n])
//	SUBSTRING(x FROM a [FOR b])       SUBSTRING(x, a[, b])
//	OVERLAY(x PLACING y FROM a FOR b) OVERLAY(x, y, a, b)
//	TRIM(x)                           TRIM(x)
//	TRIM(LEADING y FROM x)            TRIM(Symbol LEADING, y, x); BOTH and ' ' where they are not said
//	JSON_EXISTS(x, path …)            JSON_EXISTS(x, path), the rest in JSON; likewise JSON_VALUE, JSON_QUERY
//	JSON_OBJECT(KEY k VALUE v, …)     JSON_OBJECT(k, v, …); likewise JSON_OBJECTAGG
//	JSON_ARRAYAGG(x …)                JSON_ARRAYAGG(x)
//
// The name keeps the case it was written in, except that names with a syntax of their own are in upper case.
type FuncCall struct {
	diag.Span
	Name        *Name
	Bare        bool // written without parentheses
	Distinct    bool
	Args        []Expr
	Nulls       NullTreatment
	WithinGroup []*OrderItem
	Filter      Expr         // or nil
	Over        *WindowSpec  // or nil
	JSON        *JSONClauses // or nil: nothing said
}

// NullTreatment is what an aggregate does with NULLs.
type NullTreatment int

// The treatments.
const (
	NullsTreatmentUnstated NullTreatment = iota
	RespectNulls
	IgnoreNulls
)

// JSONClauses are the clauses of JSON functions:
//
//	JSON_EXISTS(x, path [TRUE|FALSE|UNKNOWN|ERROR ON ERROR])
//	JSON_VALUE(x, path [RETURNING type] [NULL|ERROR|DEFAULT e ON EMPTY] [… ON ERROR])
//	JSON_QUERY(x, path [RETURNING type] [WITHOUT|WITH [CONDITIONAL|UNCONDITIONAL] [ARRAY] WRAPPER]
//	  [NULL|ERROR|EMPTY ARRAY|EMPTY OBJECT ON EMPTY] [… ON ERROR])
//	JSON_OBJECT(…  [NULL|ABSENT ON NULL]), JSON_ARRAY, JSON_OBJECTAGG, JSON_ARRAYAGG
type JSONClauses struct {
	diag.Span
	Returning *TypeName // or nil
	Wrapper   JSONWrapper
	OnEmpty   *JSONBehavior // or nil
	OnError   *JSONBehavior // or nil
	OnNull    JSONOnNull
}

// JSONWrapper says whether JSON_QUERY wraps its result in an array.
type JSONWrapper string

// The wrappers: their keywords.
const (
	WrapperUnstated      JSONWrapper = ""
	WrapperWithout       JSONWrapper = "WITHOUT ARRAY WRAPPER"
	WrapperConditional   JSONWrapper = "WITH CONDITIONAL ARRAY WRAPPER"
	WrapperUnconditional JSONWrapper = "WITH UNCONDITIONAL ARRAY WRAPPER" // also WITH ARRAY WRAPPER
)

// JSONOnNull says what JSON constructors do with NULL values.
type JSONOnNull string

// The choices: their keywords.
const (
	OnNullUnstated JSONOnNull = ""
	NullOnNull     JSONOnNull = "NULL ON NULL"
	AbsentOnNull   JSONOnNull = "ABSENT ON NULL"
)

// JSONBehavior is what happens ON EMPTY or ON ERROR.
type JSONBehavior struct {
	diag.Span
	Kind    string // NULL, ERROR, DEFAULT, TRUE, FALSE, UNKNOWN, EMPTY ARRAY, EMPTY OBJECT
	Default Expr   // for DEFAULT
}

// NamedArg is name => value, an argument of a call.
type NamedArg struct {
	diag.Span
	Name  *Ident
	Value Expr
}

// Descriptor is DESCRIPTOR(column, …), an argument of a table function.
type Descriptor struct {
	diag.Span
	Columns []*Ident
}

// TableArg is TABLE name [PARTITION BY column | (column, …)] [ORDER BY item | (item, …)], an argument of a table
// function; a (query) may stand in the place of TABLE name.
type TableArg struct {
	diag.Span
	Table       *Name  // or Query
	Query       *Query // never a Subquery inside TABLE(…)
	PartitionBy []*Ident
	OrderBy     []*OrderItem
}

// Default is DEFAULT, in the place of a value to insert or of an argument.
type Default struct{ diag.Span }

// Index is x[i]: an element of an ARRAY (from 1) or the value of a key of a MAP.
type Index struct {
	diag.Span
	X, I Expr
}

// FieldAccess is x.field where x is not a path of identifiers.
type FieldAccess struct {
	diag.Span
	X     Expr
	Field *Ident
}

// RowExpr is ROW(e, …), (e, …) with several, or a row of VALUES.
type RowExpr struct {
	diag.Span
	Items []Expr
}

// ArrayExpr is ARRAY[e, …] or ARRAY(query).
type ArrayExpr struct {
	diag.Span
	Items []Expr // or Query
	Query *Query
}

// MapExpr is MAP[k, v, …] or MAP(query).
type MapExpr struct {
	diag.Span
	Items []Expr // keys and values in turn; or Query
	Query *Query
}

// MultisetExpr is MULTISET[e, …] or MULTISET(query).
type MultisetExpr struct {
	diag.Span
	Items []Expr // or Query
	Query *Query
}

// ---- Types ----

// TypeKind is a type's keyword in its shortest spelling.
type TypeKind string

// The types.
const (
	TypeArray       TypeKind = "ARRAY"
	TypeBigint      TypeKind = "BIGINT"
	TypeBinary      TypeKind = "BINARY"
	TypeBoolean     TypeKind = "BOOLEAN"
	TypeBytes       TypeKind = "BYTES"
	TypeChar        TypeKind = "CHAR" // CHARACTER
	TypeDate        TypeKind = "DATE"
	TypeDecimal     TypeKind = "DECIMAL" // DEC, NUMERIC
	TypeDouble      TypeKind = "DOUBLE"  // DOUBLE PRECISION
	TypeFloat       TypeKind = "FLOAT"   // REAL
	TypeInt         TypeKind = "INT"     // INTEGER
	TypeInterval    TypeKind = "INTERVAL"
	TypeMap         TypeKind = "MAP"
	TypeMultiset    TypeKind = "MULTISET"
	TypeNull        TypeKind = "NULL"
	TypeRaw         TypeKind = "RAW"
	TypeRow         TypeKind = "ROW"
	TypeSmallint    TypeKind = "SMALLINT"
	TypeString      TypeKind = "STRING"
	TypeTime        TypeKind = "TIME"
	TypeTimestamp   TypeKind = "TIMESTAMP"
	TypeTimestampLT TypeKind = "TIMESTAMP_LTZ" // TIMESTAMP WITH LOCAL TIME ZONE
	TypeTimestampTZ TypeKind = "TIMESTAMP WITH TIME ZONE"
	TypeTinyint     TypeKind = "TINYINT"
	TypeUser        TypeKind = "" // a user-defined type: UserName
	TypeVarbinary   TypeKind = "VARBINARY"
	TypeVarchar     TypeKind = "VARCHAR" // CHARACTER VARYING, CHAR VARYING
)

// TypeName is a type as written.
type TypeName struct {
	diag.Span
	Kind     TypeKind
	Params   []int              // length, precision, or precision and scale, as far as given
	Elem     *TypeName          // of ARRAY and MULTISET; the value of MAP
	Key      *TypeName          // of MAP
	Fields   []*FieldDef        // of ROW
	Interval *IntervalQualifier // of INTERVAL
	Raw      [2]string          // of RAW: class and serializer
	UserName *Name              // of a user-defined type
	Null     Nullability
}

// Nullability is how a type ends.
type Nullability int

// The endings of a type; unstated means nullable.
const (
	NullUnstated Nullability = iota
	Nullable
	NotNull
)

// FieldDef is name type ['comment'] of a ROW type.
type FieldDef struct {
	diag.Span
	Name    *Ident
	Type    *TypeName
	Comment *StringLit // or nil
}
