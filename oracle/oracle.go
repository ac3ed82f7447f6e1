// Package oracle holds what Apache Flink 1.20 answered to the scripts in testdata, so that tests elsewhere can take
// their expected values from it. It is for tests only: nothing here is linked into weir.
//
// Start with Load. README.md says what each file records, how to record again, and lists what is surprising about
// Flink's answers.
package oracle

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed testdata/*.golden testdata/in
var recorded embed.FS

// Data is the folder of recorded results: NAME.golden, and in/ with the files that the scripts read.
var Data fs.FS = sub(recorded, "testdata")

func sub(fsys fs.FS, dir string) fs.FS {
	s, err := fs.Sub(fsys, dir)
	if err != nil {
		panic(err) // dir is a constant above
	}
	return s
}

// Case is one statement or one expression and Flink's answer.
type Case struct {
	// SQL is a statement that can be run as it stands once Setup was run. For an expression case it is
	// "SELECT ... AS r" with the arguments written as literals.
	SQL string
	// Setup are the statements that came before in the file, in order: SET, CREATE TABLE and the like. Paths in them
	// begin with $DIR (inputs) or $OUT (what a statement writes); see Place.
	Setup []string

	// Expr is set for an expression case: the expression over the columns Args.
	Expr string
	Args []Arg

	// Type is the SQL type of the expression, or "name TYPE, name TYPE" of the result's columns, as Flink prints
	// types: DECIMAL(10, 2), STRING, INT NOT NULL, TIMESTAMP(3) *ROWTIME*; for INSERT those of its query. Often empty
	// when Flink refused the statement.
	Type string
	// Rows are the rows of a SELECT in the order that Flink gave them (an order that often means nothing), or what an
	// INSERT wrote to its files. An expression case has one row, {"r": value}.
	Rows []Row
	// Fold means that Rows is the table that remains after all changes, sorted, and not the changelog.
	Fold bool
	// Value is the value of an expression case, as in Rows[0].
	Value json.RawMessage

	// Err is Flink's innermost error: the simple class name and the first line of its message. Empty when it answered.
	Err string
	// Phase says when it failed: "plan" before anything was started, "run" while running.
	Phase string
}

// Row is one change of a result.
type Row struct {
	Op   string          // +I, -U, +U or -D
	JSON json.RawMessage // object of column values, columns in SELECT order; format in README.md
}

// Arg is a column of the one row over which an expression is evaluated.
type Arg struct {
	Name string // f0, f1, ...
	Type string // as written in SQL: INT, STRING, DECIMAL(10, 2), INT NOT NULL
	// Text is the value: text as it is, numbers and timestamps as SQL writes them (TIMESTAMP_LTZ with a trailing Z),
	// bytes in hexadecimal, intervals as a number of months or milliseconds. Meaningless when Null.
	Text string
	Null bool
}

// Load reads NAME.golden below fsys, usually Data. Errors name the file and line.
func Load(fsys fs.FS, name string) ([]Case, error) {
	file := name + ".golden"
	text, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	var cases []Case
	var setup []string
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		if l.Setup != "" {
			// Clipped, so that appending to a Setup handed out earlier can't be seen here.
			setup = append(setup[:len(setup):len(setup)], l.Setup)
			continue
		}
		c, err := l.toCase()
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		c.Setup = setup
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return cases, nil
}

// line is a line of a .golden file; README.md describes the fields.
type line struct {
	Setup string          `json:"setup"`
	SQL   string          `json:"sql"`
	Expr  string          `json:"expr"`
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
	Fold  bool            `json:"fold"`
	Rows  []struct {
		Op   string          `json:"op"`
		Data json.RawMessage `json:"data"`
	} `json:"rows"`
	Phase string `json:"phase"`
	Err   string `json:"err"`
}

func (l line) toCase() (Case, error) {
	c := Case{SQL: l.SQL, Type: l.Type, Fold: l.Fold, Err: l.Err, Phase: l.Phase}
	for _, r := range l.Rows {
		c.Rows = append(c.Rows, Row{Op: r.Op, JSON: r.Data})
	}
	if l.Expr == "" {
		if l.SQL == "" {
			return c, fmt.Errorf("neither setup nor sql nor expr")
		}
		return c, nil
	}
	var literal string
	var err error
	if c.Expr, literal, c.Args, err = placeholders(l.Expr); err != nil {
		return c, err
	}
	c.SQL = "SELECT " + literal + " AS r"
	if l.Err == "" {
		c.Value = l.Value
		c.Rows = []Row{{Op: "+I", JSON: json.RawMessage(`{"r":` + string(l.Value) + `}`)}}
	}
	return c, nil
}

// Place replaces $DIR and $OUT in a statement by folders.
func Place(sql, dir, out string) string {
	return strings.NewReplacer("$DIR", filepath.ToSlash(dir), "$OUT", filepath.ToSlash(out)).Replace(sql)
}

// Inputs writes the files that the scripts read into dir/in, so that dir can stand for $DIR.
func Inputs(dir string) error {
	files, err := fs.ReadDir(Data, "in")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, "in"), 0o755); err != nil {
		return err
	}
	for _, f := range files {
		text, err := fs.ReadFile(Data, path.Join("in", f.Name()))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "in", f.Name()), text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
