package types

import "strings"

// RowKind says what a record does to the table it is a change of (Flink's RowKind).
type RowKind uint8

const (
	Insert       RowKind = iota // +I: a new row
	UpdateBefore                // -U: the old content of a changed row
	UpdateAfter                 // +U: the new content of a changed row
	Delete                      // -D: a row that is gone
)

// String returns +I, -U, +U or -D.
func (k RowKind) String() string { return [...]string{"+I", "-U", "+U", "-D"}[k] }

// ParseRowKind reads +I, -U, +U or -D.
func ParseRowKind(s string) (RowKind, bool) {
	for k := Insert; k <= Delete; k++ {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// Retracts reports whether the record takes a row away: -U and -D.
func (k RowKind) Retracts() bool { return k == UpdateBefore || k == Delete }

// ChangelogMode is the set of row kinds that an edge of a plan may carry.
type ChangelogMode uint8

// The three modes that plans know; other sets occur only in table options.
const (
	AppendOnly ChangelogMode = 1 << Insert
	Upsert     ChangelogMode = 1<<Insert | 1<<UpdateAfter | 1<<Delete // needs a key
	Retract    ChangelogMode = 1<<Insert | 1<<UpdateBefore | 1<<UpdateAfter | 1<<Delete
)

// Has reports whether the mode carries k.
func (m ChangelogMode) Has(k RowKind) bool { return m&(1<<k) != 0 }

// With returns the mode that also carries k.
func (m ChangelogMode) With(k RowKind) ChangelogMode { return m | 1<<k }

// String prints the mode as Flink's EXPLAIN CHANGELOG_MODE does: `I,UB,UA,D`.
func (m ChangelogMode) String() string {
	var parts []string
	for i, s := range [...]string{"I", "UB", "UA", "D"} {
		if m&(1<<i) != 0 {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ",")
}

// ParseChangelogMode reads a list such as `I,UB,UA,D`.
func ParseChangelogMode(s string) (ChangelogMode, bool) {
	var m ChangelogMode
	for part := range strings.SplitSeq(s, ",") {
		switch strings.ToUpper(strings.TrimSpace(part)) {
		case "I", "+I":
			m = m.With(Insert)
		case "UB", "-U":
			m = m.With(UpdateBefore)
		case "UA", "+U":
			m = m.With(UpdateAfter)
		case "D", "-D":
			m = m.With(Delete)
		default:
			return 0, false
		}
	}
	return m, m != 0
}
