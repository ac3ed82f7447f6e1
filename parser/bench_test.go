package parser_test

import (
	"os"
	"testing"

	"github.com/xwb1989/sqlparser"

	"github.com/weirsql/weir/parser"
)

func readScript(b *testing.B, name string) string {
	data, err := os.ReadFile("testdata/scripts/" + name)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	return string(data)
}

// BenchmarkParse reads Flink's programs: DDL, joins, windows.
//
//	go test ./parser -run XXX -bench .
func BenchmarkParse(b *testing.B) {
	text := readScript(b, "flink_programs.sql")
	for b.Loop() {
		if _, errs := parser.ParseFile("", text); errs != nil {
			b.Fatal(errs)
		}
	}
}

// BenchmarkPrint prints what BenchmarkParse reads.
func BenchmarkPrint(b *testing.B) {
	f, _ := parser.ParseFile("", readScript(b, "flink_programs.sql"))
	for b.Loop() {
		parser.PrintFile(f.Stmts)
	}
}

const sharedQuery = `SELECT a, b AS c, COUNT(*) AS n FROM t AS x LEFT JOIN s AS y ON x.id = y.id
WHERE (x.a + 1) * 2 > y.b AND x.name LIKE 'abc%' OR y.c IN (1, 2, 3) AND x.d BETWEEN 1 AND 10
GROUP BY a, b HAVING COUNT(*) > 10 ORDER BY a DESC LIMIT 10`

// BenchmarkShared reads a query that both grammars know; BenchmarkSharedReferee is the generated parser of sqlparser.
func BenchmarkShared(b *testing.B) {
	b.SetBytes(int64(len(sharedQuery)))
	b.ReportAllocs()
	for b.Loop() {
		if _, errs := parser.ParseStmt(sharedQuery); errs != nil {
			b.Fatal(errs)
		}
	}
}

func BenchmarkSharedReferee(b *testing.B) {
	b.SetBytes(int64(len(sharedQuery)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sqlparser.Parse(sharedQuery); err != nil {
			b.Fatal(err)
		}
	}
}
