package engine_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirsql/weir/connectors/format/changelogjson"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/oracle"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// recordings are the scripts whose answers a real Flink gave. kinesis and sinks are about other connectors' options.
var recordings = []string{"casts", "arithmetic", "temporal", "strings", "aggregates", "windows", "joins", "lab"}

// TestFlink runs everything that the oracle recorded through a session and compares rows, and refusals. What differs
// must be listed in testdata/deviations.txt with its reason, and what is listed must differ.
func TestFlink(t *testing.T) {
	deviations := readDeviations(t)
	for _, name := range recordings {
		t.Run(name, func(t *testing.T) {
			cases, err := oracle.Load(oracle.Data, name)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			if err := oracle.Inputs(dir); err != nil {
				t.Fatal(err)
			}
			seen := map[string]int{}
			agreed, out := 0, t.TempDir() // later cases may read what earlier ones wrote
			for _, c := range cases {
				key := name + ": " + caseText(c)
				if seen[key]++; seen[key] > 1 { // the same statement under other settings
					key += fmt.Sprintf(" #%d", seen[key])
				}
				why := runCase(c, dir, out)
				_, listed := deviations[key]
				delete(deviations, key)
				switch {
				case why == "" && !listed:
					agreed++
				case why == "" && listed:
					t.Errorf("%s\n  agrees with Flink now; take it off testdata/deviations.txt", key)
				case !listed:
					t.Errorf("%s\n  %s", key, why)
				}
			}
			t.Logf("%d of %d cases agree", agreed, len(cases))
		})
	}
	for key := range deviations {
		t.Errorf("testdata/deviations.txt lists a case that the oracle doesn't have: %s", key)
	}
}

func caseText(c oracle.Case) string { return strings.Join(strings.Fields(c.SQL), " ") }

// readDeviations reads lines `name: SQL` below comments that give the reason.
func readDeviations(t *testing.T) map[string]string {
	t.Helper()
	f, err := os.Open("testdata/deviations.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out, reason := map[string]string{}, ""
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		switch line := lines.Text(); {
		case strings.HasPrefix(line, "#"):
			reason = line
		case line != "":
			if reason == "" {
				t.Fatalf("testdata/deviations.txt: %q has no reason above it", line)
			}
			out[line] = reason
		}
	}
	return out
}

// runCase returns how weir's answer differs from Flink's, or "".
func runCase(c oracle.Case, dir, out string) string {
	s, err := engine.New(engine.Options{
		Settings:  map[string]string{"table.local-time-zone": "UTC", "parallelism.default": "1"},
		Functions: []udf.Spec{standInForest},
	})
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	ctx := context.Background()
	for _, setup := range c.Setup {
		if err := execute(ctx, s, oracle.Place(setup, dir, out), nil); err != nil {
			return fmt.Sprintf("setup %q: %v", setup, err)
		}
	}
	before, err := written(out)
	if err != nil {
		return err.Error()
	}
	var got []string
	err = execute(ctx, s, oracle.Place(c.SQL, dir, out), func(line []byte) { got = append(got, string(line)) })
	switch {
	case c.Err != "" && err == nil:
		return fmt.Sprintf("Flink refuses this in phase %s (%s), weir answers %v", c.Phase, c.Err, got)
	case c.Err != "":
		return ""
	case err != nil:
		return fmt.Sprintf("Flink answers, weir says: %v", err)
	}
	if len(got) == 0 {
		if got, err = written(out); err != nil {
			return err.Error()
		}
		for _, line := range before {
			if at := slices.Index(got, line); at >= 0 {
				got = slices.Delete(got, at, at+1)
			}
		}
	}
	var want []string
	for _, r := range c.Rows {
		want = append(want, r.Op+" "+canonical(r.JSON))
	}
	for i, line := range got {
		var row struct {
			Op   string
			Data json.RawMessage
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Op == "" {
			got[i] = "+I " + canonical([]byte(line))
			continue
		}
		got[i] = row.Op + " " + canonical(row.Data)
	}
	if c.Fold {
		got, want = fold(got), fold(want)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		return fmt.Sprintf("got  %v\n  want %v", got, want)
	}
	return ""
}

// standInForest is the function that stands for the forest in the oracle's lab: the length of the value's text.
var standInForest = udf.Spec{
	Class: "weirsql.oracle.StandInForest", Family: "test",
	Scalar: func(*udf.Call) (*udf.BoundScalar, error) {
		return &udf.BoundScalar{
			Args: []types.Type{types.FloatType}, Result: types.DoubleType,
			Eval: udf.F1(func(_ *udf.Context, v float32) (float64, bool, error) {
				text := strconv.FormatFloat(float64(v), 'f', -1, 32)
				if !strings.Contains(text, ".") {
					text += ".0"
				}
				return float64(len(text)), true, nil
			}),
		}, nil
	},
}

// execute runs a text of one statement and waits for its end.
func execute(ctx context.Context, s *engine.Session, text string, row func([]byte)) error {
	file := diag.NewFile("case", text)
	script, list := parser.ParseFile(file.Name, text)
	if len(list) > 0 {
		return list
	}
	for _, stmt := range script.Stmts {
		res, err := s.Execute(ctx, file, stmt)
		if err != nil {
			return err
		}
		job := res.Job
		if res.Table != nil && row != nil {
			for _, cells := range res.Table.Rows {
				row(tableRow(res.Table.Columns, cells))
			}
		}
		if res.Query != nil {
			a := changelogjson.NewAppender(res.Query.Schema)
			job, err = res.Query.Start(ctx, func(b *types.Batch) error {
				for i := range b.N {
					if b.Sel == nil || slices.Contains(b.Sel, int32(i)) {
						row(a.AppendRow(nil, b.Kind(i), b, i))
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		if job != nil {
			if err := job.Wait(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// tableRow is a row of SHOW or DESCRIBE in the form of a SELECT's.
func tableRow(columns, cells []string) []byte {
	data := map[string]any{}
	for i, c := range columns {
		data[c] = cells[i]
		switch cells[i] {
		case "":
			data[c] = nil
		case "TRUE":
			data[c] = true
		case "FALSE":
			data[c] = false
		}
	}
	line, err := json.Marshal(map[string]any{"op": "+I", "data": data})
	if err != nil {
		panic(err) // text and booleans
	}
	return line
}

// written returns the lines that an INSERT left below dir.
func written(dir string) ([]string, error) {
	var lines []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), ".") {
			return err
		}
		text, err := os.ReadFile(path)
		for line := range bytes.Lines(text) {
			lines = append(lines, string(line))
		}
		return err
	})
	return lines, err
}

// canonical makes JSON comparable: keys sorted, and numbers (also decimals written as text, 7E+1 or with zeros at the end)
// in one form.
func canonical(text []byte) string {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return string(text)
	}
	out, err := json.Marshal(normal(v))
	if err != nil {
		return string(text)
	}
	return string(out)
}

func normal(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		if f, err := v.Float64(); err == nil {
			if f == math.Trunc(f) && math.Abs(f) < 1e15 {
				return int64(f)
			}
			return strconv.FormatFloat(f, 'g', 12, 64) // Go's and Java's logarithms differ in the last digits
		}
	case string:
		if fraction.MatchString(v) { // Flink shows as many digits of a fraction as it needs
			z := strings.HasSuffix(v, "Z")
			v = strings.TrimRight(strings.TrimRight(strings.TrimSuffix(v, "Z"), "0"), ".")
			if z {
				v += "Z"
			}
		}
		return v
	case map[string]any:
		for k := range v {
			v[k] = normal(v[k])
		}
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	}
	return v
}

var fraction = regexp.MustCompile(`^(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d\.\d+Z?$`)

// fold returns the rows that a changelog leaves.
func fold(changes []string) []string {
	counts := map[string]int{}
	for _, c := range changes {
		op, data, _ := strings.Cut(c, " ")
		if op == "-U" || op == "-D" {
			counts[data]--
		} else {
			counts[data]++
		}
	}
	var rows []string
	for data, n := range counts {
		for range n {
			rows = append(rows, data)
		}
		for range -n {
			rows = append(rows, "missing "+data)
		}
	}
	return rows
}
