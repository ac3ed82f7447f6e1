package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/weirsql/weir/udf"
)

// leastGo is the first Go that exports functions from WebAssembly.
const leastGo = 24

// goTimeout bounds one run of the compiler: on a cold cache it compiles the standard library.
const goTimeout = 5 * time.Minute

// Go is the loader of LANGUAGE GO.
func (h *Host) Go() udf.Loader {
	return func(src udf.Source) (*udf.Loaded, error) {
		_, symbol, err := split(src.Text, ".go")
		if err != nil {
			return nil, err
		}
		return h.load(src, ".go", func(f sourceFile) (*library, error) {
			g, err := readGo(f.name, f.content)
			if err != nil {
				return nil, err
			}
			if err := g.wants(symbol, src.Name); err != nil {
				return nil, err
			}
			if _, err := (&module{functions: g.signatures()}).choose(src.Name, symbol, f.name); err != nil {
				return nil, err
			}
			m, _, err := h.build(g)
			if err != nil {
				return nil, err
			}
			return &library{module: m, docs: g.docs(), wants: g.wants}, nil
		})
	}
}

// wants says what is wrong with the file's functions, before it is compiled.
func (g *goFile) wants(symbol, name string) error {
	for i, unfit := range g.unfitName {
		if unfit == symbol || symbol == "" && (sameName(unfit, name) || len(g.scalars)+len(g.aggs) == 0) {
			return refusedGo(g.name, g.unfit[i].Error()).WithHint("docs/udf.md says what functions look like")
		}
	}
	if len(g.scalars)+len(g.aggs) == 0 {
		return udf.LoadErrorf("function", "%s has no exported function", g.name).
			WithHint("SQL calls functions whose names begin with a capital letter: func %s(…)", camel(name))
	}
	return nil
}

// camel is a name in SQL as an exported name of Go.
func camel(name string) string {
	var b strings.Builder
	for _, part := range strings.Split(name, "_") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + strings.ToLower(part[1:]))
		}
	}
	if b.Len() == 0 {
		return "F"
	}
	return b.String()
}

// build makes a module of a Go file, or finds it compiled: by the hash of what goes into it and the compiler's version.
// What is kept only saves time: one that is damaged is compiled again, and a folder that can't be written is no mistake of
// the function.
func (h *Host) build(g *goFile) (*module, []byte, error) {
	wrapped := g.wrap()
	key := strings.TrimPrefix(hashOf([]byte(support+wrapped+string(g.content))), "sha256:")
	goTool, version, noGo := toolchain()
	file := ""
	if h.dir != "" {
		dir := filepath.Join(h.dir, "go")
		file = filepath.Join(dir, key+"-"+version+".wasm")
		if noGo != nil { // compiled is compiled
			if found, _ := filepath.Glob(filepath.Join(dir, key+"-*.wasm")); len(found) > 0 {
				file = found[0]
			}
		}
		if content, err := os.ReadFile(file); err == nil {
			if m, err := h.compile(content); err == nil {
				return m, content, nil
			}
		}
	}
	if noGo != nil {
		return nil, nil, noGo
	}
	content, err := compileGo(goTool, g, wrapped)
	if err != nil {
		return nil, nil, err
	}
	m, err := h.compile(content)
	if err != nil {
		return nil, nil, refused(sourceFile{name: g.name}, err)
	}
	if file != "" {
		_ = keep(file, content)
	}
	return m, content, nil
}

// keep writes a file that is there whole or not at all.
func keep(file string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".build-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails harmlessly after the rename
	_, err = tmp.Write(content)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), file)
}

// toolchain finds the go command and its version, such as go1.26.1. It runs nothing when it can read the version, since this
// is part of every start.
func toolchain() (tool, version string, err error) {
	tool, err = exec.LookPath("go")
	if err != nil {
		return "", "", udf.LoadErrorf("no-go", "LANGUAGE GO needs the Go toolchain, and there is no go command in the PATH").
			WithHint("install Go 1.%d or later (go.dev/doc/install), or compile where there is one: weir udf build FILE.go, then LANGUAGE WASM", leastGo)
	}
	if real, err := filepath.EvalSymlinks(tool); err == nil {
		if text, err := os.ReadFile(filepath.Join(filepath.Dir(real), "..", "VERSION")); err == nil {
			version, _, _ = strings.Cut(string(text), "\n")
		}
	}
	if version == "" {
		out, err := exec.Command(tool, "env", "GOVERSION").Output()
		if err != nil {
			return "", "", udf.LoadErrorf("no-go", "ask %s for its version: %v", tool, err)
		}
		version = strings.TrimSpace(string(out))
	}
	version = strings.Map(func(r rune) rune {
		if r == ' ' || r == '/' || r == '\\' {
			return '_'
		}
		return r
	}, strings.TrimSpace(version))
	minor := 0
	if _, err := fmt.Sscanf(version, "go1.%d", &minor); err == nil && minor < leastGo {
		return "", "", udf.LoadErrorf("no-go", "LANGUAGE GO needs Go 1.%d or later, %s is %s", leastGo, tool, version)
	}
	return tool, version, nil
}

// names of the files that are compiled; the compiler's messages are told apart by them.
const (
	userFile    = "function.go"
	supportFile = "weir_support.go"
	wrapFile    = "weir_wrap.go"
)

// compileGo compiles a Go file with its wrapper.
func compileGo(goTool string, g *goFile, wrapped string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "weir-function-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for name, text := range map[string]string{
		"go.mod": fmt.Sprintf("module function\n\ngo 1.%d\n", leastGo), userFile: g.asMain(), supportFile: support, wrapFile: wrapped,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), goTimeout)
	defer cancel()
	out := filepath.Join(dir, "out.wasm")
	c := exec.CommandContext(ctx, goTool, "build", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", out,
		userFile, supportFile, wrapFile) // by their names, as build constraints, such as ignore, are for other compilations of the file
	c.Dir = dir
	c.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=", "GO111MODULE=on", "GOTOOLCHAIN=local",
		"GOPROXY=off", "CGO_ENABLED=0", "GOWASM=")
	if _, err := os.UserCacheDir(); err != nil && os.Getenv("GOCACHE") == "" {
		c.Env = append(c.Env, "GOCACHE="+filepath.Join(dir, "cache"))
	}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Run(); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("it did not end within %v", goTimeout)
		}
		return nil, g.explain(said.String(), err)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		return nil, err
	}
	return describeIn(content, g.signatures())
}

// describeIn adds the section that describes a module's functions.
func describeIn(content []byte, functions []*signature) ([]byte, error) {
	all, err := sections(content)
	if err != nil {
		return nil, err
	}
	text := abi + "\n"
	for _, s := range functions {
		text += s.String() + "\n"
	}
	return joined(append(all, customSection(sectionName, []byte(text)))), nil
}

// asMain is the file with its package renamed to main; lines stay where they are.
func (g *goFile) asMain() string {
	from, to := g.offset(g.file.Name.Pos()), g.offset(g.file.Name.End())
	return string(g.content[:from]) + "main" + string(g.content[to:])
}

var compilerLine = regexp.MustCompile(`^(?:vet: )?(?:\./)?` + regexp.QuoteMeta(userFile) + `:(\d+(?::\d+)?): (.*)$`)

// explain makes the compiler's messages an error, at the lines of the user's file.
func (g *goFile) explain(said string, err error) error {
	var lines []string
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, "\n")
		if m := compilerLine.FindStringSubmatch(line); m != nil {
			lines = append(lines, g.name+":"+m[1]+": "+m[2])
		} else if strings.HasPrefix(line, "\t") && len(lines) > 0 {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		return refusedGo(g.name, strings.Join(lines, "\n"))
	}
	return udf.LoadErrorf("function", "compile %s: %v\n  %s", g.name, err, strings.ReplaceAll(strings.TrimSpace(said), "\n", "\n  "))
}
