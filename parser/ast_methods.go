package parser

// The methods that make the types of ast.go nodes. A new type needs a line in each section that it belongs to.

// ---- Printing ----

func (n *AddJar) String() string            { return printNode(n) }
func (n *AfterMatch) String() string        { return printNode(n) }
func (n *Aliased) String() string           { return printNode(n) }
func (n *AlterTable) String() string        { return printNode(n) }
func (n *ArrayExpr) String() string         { return printNode(n) }
func (n *Between) String() string           { return printNode(n) }
func (n *BinaryExpr) String() string        { return printNode(n) }
func (n *BinaryLit) String() string         { return printNode(n) }
func (n *BoolLit) String() string           { return printNode(n) }
func (n *CTE) String() string               { return printNode(n) }
func (n *Case) String() string              { return printNode(n) }
func (n *Cast) String() string              { return printNode(n) }
func (n *ColumnDef) String() string         { return printNode(n) }
func (n *ColumnRef) String() string         { return printNode(n) }
func (n *Constraint) String() string        { return printNode(n) }
func (n *CreateCatalog) String() string     { return printNode(n) }
func (n *CreateDatabase) String() string    { return printNode(n) }
func (n *CreateFunction) String() string    { return printNode(n) }
func (n *CreateTable) String() string       { return printNode(n) }
func (n *CreateView) String() string        { return printNode(n) }
func (n *Default) String() string           { return printNode(n) }
func (n *DerivedTable) String() string      { return printNode(n) }
func (n *Describe) String() string          { return printNode(n) }
func (n *Descriptor) String() string        { return printNode(n) }
func (n *Distribution) String() string      { return printNode(n) }
func (n *Drop) String() string              { return printNode(n) }
func (n *Exists) String() string            { return printNode(n) }
func (n *Explain) String() string           { return printNode(n) }
func (n *ExplicitTable) String() string     { return printNode(n) }
func (n *FieldAccess) String() string       { return printNode(n) }
func (n *FieldDef) String() string          { return printNode(n) }
func (n *Frame) String() string             { return printNode(n) }
func (n *FrameBound) String() string        { return printNode(n) }
func (n *FuncCall) String() string          { return printNode(n) }
func (n *GroupBy) String() string           { return printNode(n) }
func (n *GroupItem) String() string         { return printNode(n) }
func (n *Hint) String() string              { return printNode(n) }
func (n *HintArg) String() string           { return printNode(n) }
func (n *Ident) String() string             { return printNode(n) }
func (n *In) String() string                { return printNode(n) }
func (n *Index) String() string             { return printNode(n) }
func (n *Insert) String() string            { return printNode(n) }
func (n *IntervalDiff) String() string      { return printNode(n) }
func (n *IntervalExpr) String() string      { return printNode(n) }
func (n *IntervalLit) String() string       { return printNode(n) }
func (n *IntervalQualifier) String() string { return printNode(n) }
func (n *Is) String() string                { return printNode(n) }
func (n *JSONBehavior) String() string      { return printNode(n) }
func (n *JSONClauses) String() string       { return printNode(n) }
func (n *Join) String() string              { return printNode(n) }
func (n *Like) String() string              { return printNode(n) }
func (n *LikeClause) String() string        { return printNode(n) }
func (n *LikeOption) String() string        { return printNode(n) }
func (n *MapExpr) String() string           { return printNode(n) }
func (n *MatchRecognize) String() string    { return printNode(n) }
func (n *Metadata) String() string          { return printNode(n) }
func (n *MultisetExpr) String() string      { return printNode(n) }
func (n *Name) String() string              { return printNode(n) }
func (n *NamedArg) String() string          { return printNode(n) }
func (n *NamedWindow) String() string       { return printNode(n) }
func (n *NullLit) String() string           { return printNode(n) }
func (n *NumberLit) String() string         { return printNode(n) }
func (n *Option) String() string            { return printNode(n) }
func (n *OrderItem) String() string         { return printNode(n) }
func (n *PartitionValue) String() string    { return printNode(n) }
func (n *Pattern) String() string           { return printNode(n) }
func (n *PatternDefine) String() string     { return printNode(n) }
func (n *PatternSubset) String() string     { return printNode(n) }
func (n *Quantified) String() string        { return printNode(n) }
func (n *Query) String() string             { return printNode(n) }
func (n *RenameColumn) String() string      { return printNode(n) }
func (n *RenameTable) String() string       { return printNode(n) }
func (n *Reset) String() string             { return printNode(n) }
func (n *ResetOptions) String() string      { return printNode(n) }
func (n *Resource) String() string          { return printNode(n) }
func (n *RowExpr) String() string           { return printNode(n) }
func (n *Select) String() string            { return printNode(n) }
func (n *SelectItem) String() string        { return printNode(n) }
func (n *Set) String() string               { return printNode(n) }
func (n *SetOp) String() string             { return printNode(n) }
func (n *SetOptions) String() string        { return printNode(n) }
func (n *Show) String() string              { return printNode(n) }
func (n *Star) String() string              { return printNode(n) }
func (n *StatementSet) String() string      { return printNode(n) }
func (n *StopJob) String() string           { return printNode(n) }
func (n *StringLit) String() string         { return printNode(n) }
func (n *Subquery) String() string          { return printNode(n) }
func (n *Symbol) String() string            { return printNode(n) }
func (n *TableArg) String() string          { return printNode(n) }
func (n *TableFunc) String() string         { return printNode(n) }
func (n *TableRef) String() string          { return printNode(n) }
func (n *TemporalLit) String() string       { return printNode(n) }
func (n *TypeName) String() string          { return printNode(n) }
func (n *UnaryExpr) String() string         { return printNode(n) }
func (n *Unnest) String() string            { return printNode(n) }
func (n *Use) String() string               { return printNode(n) }
func (n *Values) String() string            { return printNode(n) }
func (n *Watermark) String() string         { return printNode(n) }
func (n *When) String() string              { return printNode(n) }
func (n *WindowSpec) String() string        { return printNode(n) }

// ---- Markers ----

func (*AddJar) node()            {}
func (*AfterMatch) node()        {}
func (*Aliased) node()           {}
func (*AlterTable) node()        {}
func (*ArrayExpr) node()         {}
func (*Between) node()           {}
func (*BinaryExpr) node()        {}
func (*BinaryLit) node()         {}
func (*BoolLit) node()           {}
func (*CTE) node()               {}
func (*Case) node()              {}
func (*Cast) node()              {}
func (*ColumnDef) node()         {}
func (*ColumnRef) node()         {}
func (*Constraint) node()        {}
func (*CreateCatalog) node()     {}
func (*CreateDatabase) node()    {}
func (*CreateFunction) node()    {}
func (*CreateTable) node()       {}
func (*CreateView) node()        {}
func (*Default) node()           {}
func (*DerivedTable) node()      {}
func (*Describe) node()          {}
func (*Descriptor) node()        {}
func (*Distribution) node()      {}
func (*Drop) node()              {}
func (*Exists) node()            {}
func (*Explain) node()           {}
func (*ExplicitTable) node()     {}
func (*FieldAccess) node()       {}
func (*FieldDef) node()          {}
func (*Frame) node()             {}
func (*FrameBound) node()        {}
func (*FuncCall) node()          {}
func (*GroupBy) node()           {}
func (*GroupItem) node()         {}
func (*Hint) node()              {}
func (*HintArg) node()           {}
func (*Ident) node()             {}
func (*In) node()                {}
func (*Index) node()             {}
func (*Insert) node()            {}
func (*IntervalDiff) node()      {}
func (*IntervalExpr) node()      {}
func (*IntervalLit) node()       {}
func (*IntervalQualifier) node() {}
func (*Is) node()                {}
func (*JSONBehavior) node()      {}
func (*JSONClauses) node()       {}
func (*Join) node()              {}
func (*Like) node()              {}
func (*LikeClause) node()        {}
func (*LikeOption) node()        {}
func (*MapExpr) node()           {}
func (*MatchRecognize) node()    {}
func (*Metadata) node()          {}
func (*MultisetExpr) node()      {}
func (*Name) node()              {}
func (*NamedArg) node()          {}
func (*NamedWindow) node()       {}
func (*NullLit) node()           {}
func (*NumberLit) node()         {}
func (*Option) node()            {}
func (*OrderItem) node()         {}
func (*PartitionValue) node()    {}
func (*Pattern) node()           {}
func (*PatternDefine) node()     {}
func (*PatternSubset) node()     {}
func (*Quantified) node()        {}
func (*Query) node()             {}
func (*RenameColumn) node()      {}
func (*RenameTable) node()       {}
func (*Reset) node()             {}
func (*ResetOptions) node()      {}
func (*Resource) node()          {}
func (*RowExpr) node()           {}
func (*Select) node()            {}
func (*SelectItem) node()        {}
func (*Set) node()               {}
func (*SetOp) node()             {}
func (*SetOptions) node()        {}
func (*Show) node()              {}
func (*Star) node()              {}
func (*StatementSet) node()      {}
func (*StopJob) node()           {}
func (*StringLit) node()         {}
func (*Subquery) node()          {}
func (*Symbol) node()            {}
func (*TableArg) node()          {}
func (*TableFunc) node()         {}
func (*TableRef) node()          {}
func (*TemporalLit) node()       {}
func (*TypeName) node()          {}
func (*UnaryExpr) node()         {}
func (*Unnest) node()            {}
func (*Use) node()               {}
func (*Values) node()            {}
func (*Watermark) node()         {}
func (*When) node()              {}
func (*WindowSpec) node()        {}

func (*AddJar) stmtNode()         {}
func (*AlterTable) stmtNode()     {}
func (*CreateCatalog) stmtNode()  {}
func (*CreateDatabase) stmtNode() {}
func (*CreateFunction) stmtNode() {}
func (*CreateTable) stmtNode()    {}
func (*CreateView) stmtNode()     {}
func (*Describe) stmtNode()       {}
func (*Drop) stmtNode()           {}
func (*Explain) stmtNode()        {}
func (*Insert) stmtNode()         {}
func (*Query) stmtNode()          {}
func (*Reset) stmtNode()          {}
func (*Set) stmtNode()            {}
func (*Show) stmtNode()           {}
func (*StatementSet) stmtNode()   {}
func (*StopJob) stmtNode()        {}
func (*Use) stmtNode()            {}

func (*ExplicitTable) queryBodyNode() {}
func (*Query) queryBodyNode()         {}
func (*Select) queryBodyNode()        {}
func (*SetOp) queryBodyNode()         {}
func (*Values) queryBodyNode()        {}

func (*Aliased) relationNode()        {}
func (*DerivedTable) relationNode()   {}
func (*Join) relationNode()           {}
func (*MatchRecognize) relationNode() {}
func (*TableFunc) relationNode()      {}
func (*TableRef) relationNode()       {}
func (*Unnest) relationNode()         {}

func (*ArrayExpr) exprNode()    {}
func (*Between) exprNode()      {}
func (*BinaryExpr) exprNode()   {}
func (*BinaryLit) exprNode()    {}
func (*BoolLit) exprNode()      {}
func (*Case) exprNode()         {}
func (*Cast) exprNode()         {}
func (*ColumnRef) exprNode()    {}
func (*Default) exprNode()      {}
func (*Descriptor) exprNode()   {}
func (*Exists) exprNode()       {}
func (*FieldAccess) exprNode()  {}
func (*FuncCall) exprNode()     {}
func (*In) exprNode()           {}
func (*Index) exprNode()        {}
func (*IntervalDiff) exprNode() {}
func (*IntervalExpr) exprNode() {}
func (*IntervalLit) exprNode()  {}
func (*Is) exprNode()           {}
func (*Like) exprNode()         {}
func (*MapExpr) exprNode()      {}
func (*MultisetExpr) exprNode() {}
func (*NamedArg) exprNode()     {}
func (*NullLit) exprNode()      {}
func (*NumberLit) exprNode()    {}
func (*Quantified) exprNode()   {}
func (*RowExpr) exprNode()      {}
func (*Star) exprNode()         {}
func (*StringLit) exprNode()    {}
func (*Subquery) exprNode()     {}
func (*Symbol) exprNode()       {}
func (*TableArg) exprNode()     {}
func (*TemporalLit) exprNode()  {}
func (*UnaryExpr) exprNode()    {}

func (*RenameColumn) alterActionNode() {}
func (*RenameTable) alterActionNode()  {}
func (*ResetOptions) alterActionNode() {}
func (*SetOptions) alterActionNode()   {}
