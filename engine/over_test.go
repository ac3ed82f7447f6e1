package engine_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// drawing is a function with memory whose results depend on the seed and on all rows it has seen of the group.
var drawing = udf.Spec{Name: "DRAW", Family: "test", Usage: []string{"DRAW(n)"}, NonDeterministic: true,
	Scalar: func(*udf.Call) (*udf.BoundScalar, error) {
		return &udf.BoundScalar{Args: []types.Type{types.BigIntType}, Result: types.BigIntType, Seeded: true, New: func() udf.Stateful { return &drawings{} }}, nil
	},
}

type drawings struct{ of []uint64 } // 0: no row yet

func (d *drawings) Grow(n int) {
	for len(d.of) < n {
		d.of = append(d.of, 0)
	}
}
func (d *drawings) Reset(group int32) { d.of[group] = 0 }
func (d *drawings) Bytes() int        { return 8 * len(d.of) }
func (d *drawings) Eval(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	for i := range n {
		g := int32(0)
		if groups != nil {
			g = groups[i]
		}
		if d.of[g] == 0 {
			d.of[g] = uint64(ctx.Seed) | 1<<63
		}
		d.of[g] = (d.of[g]+uint64(args[0].I64[i]))*6364136223846793005 + 1442695040888963407
		out.I64[i] = int64(d.of[g] >> 20)
	}
	return nil
}
func (d *drawings) Encode(dst []byte, group int32) []byte {
	return binary.LittleEndian.AppendUint64(dst, d.of[group])
}
func (d *drawings) Decode(group int32, b []byte) error {
	if len(b) != 8 {
		return errors.New("a drawing has 8 bytes")
	}
	d.of[group] = binary.LittleEndian.Uint64(b)
	return nil
}

func (p *pipe) drawTables() string {
	return fmt.Sprintf(`CREATE TEMPORARY TABLE src (n BIGINT, ts AS TO_TIMESTAMP_LTZ(n, 3), WATERMARK FOR ts AS ts) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json', 'source.monitor-interval' = '5 ms', 'scan.parallelism' = '1');
CREATE TEMPORARY TABLE dst (n BIGINT, keyed BIGINT, single BIGINT) WITH ('connector' = 'filesystem', 'path' = '%s', 'format' = 'json');
`, p.in, p.out)
}

// Keys 0..9 come first; from row 1000 on there are new ones.
const drawInsert = `INSERT INTO dst SELECT n, DRAW(n) OVER (PARTITION BY CASE WHEN n < 1000 THEN MOD(n, 10) ELSE MOD(n, 40) END ORDER BY ts), drawn
FROM (SELECT n, ts, DRAW(n) AS drawn FROM src);`

// draws returns what has been published, by n.
func draws(t *testing.T, dir string) map[int64][2]int64 {
	t.Helper()
	all := map[int64][2]int64{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && (d.IsDir() || strings.HasPrefix(d.Name(), ".")) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			var row struct{ N, Keyed, Single int64 }
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				return err
			}
			if _, twice := all[row.N]; twice {
				t.Errorf("row %d was published twice", row.N)
			}
			all[row.N] = [2]int64{row.Keyed, row.Single}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// A job that is cut off and goes on in another session, at another parallelism, gives what an undisturbed run with the same seed
// gives, also for keys that come later: the seed is in the checkpoint.
func TestSeedGoesOn(t *testing.T) {
	p, dir := newPipe(t), t.TempDir()
	session := func(dir string, settings ...string) *engine.Session {
		o := engine.Options{DataDir: dir, Functions: []udf.Spec{drawing}, Restore: "latest",
			Settings: map[string]string{"parallelism.default": "2", "execution.checkpointing.interval": "10 ms"}}
		for i := 0; i < len(settings); i += 2 {
			o.Settings[settings[i]] = settings[i+1]
		}
		s, err := engine.New(o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	first := session(dir)
	job := must(t, first, p.drawTables()+drawInsert).Job
	for range 5 {
		p.add(100)
		eventually(t, "the rows", func() bool { return len(draws(t, p.out)) == p.next })
	}
	p.add(200)
	seed := job.Info().Seed
	if err := first.Close(); err != nil { // at any moment
		t.Fatal(err)
	}
	if seed == nil {
		t.Fatal("the job tells of no seed")
	}
	second := session(dir, "parallelism.default", "3")
	job = must(t, second, p.drawTables()+drawInsert).Job
	if got := job.Info().Seed; got == nil || *got != *seed {
		t.Fatalf("the second session goes on with the seed %v, not %d", got, *seed)
	}
	p.add(800)
	eventually(t, "the rows of the second session", func() bool { return len(draws(t, p.out)) == p.next })
	saves := t.TempDir()
	save, err := job.Savepoint(t.Context(), saves, true, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	third := session(t.TempDir(), "weir.seed", "5", "execution.state-recovery.path", save) // the savepoint's counts
	job = must(t, third, p.drawTables()+drawInsert).Job
	p.add(500)
	eventually(t, "the rows of the third session", func() bool { return len(draws(t, p.out)) == p.next })
	if got := job.Info().Seed; *got != *seed {
		t.Errorf("after the savepoint the seed is %d, not %d", *got, *seed)
	}
	if err := third.Close(); err != nil {
		t.Fatal(err)
	}

	undisturbed := &pipe{t: t, in: p.in, out: filepath.Join(t.TempDir(), "out"), next: p.next}
	alone := session(t.TempDir(), "weir.seed", fmt.Sprint(*seed))
	must(t, alone, undisturbed.drawTables()+drawInsert)
	eventually(t, "the undisturbed rows", func() bool { return len(draws(t, undisturbed.out)) == p.next })
	if err := alone.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := draws(t, p.out), draws(t, undisturbed.out); !maps.Equal(got, want) {
		for n, w := range want {
			if got[n] != w {
				t.Fatalf("row %d gives %v, undisturbed %v", n, got[n], w)
			}
		}
	}
}

func parse(t *testing.T, sql string) (*diag.File, parser.Stmt) {
	t.Helper()
	script, list := parser.ParseFile("q.sql", sql)
	if len(list) > 0 {
		t.Fatal(list)
	}
	return diag.NewFile("q.sql", sql), script.Stmts[0]
}

// EXPLAIN shows the seed where something draws from it; sessions draw different ones, and operators have the same names under all.
func TestExplainSeed(t *testing.T) {
	explain := func(settings map[string]string, format string) string {
		s := open(t, engine.Options{Functions: []udf.Spec{drawing}, Settings: settings})
		must(t, s, "CREATE TABLE src (n BIGINT) WITH ('connector' = 'datagen');")
		file, stmt := parse(t, "SELECT DRAW(n) FROM src;")
		text, err := s.Explain(file, stmt, format)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	chosen := explain(map[string]string{"weir.seed": "7"}, "text")
	plan, found := strings.CutSuffix(chosen, "seed=7 (weir.seed)\n")
	if !found {
		t.Errorf("the chosen seed is not shown:\n%s", chosen)
	}
	a, b := explain(nil, "text"), explain(nil, "text")
	if a == b || !strings.HasPrefix(a, plan+"seed=") || !strings.HasPrefix(b, plan+"seed=") || !strings.Contains(a, "drawn for this session") {
		t.Errorf("plans with drawn seeds:\n%s%s", a, b)
	}
	if text := explain(map[string]string{"weir.seed": "7"}, "json"); !strings.HasSuffix(text, "  \"seed\": 7\n}\n") {
		t.Errorf("as JSON:\n%s", text)
	}
	s := open(t, engine.Options{})
	must(t, s, "CREATE TABLE src (n BIGINT) WITH ('connector' = 'datagen');")
	file, stmt := parse(t, "SELECT n + 1 FROM src;")
	if text, err := s.Explain(file, stmt, "text"); err != nil || strings.Contains(text, "seed") {
		t.Errorf("a plan that draws nothing: %v\n%s", err, text)
	}
}
