package wasm

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/weirsql/weir/udf"
)

// sectionName is the custom section in which a module describes its functions.
const sectionName = "weir"

// abi is the version of the interface between weir and modules, the first line of their section.
const abi = "abi 1"

// Host compiles modules and keeps them: one of a session. It starts nothing before the first function. It is safe for
// concurrent use.
type Host struct {
	dir string

	mu      sync.Mutex
	kept    *engine                // keeps what it compiles below dir; nil before the first module
	unkept  *engine                // for modules that can't be kept
	modules map[string]*module     // by the hash of their bytes
	loaded  map[loadedKey]*library // what functions were made of
	reads   map[string]contentHash // of files, by path
}

// loadedKey is a file with its content at the time.
type loadedKey struct{ path, hash string }

// library is a module with what its functions are called and documented as.
type library struct {
	module *module
	docs   map[string]doc // by the function's own name
	// wants says what is wrong with a function that was left out of the module; nil: none was.
	wants func(symbol, name string) error
}

// doc is what a source says about a function.
type doc struct {
	summary  string
	examples []udf.Example
}

// contentHash is the hash of a file that had this size and time.
type contentHash struct {
	size, modified int64
	hash           string
}

// NewHost returns a host that keeps compiled code below dir, which is created with the first of it; "" keeps none.
func NewHost(dir string) *Host {
	return &Host{dir: dir, modules: map[string]*module{}, loaded: map[loadedKey]*library{}, reads: map[string]contentHash{}}
}

// Close frees the compiled code. Nothing may run any more.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	err := errors.Join(h.kept.close(), h.unkept.close())
	h.kept, h.unkept = nil, nil
	return err
}

// Module is the loader of LANGUAGE WASM.
func (h *Host) Module() udf.Loader {
	return func(src udf.Source) (*udf.Loaded, error) {
		return h.load(src, ".wasm", func(f sourceFile) (*library, error) {
			m, err := h.compile(f.content)
			if err != nil {
				return nil, refused(f, err)
			}
			return &library{module: m}, nil
		})
	}
}

func refused(f sourceFile, err error) error {
	var le *udf.LoadError
	if errors.As(err, &le) {
		return err
	}
	return udf.LoadErrorf("function", "%s: %v", f.name, err).WithHint("docs/udf-wasm.md says what a module must be like")
}

// sourceFile is a file that a source names.
type sourceFile struct {
	name, path string // as written, and where it is
	content    []byte
	hash       string
}

// load makes a function of a source: from what is loaded already, else from the file by make.
func (h *Host) load(src udf.Source, ext string, make func(sourceFile) (*library, error)) (*udf.Loaded, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	name, symbol, err := split(src.Text, ext)
	if err != nil {
		return nil, err
	}
	f := sourceFile{name: name}
	if f.path, err = find(name, src.Dir); err != nil && src.Pinned == "" {
		return nil, err
	}
	key := loadedKey{f.path, src.Pinned}
	lib, known := h.loaded[key]
	if !known {
		if err != nil {
			return nil, err
		}
		if f.hash, err = h.hash(f.path); err != nil {
			return nil, err
		}
		key.hash = f.hash
		lib, known = h.loaded[key]
	}
	if !known {
		if f.content, err = os.ReadFile(f.path); err != nil {
			return nil, udf.LoadErrorf("function-file", "read %s: %v", f.name, reason(err))
		}
		key.hash = hashOf(f.content)
		if lib, err = make(f); err != nil {
			return nil, err
		}
		h.loaded[key] = lib
	}
	if lib.wants != nil {
		if err := lib.wants(symbol, src.Name); err != nil {
			return nil, err
		}
	}
	sig, err := lib.module.choose(src.Name, symbol, name)
	if err != nil {
		return nil, err
	}
	out := &udf.Loaded{Text: "file:" + filepath.ToSlash(f.path), Hash: key.hash, Signature: sig.usage(src.Name)}
	if symbol != "" {
		out.Text += "#" + symbol
	}
	out.Spec = lib.spec(sig, src)
	return out, nil
}

// split takes file:PATH[#function] apart.
func split(text, ext string) (name, symbol string, err error) {
	name, ok := strings.CutPrefix(text, "file:")
	if !ok {
		return "", "", udf.LoadErrorf("function-file", "%q names no file", text).WithHint("write 'file:PATH%s' or 'file:PATH%s#function'", ext, ext)
	}
	if i := strings.LastIndexByte(name, '#'); i >= 0 {
		name, symbol = name[:i], name[i+1:]
	}
	name = strings.TrimPrefix(name, "//")
	if filepath.Ext(name) != ext {
		return "", "", udf.LoadErrorf("function-file", "%q is not a %s file", name, ext).
			WithHint("LANGUAGE GO takes a .go file, LANGUAGE WASM a .wasm file")
	}
	return name, symbol, nil
}

// find looks for a file: in dir, then in the working directory.
func find(name, dir string) (string, error) {
	tried := []string{name}
	if !filepath.IsAbs(name) && dir != "" && dir != "." {
		tried = []string{filepath.Join(dir, name), name}
	}
	for _, path := range tried {
		if _, err := os.Stat(path); err == nil {
			return filepath.Abs(path)
		}
	}
	path, err := filepath.Abs(tried[0])
	return path, errors.Join(err, udf.LoadErrorf("function-file", "there is no file %s", strings.Join(tried, ", nor ")).
		WithHint("paths are relative to the SQL file's directory, then to the working directory"))
}

// reason is why a file can't be read, without its path.
func reason(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// hash returns the hash of a file's content, which it reads again when the file's size or time are others.
func (h *Host) hash(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", udf.LoadErrorf("function-file", "read %s: %v", path, reason(err))
	}
	if c, ok := h.reads[path]; ok && c.size == info.Size() && c.modified == info.ModTime().UnixNano() {
		return c.hash, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return "", udf.LoadErrorf("function-file", "read %s: %v", path, reason(err))
	}
	c := contentHash{info.Size(), info.ModTime().UnixNano(), hashOf(content)}
	h.reads[path] = c
	return c.hash, nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// engine is what modules are compiled for and run by.
type engine struct {
	wazero.Runtime
	cache wazero.CompilationCache
}

// newEngine makes an engine that keeps compiled code in dir; with "" it keeps none.
func newEngine(dir string) (*engine, error) {
	cache := wazero.NewCompilationCache()
	if dir != "" {
		var err error
		if cache, err = wazero.NewCompilationCacheWithDir(dir); err != nil {
			return nil, err
		}
	}
	ctx := context.Background()
	e := &engine{wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfig().WithCompilationCache(cache).WithDebugInfoEnabled(false)), cache}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *engine) close() error {
	if e == nil {
		return nil
	}
	return errors.Join(e.Close(context.Background()), e.cache.Close(context.Background()))
}

// damaged is in the error of an engine that has read compiled code with a wrong checksum, or the beginning of it.
const damaged = "compilationcache:"

// translate makes machine code of a module, or finds it. What is kept only saves time: where it is damaged, or nothing can be
// kept, the module is compiled for this session.
func (h *Host) translate(content []byte) (e *engine, _ wazero.CompiledModule, err error) {
	ctx := experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0))
	if h.dir != "" {
		dir := filepath.Join(h.dir, "compiled")
		if h.kept == nil {
			h.kept, err = newEngine(dir)
		}
		if err == nil {
			var m wazero.CompiledModule
			if m, err = h.kept.CompileModule(ctx, content); err == nil {
				return h.kept, m, nil
			}
		}
		if strings.Contains(err.Error(), damaged) { // it doesn't say which, and others may be as well
			files, _ := filepath.Glob(filepath.Join(dir, "*", "*"))
			for _, f := range files {
				os.Remove(f) // what stays is found damaged again
			}
		}
	}
	if h.unkept == nil {
		if h.unkept, err = newEngine(""); err != nil {
			return nil, nil, err
		}
	}
	m, err := h.unkept.CompileModule(ctx, content)
	return h.unkept, m, err
}

// module is a compiled module.
type module struct {
	engine    *engine
	compiled  wazero.CompiledModule
	functions []*signature
	initial   uint64 // bytes of memory that it begins with
}

// compile checks a module and compiles it.
func (h *Host) compile(content []byte) (*module, error) {
	key := hashOf(content)
	if m, ok := h.modules[key]; ok {
		return m, nil
	}
	all, err := sections(content)
	if err != nil {
		return nil, err
	}
	m := &module{}
	if m.functions, err = describe(all); err != nil {
		return nil, err
	}
	if all, err = interruptible(all); err != nil {
		return nil, err
	}
	if m.engine, m.compiled, err = h.translate(joined(all)); err != nil {
		return nil, fmt.Errorf("not a valid module: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, errors.Join(err, m.compiled.Close(context.Background()))
	}
	h.modules[key] = m
	return m, nil
}

// describe reads the section in which a module describes its functions.
func describe(all []section) ([]*signature, error) {
	text, found := custom(all, sectionName)
	if !found {
		return nil, fmt.Errorf("the module has no custom section %q that describes its functions", sectionName)
	}
	var functions []*signature
	versioned := false
	for line := range strings.Lines(string(bytes.Trim(text, "\x00"))) {
		line = strings.Trim(line, " \t\r\n\x00")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "abi "):
			if line != abi {
				return nil, fmt.Errorf("the module has %q, this weir knows %q", line, abi)
			}
			versioned = true
		default:
			s, err := parseSignature(line)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(functions, func(o *signature) bool { return o.name == s.name }) {
				return nil, fmt.Errorf("the module describes %s twice", s.name)
			}
			functions = append(functions, s)
		}
	}
	if !versioned {
		return nil, fmt.Errorf("the custom section %q doesn't say %q", sectionName, abi)
	}
	if len(functions) == 0 {
		return nil, fmt.Errorf("the custom section %q describes no function", sectionName)
	}
	return functions, nil
}

// Exports of a module beside its functions.
const (
	exportMemory = "memory"
	exportBuffer = "weir_buffer"
)

// exports of an aggregate, behind its name.
var aggregateExports = []string{"_grow", "_reset", "_add", "_merge", "_result", "_encode", "_decode"}

// check looks for the exports that the module's description promises, and for imports that nobody gives.
func (m *module) check() error {
	for _, f := range m.compiled.ImportedFunctions() {
		mod, name, _ := f.Import()
		if mod != wasi_snapshot_preview1.ModuleName {
			return fmt.Errorf("the module imports function %q of %q; modules can import %s only", name, mod, wasi_snapshot_preview1.ModuleName)
		}
	}
	if len(m.compiled.ImportedMemories()) > 0 {
		return errors.New("the module imports a memory; it must have its own")
	}
	mem, ok := m.compiled.ExportedMemories()[exportMemory]
	if !ok {
		return fmt.Errorf("the module doesn't export its memory as %q", exportMemory)
	}
	m.initial = uint64(mem.Min()) * pageSize
	i32 := []api.ValueType{api.ValueTypeI32}
	need := func(name string, params, results []api.ValueType) error {
		f, ok := m.compiled.ExportedFunctions()[name]
		if !ok {
			return fmt.Errorf("the module doesn't export %s, %s", name, shape(params, results))
		}
		if !slices.Equal(f.ParamTypes(), params) || !slices.Equal(f.ResultTypes(), results) {
			return fmt.Errorf("the module exports %s as %s; it must be %s", name, shape(f.ParamTypes(), f.ResultTypes()), shape(params, results))
		}
		return nil
	}
	err := need(exportBuffer, i32, i32)
	for _, s := range m.functions {
		if !s.aggregate {
			err = errors.Join(err, need(s.name, i32, i32))
			continue
		}
		for _, suffix := range s.exports() {
			err = errors.Join(err, need(s.name+suffix, i32, i32))
		}
	}
	return err
}

// exports lists the suffixes of an aggregate's exports.
func (s *signature) exports() []string {
	if s.retract {
		return append(slices.Clone(aggregateExports), "_retract")
	}
	return aggregateExports
}

// shape is a function type in words.
func shape(params, results []api.ValueType) string {
	names := func(ts []api.ValueType) string {
		var out []string
		for _, t := range ts {
			out = append(out, api.ValueTypeName(t))
		}
		return "(" + strings.Join(out, ", ") + ")"
	}
	return "func" + names(params) + " → " + names(results)
}

// choose finds the function that a source means: the one it names, the only one, or the one with the name it has in SQL.
func (m *module) choose(name, symbol, file string) (*signature, error) {
	var known []string
	for _, s := range m.functions {
		if s.name == symbol || symbol == "" && len(m.functions) == 1 {
			return s, nil
		}
		known = append(known, s.name)
	}
	for _, s := range m.functions {
		if symbol == "" && sameName(s.name, name) {
			return s, nil
		}
	}
	wanted := symbol
	if wanted == "" {
		wanted = name
	}
	return nil, udf.LoadErrorf("unknown-function", "%s has no function %s", file, wanted).
		WithHint("it has %s; name one with 'file:%s#%s'", strings.Join(known, ", "), file, known[0])
}
