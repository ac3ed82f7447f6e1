package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/weirsql/weir/udf"
)

// Built is a module made of a source file.
type Built struct {
	Module    []byte
	Functions []Function
}

// Function is a function of a module.
type Function struct {
	Name      string // its own
	Signature string // such as MaskPhone(phone STRING) → STRING
}

// compilers are the commands that compile other languages than Go, by the source's extension. The scaffolds of weir udf new
// are written for them.
var compilers = map[string]struct {
	command, install string
	args             func(source, out string) []string
}{
	".rs": {"rustc", "install Rust (rustup.rs), then: rustup target add wasm32-unknown-unknown", func(source, out string) []string {
		return []string{"--edition", "2021", "--target", "wasm32-unknown-unknown", "--crate-type", "cdylib", "-O", "-C", "strip=symbols", "-o", out, source}
	}},
	".c": {"clang", "install clang and lld, in Debian: apt install clang lld", func(source, out string) []string {
		return []string{"--target=wasm32", "-O2", "-nostdlib", "-fno-builtin", "-Wl,--no-entry", "-o", out, source}
	}},
}

// Build makes a module of a source file (.go, .rs, .c), or takes it as it is (.wasm), and checks that weir can use it.
func (h *Host) Build(path string) (*Built, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	var m *module
	ext := filepath.Ext(path)
	switch _, other := compilers[ext]; {
	case ext == ".go":
		g, err := readGo(path, content)
		if err != nil {
			return nil, err
		}
		if err := g.wants("", strings.TrimSuffix(filepath.Base(path), ext)); err != nil {
			return nil, err
		}
		if len(g.unfit) > 0 {
			return nil, refusedGo(path, g.unfit[0].Error()).WithHint("a function that SQL is not to call begins with a small letter")
		}
		if m, content, err = h.build(g); err != nil {
			return nil, err
		}
	case other:
		if content, err = compileOther(path, ext); err != nil {
			return nil, err
		}
	case ext != ".wasm":
		return nil, udf.LoadErrorf("function-file", "%s: weir builds .go, .rs and .c files", path).
			WithHint("other languages: compile to a .wasm by docs/udf-wasm.md; weir udf build FILE.wasm checks it")
	}
	if m == nil {
		if m, err = h.compile(content); err != nil {
			return nil, refused(sourceFile{name: path}, err)
		}
	}
	b := &Built{Module: content}
	for _, s := range m.functions {
		b.Functions = append(b.Functions, Function{s.name, s.usage(s.name)})
	}
	return b, nil
}

// compileOther compiles a file with the command for its extension.
func compileOther(path, ext string) ([]byte, error) {
	compiler := compilers[ext]
	tool, err := exec.LookPath(compiler.command)
	if err != nil {
		return nil, udf.LoadErrorf("no-compiler", "%s files need %s, and there is none in the PATH", ext, compiler.command).WithHint("%s", compiler.install)
	}
	dir, err := os.MkdirTemp("", "weir-function-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), goTimeout)
	defer cancel()
	out := filepath.Join(dir, "out.wasm")
	c := exec.CommandContext(ctx, tool, compiler.args(path, out)...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		text := strings.TrimSpace(said.String())
		e := udf.LoadErrorf("function", "%s can't be compiled: %v\n  %s", path, err, strings.ReplaceAll(text, "\n", "\n  "))
		if strings.Contains(text, "target may not be installed") || strings.Contains(text, "wasm-ld") {
			return nil, e.WithHint("%s", compiler.install)
		}
		return nil, e
	}
	return os.ReadFile(out)
}

// Examples finds the examples of functions in the comments of a source file.
func Examples(source string, functions []Function) []Example {
	var names []string
	for _, f := range functions {
		names = append(names, f.Name)
	}
	return readExamples(source, names)
}

// Called lists the names under which an example calls one of the functions, with that function's own.
func (e Example) Called(functions []Function) map[string]string {
	calls := map[string]string{}
	_, names := scan(e.SQL + " =")
	for _, name := range names {
		for _, f := range functions {
			if sameName(f.Name, name) {
				calls[strings.ToLower(name)] = f.Name
			}
		}
	}
	return calls
}

// Explain is an error with its hint, for those who don't show the two apart.
func Explain(err error) error {
	var le *udf.LoadError
	if errors.As(err, &le) && le.Hint != "" {
		return fmt.Errorf("%w\n  hint: %s", err, le.Hint)
	}
	return err
}
