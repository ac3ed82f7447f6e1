package types

import "strings"

// Schema is the ordered list of columns of a batch, a plan node or a table. It is immutable once shared.
type Schema struct {
	Fields []Field
}

// NewSchema returns a schema of these columns.
func NewSchema(fields ...Field) *Schema { return &Schema{Fields: fields} }

// Len is the number of columns.
func (s *Schema) Len() int { return len(s.Fields) }

// Index returns the position of the column with exactly this name, or -1. Flink's names are case-sensitive.
func (s *Schema) Index(name string) int {
	for i, f := range s.Fields {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// Names returns the column names in order.
func (s *Schema) Names() []string {
	names := make([]string, len(s.Fields))
	for i, f := range s.Fields {
		names[i] = f.Name
	}
	return names
}

// RowType returns the schema as a ROW type.
func (s *Schema) RowType() Type { return Type{Kind: Row, Fields: s.Fields, NotNull: true} }

// String prints the schema as `(a INT, b STRING)`.
func (s *Schema) String() string {
	var b strings.Builder
	b.WriteByte('(')
	for i, f := range s.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name)
		b.WriteByte(' ')
		b.WriteString(f.Type.String())
	}
	b.WriteByte(')')
	return b.String()
}
