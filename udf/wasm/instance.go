package wasm

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"

	"github.com/weirsql/weir/udf"
)

const pageSize = 1 << 16

// goCollects has Go modules collect garbage when they allocate. Otherwise a worker does, which gets its turn only when the
// function lets it: one that loops and makes garbage would run out of memory with a heap of nothing else.
const goCollects = "gcstoptheworld=1"

// startTime is how long a module may take to start, whatever a batch may: Go's runtime takes a millisecond.
const startTime = 10 * time.Second

// instance is a module with a memory of its own. One goroutine at a time uses it; after an error it is of no use any more.
type instance struct {
	*guts
	functions map[string]api.Function
	stack     [1]uint64 // parameter and result of a call
}

// guts is what a call's timer and the collector see of an instance.
type guts struct {
	module api.Module
	memory api.Memory
	stop   api.MutableGlobal
	limits udf.Limits
	output tail // what the module writes to standard output and error
	heap   heap
	timer  *time.Timer

	mu      sync.Mutex
	running bool
	expired bool
	allowed time.Duration // of the call that runs
}

// open makes an instance of a module.
func (m *module) open(limits udf.Limits) (*instance, error) {
	if limits.Memory > 0 && m.initial > uint64(limits.Memory) {
		return nil, fmt.Errorf("the module begins with %s of memory, weir.udf.memory-limit is %s", megabytes(m.initial), megabytes(uint64(limits.Memory)))
	}
	g := &guts{limits: limits}
	g.heap.limit = uint64(limits.Memory)
	ctx := experimental.WithMemoryAllocator(context.Background(), &g.heap)
	// No arguments, files or sockets, no more environment than Go's collector needs; a clock that counts its readings, and random numbers that are always
	// the same: wazero's defaults.
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions().WithStdout(&g.output).WithStderr(&g.output).
		WithEnv("GODEBUG", goCollects)
	var err error
	if g.module, err = m.engine.InstantiateModule(ctx, m.compiled, config); err != nil {
		return nil, fmt.Errorf("start the module: %w", g.explain(err))
	}
	g.memory = g.module.ExportedMemory(exportMemory)
	g.stop = g.module.ExportedGlobal(stopGlobal).(api.MutableGlobal)
	g.timer = time.AfterFunc(time.Hour, g.expire)
	g.timer.Stop()
	i := &instance{guts: g, functions: map[string]api.Function{}}
	// Who has an instance may lose it with a plan or an operator; the engine would keep it.
	runtime.AddCleanup(i, func(g *guts) { g.close() }, g)
	if f := g.module.ExportedFunction("_initialize"); f != nil {
		if err := i.callFunction(f, nil, startTime); err != nil {
			g.close()
			return nil, fmt.Errorf("start the module: %w", err)
		}
	}
	return i, nil
}

func (g *guts) close() { g.module.Close(context.Background()) }

func (g *guts) expire() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.running {
		g.expired = true
		g.stop.Set(1)
	}
}

// call calls an export that takes and gives an i32.
func (i *instance) call(name string, param uint32) (uint32, error) {
	f, ok := i.functions[name]
	if !ok {
		f = i.module.ExportedFunction(name)
		i.functions[name] = f
	}
	i.stack[0] = uint64(param)
	if err := i.callFunction(f, i.stack[:], i.limits.Time); err != nil {
		return 0, err
	}
	return uint32(i.stack[0]), nil
}

// callFunction calls f, for as long as limit allows; 0: as long as it likes.
func (i *instance) callFunction(f api.Function, stack []uint64, limit time.Duration) error {
	g := i.guts
	if limit > 0 {
		g.mu.Lock()
		g.running, g.allowed = true, limit
		g.mu.Unlock()
		g.timer.Reset(limit)
	}
	err := f.CallWithStack(context.Background(), stack)
	if limit > 0 {
		g.timer.Stop()
		g.mu.Lock()
		g.running = false
		g.mu.Unlock()
	}
	if err != nil {
		return g.explain(err)
	}
	return nil
}

// explain says why a call has failed.
func (g *guts) explain(err error) error {
	switch {
	case g.expired:
		return fmt.Errorf("the function did not end within %v (weir.udf.timeout)", g.allowed)
	case g.heap.refused > 0:
		return fmt.Errorf("the function needs more than %s of memory (weir.udf.memory-limit): it asked for %s", megabytes(g.heap.limit), megabytes(g.heap.refused))
	}
	if said := g.output.cause(); said != "" {
		return errors.New(said)
	}
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		return fmt.Errorf("the function ended its module with exit code %d", exit.ExitCode())
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(strings.TrimPrefix(text, "wasm error: "))
}

func megabytes(n uint64) string { return fmt.Sprintf("%d MB", (n+1<<20-1)>>20) }

// tail keeps the beginning of what a module writes: the message of a panic comes first.
type tail struct{ b []byte }

const maxOutput = 4 << 10

func (t *tail) Write(p []byte) (int, error) {
	t.b = append(t.b, p[:min(len(p), maxOutput-len(t.b))]...)
	return len(p), nil
}

// cause is the line with which Go's or Rust's runtime says why it gives up.
func (t *tail) cause() string {
	for line := range bytes.Lines(t.b) {
		for _, start := range []string{"panic: ", "fatal error: ", "thread "} {
			if bytes.HasPrefix(line, []byte(start)) {
				line = bytes.TrimSpace(line)
				return strings.ToValidUTF8(string(line[:min(len(line), 200)]), "")
			}
		}
	}
	return ""
}

// heap is the memory of an instance, which doesn't grow beyond the limit.
type heap struct {
	limit   uint64 // 0: none
	refused uint64 // what was asked for beyond it
	b       []byte
}

var (
	_ experimental.MemoryAllocator = (*heap)(nil)
	_ experimental.LinearMemory    = (*heap)(nil)
)

// Allocate implements experimental.MemoryAllocator.
func (h *heap) Allocate(uint64, uint64) experimental.LinearMemory { return h }

// Reallocate implements experimental.LinearMemory. It grows by a quarter at least, so that a module that asks for a page
// at a time isn't copied each time.
func (h *heap) Reallocate(size uint64) []byte {
	if h.limit > 0 && size > h.limit {
		h.refused = size
		return nil
	}
	if size > uint64(cap(h.b)) {
		room := max(size, uint64(cap(h.b))+uint64(cap(h.b))/4)
		if h.limit > 0 {
			room = min(room, h.limit)
		}
		grown := make([]byte, size, room)
		copy(grown, h.b)
		h.b = grown
	}
	h.b = h.b[:size]
	return h.b
}

// Free implements experimental.LinearMemory.
func (h *heap) Free() { h.b = nil }

// view is the module's memory at p, size bytes of it.
func (i *instance) view(p, size uint32, what string) ([]byte, error) {
	b, ok := i.memory.Read(p, size)
	if !ok {
		return nil, fmt.Errorf("the module's %s is at %d to %d, its memory ends at %d", what, p, uint64(p)+uint64(size), i.memory.Size())
	}
	return b, nil
}

// errAt is the error of a call that may have left the row it was at in the frame.
func (i *instance) errAt(frame uint32, n int, err error) error {
	if b, ok := i.memory.Read(frame+frameRow, 4); ok {
		if row := binary.LittleEndian.Uint32(b); int(row) < n {
			return &udf.RowError{Row: int(row), Err: err}
		}
	}
	return err
}
