package parser

// simpleTypes are the types of one keyword, with the most parameters each may have.
var simpleTypes = map[string]struct {
	kind   TypeKind
	params int
}{
	"BIGINT":        {TypeBigint, 0},
	"BINARY":        {TypeBinary, 1},
	"BOOLEAN":       {TypeBoolean, 0},
	"BYTES":         {TypeBytes, 0},
	"CHAR":          {TypeChar, 1},
	"CHARACTER":     {TypeChar, 1},
	"DATE":          {TypeDate, 0},
	"DEC":           {TypeDecimal, 2},
	"DECIMAL":       {TypeDecimal, 2},
	"DOUBLE":        {TypeDouble, 0},
	"FLOAT":         {TypeFloat, 0},
	"INT":           {TypeInt, 0},
	"INTEGER":       {TypeInt, 0},
	"NULL":          {TypeNull, 0},
	"NUMERIC":       {TypeDecimal, 2},
	"REAL":          {TypeFloat, 0},
	"SMALLINT":      {TypeSmallint, 0},
	"STRING":        {TypeString, 0},
	"TIME":          {TypeTime, 1},
	"TIMESTAMP":     {TypeTimestamp, 1},
	"TIMESTAMP_LTZ": {TypeTimestampLT, 1},
	"TINYINT":       {TypeTinyint, 0},
	"VARBINARY":     {TypeVarbinary, 1},
	"VARCHAR":       {TypeVarchar, 1},
}

// columnType reads a type with NULL or NOT NULL behind it, as in CREATE TABLE and inside ROW, ARRAY and MAP.
func (p *parser) columnType() *TypeName {
	start := p.tok.start
	t := p.typeName()
	// T NOT NULL ARRAY: the nullability of an element, then more of the type.
	for {
		null := p.nullability()
		t.Null = null
		t.Span = p.span(start)
		if null == NullUnstated || !p.at("ARRAY") && !p.at("MULTISET") {
			return t
		}
		t = p.collections(start, t)
	}
}

func (p *parser) nullability() Nullability {
	switch {
	case p.accept("NOT", "NULL"):
		return NotNull
	case p.accept("NULL"):
		return Nullable
	}
	return NullUnstated
}

// typeName reads a type without NULL or NOT NULL, as in CAST.
func (p *parser) typeName() *TypeName {
	defer p.leave(p.enter())
	start := p.tok.start
	t := p.baseType()
	t.Span = p.span(start)
	return p.collections(start, t)
}

// collections reads ARRAY and MULTISET behind the type of their elements.
func (p *parser) collections(start int, t *TypeName) *TypeName {
	for {
		kind := TypeArray
		switch {
		case p.acceptSymbol("ARRAY"):
		case p.acceptSymbol("MULTISET"):
			kind = TypeMultiset
		default:
			return t
		}
		p.chain()
		t = &TypeName{Kind: kind, Elem: t}
		t.Span = p.span(start)
	}
}

func (p *parser) baseType() *TypeName {
	t := &TypeName{}
	word := p.tok.word
	switch word {
	case "ARRAY", "MULTISET":
		p.next()
		t.Kind = TypeKind(word)
		p.expect("<")
		t.Elem = p.columnType()
		p.expect(">")
		return t
	case "MAP":
		// MAP is no reserved word: without < it is the name of a type.
		if p.peek(1).word == "<" {
			p.next()
			p.next()
			t.Kind = TypeMap
			t.Key = p.columnType()
			p.expect(",")
			t.Elem = p.columnType()
			p.expect(">")
			return t
		}
	case "ROW":
		p.next()
		t.Kind = TypeRow
		p.rowFields(t)
		return t
	case "RAW":
		p.next()
		t.Kind = TypeRaw
		p.expect("(")
		t.Raw[0] = p.stringLit().Value
		p.expect(",")
		t.Raw[1] = p.stringLit().Value
		p.expect(")")
		return t
	case "INTERVAL":
		p.next()
		t.Kind = TypeInterval
		t.Interval = p.intervalQualifier(true)
		return t
	}
	simple, ok := simpleTypes[word]
	if !ok {
		if !p.atIdent() {
			p.unexpected("a type")
			t.Kind = TypeNull
			return t
		}
		t.UserName = p.name()
		return t
	}
	p.next()
	t.Kind = simple.kind
	switch t.Kind {
	case TypeDouble:
		p.acceptSymbol("PRECISION")
	case TypeChar:
		if p.acceptSymbol("VARYING") {
			t.Kind = TypeVarchar
		}
	case TypeBinary:
		if p.acceptSymbol("VARYING") {
			t.Kind = TypeVarbinary
		}
	}
	if simple.params > 0 && p.acceptSymbol("(") {
		t.Params = append(t.Params, p.smallInt())
		if simple.params > 1 && p.acceptSymbol(",") {
			t.Params = append(t.Params, p.smallInt())
		}
		p.expect(")")
	}
	p.timeZone(t)
	return t
}

// timeZone reads WITHOUT TIME ZONE, WITH LOCAL TIME ZONE or WITH TIME ZONE behind TIME and TIMESTAMP.
func (p *parser) timeZone(t *TypeName) {
	start := p.tok.start
	switch {
	case t.Kind != TypeTime && t.Kind != TypeTimestamp:
	case p.accept("WITHOUT", "TIME", "ZONE"):
	case t.Kind == TypeTimestamp && p.accept("WITH", "LOCAL", "TIME", "ZONE"):
		t.Kind = TypeTimestampLT
	case t.Kind == TypeTimestamp && p.accept("WITH", "TIME", "ZONE"):
		t.Kind = TypeTimestampTZ
	case p.accept("WITH", "TIME", "ZONE"), p.accept("WITH", "LOCAL", "TIME", "ZONE"):
		p.refuse(p.span(start), "TIME with a time zone is", "")
	}
}

// rowFields reads <name type ['comment'], …> or the same in parentheses.
func (p *parser) rowFields(t *TypeName) {
	if p.acceptSymbol("<>") {
		return
	}
	end := ")"
	if p.expectOneOf("<", "(") == "<" {
		end = ">"
	}
	if p.acceptSymbol(end) {
		return
	}
	t.Fields = commaList(p, (*parser).fieldDef)
	p.expect(end)
}

func (p *parser) fieldDef() *FieldDef {
	start := p.tok.start
	f := &FieldDef{Name: p.ident()}
	f.Type = p.columnType()
	if p.tok.kind == tokString {
		f.Comment = p.stringLit()
	}
	f.Span = p.span(start)
	return f
}

// units are the words for units of time. A plural is the same unit.
var units = map[string]TimeUnit{
	"YEAR": Year, "YEARS": Year,
	"QUARTER": Quarter,
	"MONTH":   Month, "MONTHS": Month,
	"WEEK": Week,
	"DAY":  Day, "DAYS": Day,
	"HOUR": Hour, "HOURS": Hour,
	"MINUTE": Minute, "MINUTES": Minute,
	"SECOND": Second, "SECONDS": Second,
	"MILLISECOND": Millisecond,
	"MICROSECOND": Microsecond,
	"NANOSECOND":  Nanosecond,
	"EPOCH":       Epoch,
	"DOW":         DayOfWeek,
	"ISODOW":      ISODOW,
	"DOY":         DayOfYear,
	"ISOYEAR":     ISOYear,
	"DECADE":      Decade,
	"CENTURY":     Century,
	"MILLENNIUM":  Millennium,
}

// timestampUnits are further names for units in TIMESTAMPADD and TIMESTAMPDIFF.
var timestampUnits = map[string]TimeUnit{
	"FRAC_SECOND":         Microsecond,
	"SQL_TSI_FRAC_SECOND": Nanosecond,
	"SQL_TSI_MICROSECOND": Microsecond,
	"SQL_TSI_SECOND":      Second,
	"SQL_TSI_MINUTE":      Minute,
	"SQL_TSI_HOUR":        Hour,
	"SQL_TSI_DAY":         Day,
	"SQL_TSI_WEEK":        Week,
	"SQL_TSI_MONTH":       Month,
	"SQL_TSI_QUARTER":     Quarter,
	"SQL_TSI_YEAR":        Year,
}

// intervalUnits are the units of intervals, each with a rank: an interval goes from one to another of a higher rank, and
// years and months don't mix with the others.
var intervalUnits = map[TimeUnit]int{Year: 1, Month: 2, Day: 11, Hour: 12, Minute: 13, Second: 14}

// intervalQualifier reads unit[(precision)] [TO unit[(fraction)]]; with to false the unit alone.
func (p *parser) intervalQualifier(to bool) *IntervalQualifier {
	start := p.tok.start
	q := &IntervalQualifier{Precision: -1, Fraction: -1}
	q.From = p.intervalUnit()
	if p.acceptSymbol("(") {
		q.Precision = p.smallInt()
		if q.From == Second && p.acceptSymbol(",") {
			q.Fraction = p.smallInt()
		}
		p.expect(")")
	}
	rank := intervalUnits[q.From]
	if to && q.From != Second && q.From != Month && p.at("TO") {
		p.next()
		t := p.tok
		q.To = p.intervalUnit()
		if toRank := intervalUnits[q.To]; !p.failed() && (toRank <= rank || toRank/10 != rank/10) {
			p.tok = t
			p.unexpected("a smaller unit than " + string(q.From))
		}
		if q.To == Second && p.acceptSymbol("(") {
			q.Fraction = p.smallInt()
			p.expect(")")
		}
	}
	q.Span = p.span(start)
	return q
}

func (p *parser) intervalUnit() TimeUnit {
	unit := units[p.tok.word]
	if _, ok := intervalUnits[unit]; !ok {
		const expected = "YEAR, MONTH, DAY, HOUR, MINUTE or SECOND"
		switch {
		case unit == Week:
			p.refuse(p.tok.span(), "intervals of weeks are", "write INTERVAL '7' DAY for a week")
		case unit == Quarter:
			p.refuse(p.tok.span(), "intervals of quarters are", "write INTERVAL '3' MONTH for a quarter")
		case unit == Millisecond:
			p.refuse(p.tok.span(), "intervals of milliseconds are", "write INTERVAL '0.001' SECOND for a millisecond")
		default:
			p.unexpected(expected)
		}
		return Second
	}
	p.next()
	return unit
}

// timeUnit reads a unit of time as the argument of a function.
func (p *parser) timeUnit(more map[string]TimeUnit) *Symbol {
	t := p.tok
	unit, ok := units[t.word]
	if !ok {
		unit, ok = more[t.word]
	}
	if !ok {
		p.unexpected("a unit of time such as DAY or HOUR")
		return &Symbol{Span: t.span()}
	}
	p.next()
	return &Symbol{Span: t.span(), Name: string(unit)}
}
