package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// stringSplit is the table function of Flink's tests: no rows for the empty text, three for no arguments at all. The
// text "bad" is an error.
var stringSplit = udf.Spec{
	Name: "STRING_SPLIT", Family: "test", Usage: []string{"STRING_SPLIT([text, separator => ','])"},
	Table: func(c *udf.Call) (*udf.BoundTable, error) {
		t := &udf.BoundTable{Columns: []types.Field{{Name: "EXPR$0", Type: types.StringType}}}
		for i, a := range c.Args {
			if name := strings.ToUpper(a.Name); name != "" && name != []string{"TEXT", "SEP"}[i] {
				return nil, udf.NoNamedArg(c.Name, i, a.Name)
			}
			t.Args = append(t.Args, types.StringType)
		}
		t.Eval = func(_ *udf.Context, args []*types.Vector, n int, out *udf.TableOutput) error {
			for i := range n {
				words := []string{"a", "b", "c"}
				if len(args) > 0 {
					sep := ","
					if len(args) > 1 {
						sep = args[1].Str(i)
					}
					switch text := args[0].Str(i); text {
					case "":
						continue
					case "bad":
						return &udf.RowError{Row: i, Err: errors.New("this one is bad")}
					default:
						words = strings.Split(text, sep)
					}
				}
				for _, w := range words {
					out.Rows = append(out.Rows, int32(i))
					out.Cols[0].AppendString(w)
				}
			}
			return nil
		}
		return t, nil
	},
}

// rows runs a query and folds its changelog: lines of values separated by commas, sorted.
func rows(t *testing.T, s *engine.Session, sql string) ([]string, error) {
	t.Helper()
	got := map[string]int{}
	err := execute(context.Background(), s, sql, func(line []byte) {
		var change struct {
			Op   string
			Data json.RawMessage
		}
		if err := json.Unmarshal(line, &change); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		got[values(t, change.Data)] += map[string]int{"+I": 1, "+U": 1, "-U": -1, "-D": -1}[change.Op]
	})
	var out []string
	for _, row := range slices.Sorted(maps.Keys(got)) {
		for range got[row] {
			out = append(out, row)
		}
	}
	return out, err
}

// values are those of a JSON object in its order.
func values(t *testing.T, object []byte) string {
	d := json.NewDecoder(strings.NewReader(string(object)))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	var parts []string
	for d.More() {
		var x any
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		if err := d.Decode(&x); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, fmt.Sprint(x))
	}
	return strings.Join(parts, ",")
}

// What Flink's UnnestITCase, CorrelateITCase and CorrelateTestPrograms expect, and the examples of its documentation
// ("Joins": expansion of arrays, multisets and maps; table functions).
func TestTableFunctions(t *testing.T) {
	const (
		arrays   = "(VALUES (1, ARRAY[12, 45], ARRAY[ARRAY[12, 45]]), (2, ARRAY[41, 5], ARRAY[ARRAY[18], ARRAY[87]]), (3, ARRAY[18, 42], ARRAY[ARRAY[1], ARRAY[45]])) AS T(a, b, c)"
		objects  = "(VALUES (1, ARRAY[ROW(12, '45.6'), ROW(12, '45.612')]), (2, ARRAY[ROW(13, '41.6'), ROW(14, '45.2136')]), (3, ARRAY[ROW(18, '42.6')])) AS T(a, b)"
		tuples   = "(VALUES (1, ARRAY[ROW(12, '45.6'), ROW(2, '45.612')]), (2, ARRAY[ROW(13, '41.6'), ROW(1, '45.2136')]), (3, ARRAY[ROW(18, '42.6')])) AS T(a, b)"
		points   = "(VALUES (1, 1, ROW(12, '45.6')), (2, 2, ROW(12, '45.612')), (3, 2, ROW(13, '41.6')), (4, 3, ROW(14, '45.2136')), (5, 3, ROW(18, '42.6'))) AS T(a, b, c)"
		some     = "(VALUES (1, '1'), (1, '2'), (2, '2'), (3, CAST(NULL AS STRING)), (4, '4'), (5, '5'), (5, CAST(NULL AS STRING)), (6, '6')) AS T(a, b)"
		entries  = "(VALUES (1, 11, MAP['a', '10', 'b', '11']), (2, 22, MAP['c', '20']), (3, 33, MAP['d', '30', 'e', '31'])) AS T(a, b, c)"
		texts    = "(VALUES (1, 2, 'abc-bcd'), (1, 2, 'hhh'), (1, 2, 'xxx')) AS T1(a, b, c)"
		empty    = "(VALUES (1, 2, ''), (1, 3, '')) AS T1(a, b, c)"
		partly   = "(VALUES (1, 2, 'a'), (1, 3, '')) AS T1(a, b, c)"
		orders   = "(VALUES ('order_1', ARRAY['shirt', 'pants', 'hat'])) AS Orders(order_id, product_names)"
		nullable = "(VALUES (1, ARRAY[ROW(1, 'x'), CAST(NULL AS ROW<n INT, s STRING>)]), (2, CAST(NULL AS ARRAY<ROW<n INT, s STRING>>)), (3, ARRAY[ROW(3, CAST(NULL AS STRING))])) AS T(a, b)"
	)
	s := open(t, engine.Options{Functions: []udf.Spec{stringSplit}, Settings: map[string]string{"parallelism.default": "2"}})
	for _, test := range []struct{ name, sql, want string }{
		{"testUnnestPrimitiveArrayFromTable", "SELECT a, s FROM " + arrays + ", UNNEST(T.b) AS A (s)", "1,12; 1,45; 2,41; 2,5; 3,18; 3,42"},
		{"testUnnestArrayOfArrayFromTable", "SELECT a, s FROM " + arrays + ", UNNEST(T.c) AS A (s)", "1,[12 45]; 2,[18]; 2,[87]; 3,[1]; 3,[45]"},
		{"testUnnestObjectArrayFromTableWithFilter", "SELECT a, s, t FROM " + objects + ", UNNEST(T.b) AS A (s, t) WHERE s > 13", "2,14,45.2136; 3,18,42.6"},
		{"testUnnestMultiSetFromCollectResult", "WITH T1 AS (SELECT b, COLLECT(c) AS `set` FROM " + points + " GROUP BY b) SELECT b, id, point FROM T1, UNNEST(T1.`set`) AS A(id, point) WHERE b < 3",
			"1,12,45.6; 2,12,45.612; 2,13,41.6"},
		{"testLeftUnnestMultiSetFromCollectResult", "WITH T1 AS (SELECT a, COLLECT(b) AS `set` FROM " + some + " GROUP BY a) SELECT a, s FROM T1 LEFT JOIN UNNEST(T1.`set`) AS A(s) ON TRUE WHERE a < 5",
			"1,1; 1,2; 2,2; 3,<nil>; 4,4"},
		{"testCrossWithUnnestForMap", "SELECT a, b, v FROM " + entries + " CROSS JOIN UNNEST(c) AS f (k, v)", "1,11,10; 1,11,11; 2,22,20; 3,33,30; 3,33,31"},
		{"testJoinWithUnnestOfTuple", "SELECT a, x, y FROM (SELECT a, b FROM " + tuples + " WHERE a < 3) AS tf, UNNEST(tf.b) AS A (x, y) WHERE x > a", "1,12,45.6; 1,2,45.612; 2,13,41.6"},
		{"testUnnestObjectArrayWithoutAlias", "SELECT a, A.EXPR$0, A.EXPR$1 FROM " + objects + ", UNNEST(T.b) AS A WHERE A.EXPR$0 > 13", "2,14,45.2136; 3,18,42.6"},
		{"testUnnestWithNestedFilter", "SELECT * FROM (SELECT a, b1, b2 FROM (SELECT a, b FROM " + objects + ") T CROSS JOIN UNNEST(T.b) AS S(b1, b2) WHERE S.b1 >= 12) tmp WHERE b2 <> '42.6'",
			"1,12,45.6; 1,12,45.612; 2,13,41.6; 2,14,45.2136"},
		{"ordinality", "SELECT order_id, product_name, product_index FROM " + orders + " CROSS JOIN UNNEST(product_names) WITH ORDINALITY AS t(product_name, product_index)",
			"order_1,hat,3; order_1,pants,2; order_1,shirt,1"},
		{"constant array", "SELECT * FROM (VALUES('order_1')) CROSS JOIN UNNEST(ARRAY['shirt', 'pants', 'hat']) WITH ORDINALITY AS t(product_name, index)",
			"order_1,hat,3; order_1,pants,2; order_1,shirt,1"},
		{"ordinality of a multiset", "WITH T1 AS (SELECT COLLECT(b) AS m FROM (VALUES 'x', 'x', 'x') AS T(b)) SELECT e, n FROM T1, UNNEST(m) WITH ORDINALITY AS A(e, n)", "x,1; x,2; x,3"},
		{"null rows", "SELECT a, n, s FROM " + nullable + ", UNNEST(b) AS A(n, s)", "1,1,x; 1,<nil>,<nil>; 3,3,<nil>"},
		{"null lists", "SELECT a, n, o FROM " + nullable + " LEFT JOIN UNNEST(b) WITH ORDINALITY AS A(n, s, o) ON TRUE", "1,1,1; 1,<nil>,2; 2,<nil>,<nil>; 3,3,1"},

		{"condition of a left join", "SELECT a, s FROM " + arrays + " LEFT JOIN UNNEST(T.b) AS A (s) ON s > 40 AND a <> 3", "1,45; 2,41; 3,<nil>"},

		{"testUdtfForSameFieldofDifferentSource", "SELECT a, v FROM " + texts + ", LATERAL TABLE(STRING_SPLIT(c, '-')) AS T(v) UNION ALL SELECT a, v FROM " + texts + ", LATERAL TABLE(STRING_SPLIT(c, '-')) AS T(v)",
			"1,abc; 1,abc; 1,bcd; 1,bcd; 1,hhh; 1,hhh; 1,xxx; 1,xxx"},
		{"testConstantTableFunc", "SELECT * FROM LATERAL TABLE(STRING_SPLIT()) AS T0(d)", "a; b; c"},
		{"testConstantTableFunc2", "SELECT * FROM TABLE(STRING_SPLIT('Jack,John', ',')) AS T0(d)", "Jack; John"},
		{"testConstantTableFunc3", "SELECT * FROM " + texts + ", LATERAL TABLE(STRING_SPLIT('Jack,John', ',')) AS T0(d)",
			"1,2,abc-bcd,Jack; 1,2,abc-bcd,John; 1,2,hhh,Jack; 1,2,hhh,John; 1,2,xxx,Jack; 1,2,xxx,John"},
		{"testLeftJoinWithEmptyOutput", "SELECT * FROM " + empty + " LEFT JOIN LATERAL TABLE(STRING_SPLIT(c, '|')) AS T(v) ON TRUE", "1,2,,<nil>; 1,3,,<nil>"},
		{"testProjectCorrelateInputWithEmptyOutput", "SELECT v FROM " + partly + ", LATERAL TABLE(STRING_SPLIT(c, '|')) AS T(v)", "a"},
		{"testLeftJoinProjectCorrelateInputWithEmptyOutput", "SELECT v FROM " + empty + " LEFT JOIN LATERAL TABLE(STRING_SPLIT(c, '|')) AS T(v) ON TRUE", "<nil>; <nil>"},
		{"testLeftJoinPartialProjectWithEmptyOutput", "SELECT b, v FROM " + empty + " LEFT JOIN LATERAL TABLE(STRING_SPLIT(c, '|')) AS T(v) ON TRUE", "2,<nil>; 3,<nil>"},
		{"testCountStarOnCorrelate", "SELECT COUNT(*) FROM " + texts + ", LATERAL TABLE(STRING_SPLIT(c, '-'))", "4"},
		{"nested", "SELECT x, y, o FROM " + texts + ", LATERAL TABLE(STRING_SPLIT(c, '-')) AS T(x), LATERAL TABLE(STRING_SPLIT(x || ',' || c)) AS U(y), UNNEST(ARRAY[x]) WITH ORDINALITY AS V(z, o) WHERE x = 'abc'",
			"abc,abc,1; abc,abc-bcd,1"},
		{"fields of a row", "SELECT a, c.*, T.c.* FROM " + points + " WHERE a > 3", "4,14,45.2136,14,45.2136; 5,18,42.6,18,42.6"},
		{"named arguments", "SELECT v FROM " + texts + ", LATERAL TABLE(STRING_SPLIT(text => c, sep => '-')) AS T(v) WHERE b = 2 AND v < 'c'", "abc; bcd"},
	} {
		got, err := rows(t, s, test.sql)
		want := strings.Split(test.want, "; ")
		slices.Sort(want)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %s\ngives %v (%v)\nwant  %v", test.name, test.sql, got, err, want)
		}
	}
}

// A table function that fails ends the job with its name, its arguments and its place in the query.
func TestTableFunctionFails(t *testing.T) {
	s := open(t, engine.Options{Functions: []udf.Spec{stringSplit}})
	const sql = "SELECT v FROM (VALUES ('good'), ('bad')) AS t(a), LATERAL TABLE(STRING_SPLIT(a, ',')) AS x(v)"
	_, err := rows(t, s, sql)
	var at *diag.Error
	if !errors.As(err, &at) || !strings.Contains(err.Error(), "STRING_SPLIT(a, ',') for ('bad', ','): this one is bad") {
		t.Fatalf("the error is %v", err)
	}
	if got := sql[at.Span.Start:at.Span.End]; got != "STRING_SPLIT(a, ',')" {
		t.Errorf("the error is at %q", got)
	}
}

// The record that a failure came of is named, in the function and behind it, whatever rows were made of those before.
func TestTableFunctionFailsAtRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.jsonl")
	lines := `{"id": 1, "a": ["1", "2"], "s": "good"}
{"id": 2, "a": [], "s": "good"}
{"id": 3, "a": ["3", "4", "x"], "s": ""}
{"id": 4, "a": ["5"], "s": "bad"}
`
	if err := os.WriteFile(path, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	s := open(t, engine.Options{Functions: []udf.Spec{stringSplit}, Settings: map[string]string{"parallelism.default": "1"}})
	create := "CREATE TABLE t (id INT, a ARRAY<STRING>, s STRING) WITH ('connector' = 'filesystem', 'path' = '" + path + "', 'format' = 'json')"
	if err := execute(context.Background(), s, create, nil); err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]string{
		"INSERT INTO nowhere SELECT CAST(e AS INT) FROM t, UNNEST(a) AS e":                                                           "in.jsonl, line 3, byte 72: ",
		"INSERT INTO nowhere SELECT CAST(e AS INT) FROM t LEFT JOIN UNNEST(a) AS e ON TRUE WHERE id <> 1":                            "in.jsonl, line 3, byte 72: ",
		"INSERT INTO nowhere SELECT id FROM t LEFT JOIN UNNEST(a) AS e ON CAST(e AS INT) > 1 WHERE id > 1":                           "in.jsonl, line 3, byte 72: ",
		"INSERT INTO nowhere SELECT id FROM t, LATERAL TABLE(STRING_SPLIT(s)) WHERE id <> 2":                                         "in.jsonl, line 4, byte 113: ",
		"INSERT INTO nowhere SELECT CAST(e || w AS INT) FROM t, UNNEST(a) AS e, LATERAL TABLE(STRING_SPLIT(s)) AS x(w) WHERE id < 4": "in.jsonl, line 1, byte 0: ",
	} {
		err := execute(context.Background(), s, "CREATE TEMPORARY TABLE IF NOT EXISTS nowhere (n INT) WITH ('connector' = 'blackhole')", nil)
		if err == nil {
			err = execute(context.Background(), s, sql, nil)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\nfails with %v, want a record at %q", sql, err, want)
		}
	}
}

// word is what the table function WORDS makes.
type word struct {
	Text   string
	Length int64 `sql:"len"`
}

// A table function written in Go has the columns of its struct, and one that fails or panics ends the job with the row's
// arguments.
func TestNativeTableFunctions(t *testing.T) {
	words := udf.Table("WORDS", func(text string, emit func(word)) error {
		for _, w := range strings.Fields(text) {
			switch w {
			case "bad":
				return errors.New("this one is bad")
			case "panic":
				panic("unlucky")
			}
			emit(word{w, int64(len(w))})
		}
		return nil
	})
	upto := udf.Table2("UPTO", func(from, to int64, emit func(int64)) error {
		for i := from; i <= to; i++ {
			emit(i)
		}
		return nil
	})
	s := open(t, engine.Options{Functions: []udf.Spec{words, upto}})
	const texts = "(VALUES (1, 'to be'), (2, ''), (3, CAST(NULL AS STRING))) AS t(id, a)"
	for _, test := range []struct{ sql, want string }{
		{"SELECT id, w.* FROM " + texts + ", LATERAL TABLE(WORDS(a)) AS w", "1,be,2; 1,to,2"},
		{"SELECT id, w.len, w.text FROM " + texts + " LEFT JOIN LATERAL TABLE(WORDS(a)) AS w ON TRUE", "1,2,be; 1,2,to; 2,<nil>,<nil>; 3,<nil>,<nil>"},
		{"SELECT text, n FROM " + texts + ", LATERAL TABLE(WORDS(a)), LATERAL TABLE(UPTO(len, id + 2)) AS u(n)", "be,2; be,3; to,2; to,3"},
		{"SELECT SUM(n) FROM TABLE(UPTO(1, 9000)) AS u(n)", "4.05045e+07"},
	} {
		got, err := rows(t, s, test.sql)
		if want := strings.Split(test.want, "; "); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s\ngives %v (%v)\nwant  %v", test.sql, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"a bad one": "WORDS(a) for ('a bad one'): this one is bad",
		"panic":     "WORDS(a) for ('panic'): the function panicked at correlate_test.go:",
	} {
		if got, err := rows(t, s, "SELECT * FROM (VALUES 'fine', '"+text+"') AS t(a), LATERAL TABLE(WORDS(a))"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v (%v), want the error %q", text, got, err, want)
		}
	}
}

// Arguments that differ in nothing but their names are not the same call.
func TestNamedArguments(t *testing.T) {
	pad := udf.Spec{
		Name: "PAD_SIDES", Family: "test",
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			left := len(c.Args) > 1 && c.Args[1].Name == "left"
			return &udf.BoundScalar{Args: []types.Type{types.StringType, types.StringType}[:len(c.Args)], Result: types.StringType,
				Eval: func(_ *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
					return udf.EachRow(out, n, func(i int) error {
						text := args[0].Str(i)
						switch {
						case len(args) == 1:
						case left:
							text = args[1].Str(i) + text
						default:
							text += args[1].Str(i)
						}
						out.AppendString(text)
						return nil
					})
				}}, nil
		},
	}
	s := open(t, engine.Options{Functions: []udf.Spec{pad}})
	got, err := rows(t, s, "SELECT PAD_SIDES(a, left => b), PAD_SIDES(a, side => b), PAD_SIDES(a, left => DEFAULT) FROM (VALUES ('x', 'y')) AS t(a, b)")
	if err == nil {
		t.Errorf("a reserved word was taken for a name: %v", got)
	}
	got, err = rows(t, s, "SELECT PAD_SIDES(a, `left` => b), PAD_SIDES(a, side => b), PAD_SIDES(a, `left` => DEFAULT) FROM (VALUES ('x', 'y')) AS t(a, b)")
	if err != nil || !slices.Equal(got, []string{"yx,xy,x"}) {
		t.Errorf("the answer is %v (%v)", got, err)
	}
}
