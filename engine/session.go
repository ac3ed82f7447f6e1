package engine

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/all"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/parser"
	"github.com/weirsql/weir/planner"
	"github.com/weirsql/weir/planner/catalog"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/builtin"
	"github.com/weirsql/weir/udf/wasm"
)

// Options configure a session. The zero Options give one that keeps nothing on disk and reaches AWS.
type Options struct {
	// DataDir keeps the catalog and checkpoints; "" keeps neither. See Home.
	DataDir string
	// Clock is the processing time; nil is the machine's.
	Clock clock.Clock
	// Stdout is where `print` tables write; nil is os.Stdout.
	Stdout io.Writer
	Log    *slog.Logger // nil discards
	// KinesisEndpoint and SNSEndpoint are the embedded server's; see connectors.Env.
	KinesisEndpoint, SNSEndpoint string
	// Settings are set before the first statement, as by SET.
	Settings map[string]string
	// Functions are registered beside the built-in ones.
	Functions []udf.Spec
	// Restore is how jobs start: "" afresh, "latest" from their newest checkpoint if there is one, else the path of a
	// checkpoint.
	Restore string
	// MaxRows bounds the batches between operators; 0 is the runtime's default. Tests use 1.
	MaxRows int
	// OnEvent, if not nil, hears of the jobs' checkpoints, restarts and ends, each job's from one goroutine; it must not block
	// or call the job. The first event may come before Jobs lists the job.
	OnEvent func(*Job, Event)
}

// Session runs statements against one catalog. It is safe for concurrent use; statements are executed one at a time,
// jobs run beside each other.
type Session struct {
	opts    Options
	planner *planner.Planner
	host    *wasm.Host
	ctx     context.Context // ends with Close, and with it every job
	cancel  context.CancelFunc

	mu    sync.Mutex // guards planner's catalog and settings
	jobs  jobs
	limit sync.Once     // guards state
	state *state.Memory // of all jobs; nil before the first
}

// Home returns the directory for weir's data: $WEIR_HOME, else weir below the user's data directory
// ($XDG_DATA_HOME or ~/.local/share).
func Home() (string, error) {
	if dir := os.Getenv("WEIR_HOME"); dir != "" {
		return dir, nil
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "weir"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find a place for weir's data: %w; set WEIR_HOME", err)
	}
	return filepath.Join(home, ".local", "share", "weir"), nil
}

// New opens a session.
func New(opts Options) (*Session, error) {
	if opts.Clock == nil {
		opts.Clock = clock.Real{}
	}
	if opts.Stdout == nil {
		opts.Stdout = os.Stdout
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	functions := udf.NewRegistry()
	if err := builtin.Register(functions); err != nil {
		return nil, err
	}
	for _, f := range opts.Functions {
		if err := functions.Register(f); err != nil {
			return nil, err
		}
	}
	registry, err := all.Registry()
	if err != nil {
		return nil, err
	}
	settings := planner.NewSettings()
	for key, value := range opts.Settings {
		if err := settings.Set(key, value); err != nil {
			return nil, err
		}
	}
	names := catalog.New()
	if opts.DataDir != "" {
		if names, err = catalog.Open(filepath.Join(opts.DataDir, "catalog")); err != nil {
			return nil, err
		}
	}
	wasmDir := ""
	if opts.DataDir != "" {
		wasmDir = filepath.Join(opts.DataDir, "functions")
	}
	host := wasm.NewHost(wasmDir)
	s := &Session{opts: opts, host: host}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	seed := int64(defaultSeed)
	if settings.Get("weir.seed") != "" {
		seed = settings.Int("weir.seed")
	}
	s.planner = &planner.Planner{
		Catalog: names, Functions: functions, Connectors: registry, Settings: settings, Seed: drawSeed(),
		Loaders: udf.Loaders{"JAVA": udf.Classes(functions), "SCALA": udf.Classes(functions), "GO": host.Go(), "WASM": host.Module()},
		Env: &connectors.Env{
			Clock: opts.Clock, Log: opts.Log, Stdout: opts.Stdout, Seed: seed,
			KinesisEndpoint: opts.KinesisEndpoint, SNSEndpoint: opts.SNSEndpoint,
		},
	}
	return s, nil
}

// defaultSeed is that of connectors when weir.seed isn't set: what datagen makes up is then the same in every session, so that a
// job that goes on in another one reads the same rows again.
const defaultSeed = 42

// drawSeed draws the seed of a session's random functions: below 2^53, so that all readers of JSON see all of its digits.
func drawSeed() int64 {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return int64(binary.LittleEndian.Uint64(b[:]) >> 11)
}

// Close cancels all jobs and waits for them.
func (s *Session) Close() error {
	s.cancel()
	var errs []error
	for _, j := range s.Jobs() {
		<-j.Done()
	}
	errs = append(errs, s.state.Close(), s.host.Close())
	return errors.Join(errs...)
}

// Functions returns the functions that statements can call, for completion and the reference.
func (s *Session) Functions() *udf.Registry { return s.planner.Functions }

// Connectors returns the connectors that tables can use.
func (s *Session) Connectors() *connectors.Registry { return s.planner.Connectors }

// Setting returns the value of a setting, or its default.
func (s *Session) Setting(key string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.planner.Settings.Get(key)
}

// Objects lists the names of the visible tables and views, for completion.
func (s *Session) Objects() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	c, d := s.planner.Catalog.Current()
	for _, kind := range []catalog.Kind{catalog.Table, catalog.View} {
		for _, o := range s.planner.Catalog.Objects(c, d, kind) {
			names = append(names, o.Path.Name)
		}
	}
	return names
}

// FileError is the mistakes found in one file.
type FileError struct {
	File *diag.File
	List diag.List
}

func (e *FileError) Error() string {
	var b writer
	diag.Render(&b, e.File, e.List)
	return string(b)
}

// Unwrap returns the list.
func (e *FileError) Unwrap() error { return e.List }

type writer []byte

func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}

// Check parses files and plans every statement in them, in order, on a copy of the session: nothing is created, started
// or set. The error joins a *FileError for each file with mistakes; parse errors don't hide later ones.
func (s *Session) Check(files ...*diag.File) ([]*parser.File, error) {
	trial := s.trial()
	failed := map[string]bool{} // what has a CREATE with mistakes; that it is unknown then is not another one
	var scripts []*parser.File
	var errs []error
	for _, f := range files {
		script, list := parser.ParseFile(f.Name, f.Text)
		trial.Dir = filepath.Dir(f.Name)
		for _, stmt := range script.Stmts {
			found := check(trial, stmt)
			if name := creates(stmt); name != "" && len(found) > 0 {
				failed[name] = true
			}
			list = append(list, slices.DeleteFunc(found, func(e *diag.Error) bool {
				return (e.Code == "unknown-table" || e.Code == "unknown-function") && e.Span.End <= len(f.Text) && failed[lastPart(f.Text[e.Span.Start:e.Span.End])]
			})...)
		}
		if len(list) > 0 {
			list.Sort()
			errs = append(errs, &FileError{f, list})
		}
		scripts = append(scripts, script)
	}
	return scripts, errors.Join(errs...)
}

// creates is the name of the table, view or function that a statement creates, or "".
func creates(stmt parser.Stmt) string {
	switch stmt := stmt.(type) {
	case *parser.CreateTable:
		return stmt.Name.Last().Name
	case *parser.CreateView:
		return stmt.Name.Last().Name
	case *parser.CreateFunction:
		return stmt.Name.Last().Name
	}
	return ""
}

// lastPart is the object's own name in a name as it is written.
func lastPart(name string) string {
	return strings.Trim(name[strings.LastIndexByte(name, '.')+1:], "` ")
}

// check plans one statement.
func check(p *planner.Planner, stmt parser.Stmt) (errs diag.List) {
	defer bugs(stmt, &errs)
	switch stmt := stmt.(type) {
	case *parser.Query:
		_, errs := p.PlanQuery(stmt)
		return errs
	case *parser.Insert:
		_, errs := p.PlanInserts([]*parser.Insert{stmt})
		return errs
	case *parser.StatementSet:
		_, errs := p.PlanInserts(stmt.Inserts)
		return errs
	case *parser.Explain:
		return check(p, stmt.Stmt)
	case *parser.Set:
		return setting(p, stmt)
	case *parser.Reset:
		return reset(p, stmt)
	case *parser.Describe:
		if stmt.Name != nil && stmt.Kind == parser.ObjectTable {
			if _, err := p.Describe(stmt.Name); err != nil {
				return diag.List{err}
			}
		}
		return nil
	case *parser.AddJar:
		return diag.List{diag.Errorf("unsupported", stmt.Span, "weir runs no Java and can't use JARs").WithHint("functions can be written in Go, or compiled to WebAssembly: CREATE FUNCTION f AS 'file:f.go' LANGUAGE GO; connectors are built in")}
	}
	if ok, errs := p.Define(stmt); ok {
		return errs
	}
	return nil
}

// bugs turns a panic while a statement is planned into an error of that statement: an invariant that doesn't hold is a bug
// of weir's, and no reason for a session with running jobs to die.
func bugs(stmt parser.Stmt, errs *diag.List) {
	if r := recover(); r != nil {
		errs.Add(diag.Errorf("internal", stmt.Pos(), "internal error, a bug of weir: %v", r))
	}
}

func setting(p *planner.Planner, stmt *parser.Set) diag.List {
	if stmt.Key == nil {
		return nil
	}
	if err := p.Settings.Set(stmt.Key.Value, stmt.Value.Value); err != nil {
		return diag.List{diag.Errorf("invalid-setting", stmt.Span, "%w", err)}
	}
	return nil
}

func reset(p *planner.Planner, stmt *parser.Reset) diag.List {
	key := ""
	if stmt.Key != nil {
		key = stmt.Key.Value
	}
	p.Settings.Reset(key)
	return nil
}

// Explained is the plan of one statement.
type Explained struct {
	Position string // file:line:column of the statement
	Text     string
}

// ExplainFiles plans every statement of files, as Check does, and prints the plans of those that have one.
func (s *Session) ExplainFiles(format string, files ...*diag.File) ([]Explained, error) {
	trial := &Session{opts: s.opts, planner: s.trial()}
	var plans []Explained
	var errs []error
	for _, f := range files {
		script, list := parser.ParseFile(f.Name, f.Text)
		trial.planner.Dir = filepath.Dir(f.Name)
		for _, stmt := range script.Stmts {
			text, more := trial.explain(stmt, format)
			if text == "" && len(more) == 0 {
				more = check(trial.planner, stmt)
			}
			if list = append(list, more...); text != "" {
				pos := f.Position(stmt.Pos().Start)
				plans = append(plans, Explained{fmt.Sprintf("%s:%d:%d", f.Name, pos.Line, pos.Col), text})
			}
		}
		if len(list) > 0 {
			list.Sort()
			errs = append(errs, &FileError{f, list})
		}
	}
	return plans, errors.Join(errs...)
}

// trial is a planner on copies of the catalog and the settings.
func (s *Session) trial() *planner.Planner {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.copyPlanner()
}

// copyPlanner is trial for who holds mu.
func (s *Session) copyPlanner() *planner.Planner {
	p := *s.planner
	p.Catalog, p.Settings = s.planner.Catalog.Clone(), s.planner.Settings.Clone()
	return &p
}

// Parse parses a file without checking what it means.
func (s *Session) Parse(file *diag.File) (*parser.File, error) {
	script, list := parser.ParseFile(file.Name, file.Text)
	if len(list) > 0 {
		return nil, &FileError{file, list}
	}
	return script, nil
}

// Location is the session's time zone.
func (s *Session) Location() *time.Location {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.planner.Settings.Location()
}
