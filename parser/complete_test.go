package parser_test

import (
	"testing"

	"github.com/weirsql/weir/parser"
)

func TestComplete(t *testing.T) {
	tests := []struct {
		text string
		want bool
	}{
		{"", false},
		{" -- nothing yet\n", false},
		{"SELECT 1", false},
		{"SELECT 1;", true},
		{"SELECT 1; -- done", true},
		{"SELECT 1; SELECT 2", false},
		{"SELECT 1; SELECT 2;", true},
		{"SELECT 'a;", false},
		{"SELECT 'a;'", false},
		{"SELECT 'a';", true},
		{"SELECT 'it''s;", false},
		{"SELECT `a;", false},
		{"SELECT `a;`;", true},
		{"SELECT 1 -- a;", false},
		{"SELECT 1 // a;", false},
		{"SELECT 1 /* a;", false},
		{"SELECT 1 /* a; */", false},
		{"SELECT 1 /* a; */;", true},
		{"SELECT # nonsense;", true},
		{"SELECT \"x\";", true},
		{"BEGIN STATEMENT SET;", false},
		{"BEGIN STATEMENT SET; INSERT INTO t SELECT 1;", false},
		{"BEGIN STATEMENT SET; INSERT INTO t SELECT 1; END", false},
		{"BEGIN STATEMENT SET; INSERT INTO t SELECT 1; END;", true},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT CASE WHEN a THEN 1 END;", false},
		{"EXECUTE STATEMENT SET BEGIN INSERT INTO t SELECT 1; END;", true},
		{"SELECT 1; EXPLAIN STATEMENT SET BEGIN INSERT INTO t SELECT 1;", false},
		{"SELECT CASE WHEN a THEN 1 END;", true},
		{";", true},
	}
	for _, tt := range tests {
		if got := parser.Complete(tt.text); got != tt.want {
			t.Errorf("Complete(%q) = %t", tt.text, got)
		}
	}
}
