package oracle_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/oracle"
)

func TestLoadStatements(t *testing.T) {
	golden := `{"setup":"CREATE TABLE t (a INT) WITH ('path' = '$DIR/in/t.jsonl')"}
{"sql":"SELECT a FROM t","type":"a INT","rows":[{"op":"+I","data":{"a":1}},{"op":"-D","data":{"a":1}}]}
{"setup":"SET 'k' = 'v'"}
{"sql":"SELECT b FROM t","phase":"plan","err":"SqlValidatorException: no b"}
`
	got, err := oracle.Load(fstest.MapFS{"x.golden": {Data: []byte(golden)}}, "x")
	if err != nil {
		t.Fatal(err)
	}
	create := "CREATE TABLE t (a INT) WITH ('path' = '$DIR/in/t.jsonl')"
	want := []oracle.Case{
		{
			SQL: "SELECT a FROM t", Setup: []string{create}, Type: "a INT",
			Rows: []oracle.Row{{Op: "+I", JSON: json.RawMessage(`{"a":1}`)}, {Op: "-D", JSON: json.RawMessage(`{"a":1}`)}},
		},
		{
			SQL: "SELECT b FROM t", Setup: []string{create, "SET 'k' = 'v'"},
			Phase: "plan", Err: "SqlValidatorException: no b",
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestLoadExpressions(t *testing.T) {
	for _, tc := range []struct {
		recorded, sql, expr string
		args                []oracle.Arg
	}{
		{"1 + 1", "SELECT 1 + 1 AS r", "1 + 1", nil},
		{
			"CAST({' it''s '::STRING} AS INT)", "SELECT CAST(CAST(' it''s ' AS STRING) AS INT) AS r", "CAST(f0 AS INT)",
			[]oracle.Arg{{Name: "f0", Type: "STRING", Text: " it's "}},
		},
		{
			"{NULL::INT} + {-1::DECIMAL(10, 2) NOT NULL}", "SELECT CAST(NULL AS INT) + CAST('-1' AS DECIMAL(10, 2)) AS r", "f0 + f1",
			[]oracle.Arg{{Name: "f0", Type: "INT", Text: "NULL", Null: true}, {Name: "f1", Type: "DECIMAL(10, 2) NOT NULL", Text: "-1"}},
		},
		{
			"{12:34:56::TIME} = {61::BYTES}", "SELECT CAST('12:34:56' AS TIME) = CAST(x'61' AS BYTES) AS r", "f0 = f1",
			[]oracle.Arg{{Name: "f0", Type: "TIME", Text: "12:34:56"}, {Name: "f1", Type: "BYTES", Text: "61"}},
		},
		{
			"{1970-01-01 00:00:01.5Z::TIMESTAMP_LTZ(3)}", "SELECT CAST(TO_TIMESTAMP_LTZ(1500, 3) AS TIMESTAMP_LTZ(3)) AS r", "f0",
			[]oracle.Arg{{Name: "f0", Type: "TIMESTAMP_LTZ(3)", Text: "1970-01-01 00:00:01.5Z"}},
		},
		{
			"{-14::INTERVAL YEAR TO MONTH}, {-1005::INTERVAL DAY TO SECOND(3)}",
			"SELECT INTERVAL '-14' MONTH(9), INTERVAL '-1.005' SECOND(10, 3) AS r", "f0, f1",
			[]oracle.Arg{
				{Name: "f0", Type: "INTERVAL YEAR TO MONTH", Text: "-14"},
				{Name: "f1", Type: "INTERVAL DAY TO SECOND(3)", Text: "-1005"},
			},
		},
	} {
		text, err := json.Marshal(map[string]any{"expr": tc.recorded, "type": "INT", "value": 12345678901234567})
		if err != nil {
			t.Fatal(err)
		}
		got, err := oracle.Load(fstest.MapFS{"x.golden": {Data: text}}, "x")
		if err != nil {
			t.Errorf("%s: %v", tc.recorded, err)
			continue
		}
		want := []oracle.Case{{
			SQL: tc.sql, Expr: tc.expr, Args: tc.args, Type: "INT", Value: json.RawMessage("12345678901234567"),
			Rows: []oracle.Row{{Op: "+I", JSON: json.RawMessage(`{"r":12345678901234567}`)}},
		}}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got)\n%s", tc.recorded, d)
		}
	}
}

func TestLoadNamesFileAndLine(t *testing.T) {
	for _, golden := range []string{"{\"setup\":\"SET 'k' = 'v'\"}\nnonsense\n", "{\"setup\":\"SET 'k' = 'v'\"}\n{}\n"} {
		_, err := oracle.Load(fstest.MapFS{"x.golden": {Data: []byte(golden)}}, "x")
		if err == nil || !strings.HasPrefix(err.Error(), "x.golden:2: ") {
			t.Errorf("got %v, want an error at x.golden:2", err)
		}
	}
	if _, err := oracle.Load(oracle.Data, "nothing"); err == nil {
		t.Error("no error for a file that isn't there")
	}
}

// Every recorded file loads, answers every case in one of the three ways, and reads only inputs that are here.
func TestRecorded(t *testing.T) {
	files, err := fs.Glob(oracle.Data, "*.golden")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded files: %v", err)
	}
	dir := t.TempDir()
	if err := oracle.Inputs(dir); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		cases, err := oracle.Load(oracle.Data, strings.TrimSuffix(file, ".golden"))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, c := range cases {
			if (c.Err == "") != (c.Phase == "") || c.Phase != "" && c.Phase != "plan" && c.Phase != "run" {
				t.Errorf("%s: %s: phase %q, error %q", file, c.SQL, c.Phase, c.Err)
			}
			if c.Expr != "" && c.Err == "" && (c.Type == "" || !json.Valid(c.Value)) {
				t.Errorf("%s: %s: type %q, value %s", file, c.SQL, c.Type, c.Value)
			}
			if strings.Contains(c.Expr, "::") {
				t.Errorf("%s: placeholder left in %s", file, c.Expr)
			}
			for _, r := range c.Rows {
				if !json.Valid(r.JSON) || !strings.Contains(" +I -U +U -D ", " "+r.Op+" ") {
					t.Errorf("%s: %s: row %s %s", file, c.SQL, r.Op, r.JSON)
				}
			}
			for _, s := range c.Setup {
				if _, rest, found := strings.Cut(s, "'$DIR/"); found {
					name, _, _ := strings.Cut(rest, "'")
					if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
						t.Errorf("%s: %s: %v", file, s, err)
					}
				}
			}
		}
	}
}

func TestPlace(t *testing.T) {
	if got := oracle.Place("'$DIR/in/a' '$OUT/b'", "/d", "/o"); got != "'/d/in/a' '/o/b'" {
		t.Error(got)
	}
}
