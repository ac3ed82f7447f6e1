package simulation

import (
	"io"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
)

// place is the URI of the disk on which checkpoints are. Simulations run one after the other: it is that of the process
// which runs now.
const place = "simulated://disk"

var mounted *disk

func init() {
	checkpoint.Register("simulated", func(rest string) (checkpoint.FS, error) {
		d := *mounted
		_, d.root, _ = strings.Cut(rest, "/")
		return &d, nil
	})
}

// drawDisk draws the chances of what may go wrong with the disk.
func drawDisk(r *rand.Rand) map[faultfs.Kind]float64 {
	chances := map[faultfs.Kind]float64{}
	for _, kind := range []faultfs.Kind{
		faultfs.WriteError, faultfs.NoSpace, faultfs.CloseError, faultfs.PublishLost, faultfs.PublishDone, faultfs.ReadError, faultfs.Slow,
	} {
		if r.IntN(3) == 0 {
			chances[kind] = 0.3 * r.Float64() * r.Float64()
		}
	}
	return chances
}

// disk is the disk as a process sees it. At every call the process may die, alone or with the power: then what nobody was
// told is safe is lost or torn.
type disk struct {
	world   *world
	process *clock.Process
	fs      *faultfs.FS
	root    string // the folder that names are relative to; "": the top
}

// mount gives a process the disk, whose content outlives it.
func (w *world) mount(p *clock.Process, chances map[faultfs.Kind]float64) {
	plan := faultfs.Plan{Chance: chances, SlowFor: 200 * time.Millisecond}
	if w.random.IntN(6) == 0 {
		plan.CrashAt = 1 + w.random.IntN(1<<w.random.IntN(8))
	}
	mounted = &disk{world: w, process: p, fs: faultfs.New(w.disk, p, w.random.Uint64(), plan)}
}

// unmount is called when the process is over; with the power off, what was not safe is damaged.
func (w *world) unmount(powerOff bool) {
	if powerOff {
		mounted.fs.Crash()
	}
	for kind, n := range mounted.fs.Injected() {
		w.counts["disk: "+string(kind)] += n
	}
}

// after ends the process if the power was lost in a call.
func (d *disk) after() {
	if d.fs.Crashed() {
		d.world.note("power lost")
		d.process.Kill()
	}
}

func (d *disk) String() string { return strings.TrimSuffix(place+"/"+d.root, "/") }

func (d *disk) at(name string) string { return path.Join(d.root, name) }

func (d *disk) MakeDir(dir string) error {
	d.world.enter(d.process)
	defer d.after()
	return d.fs.MakeDir(d.at(dir))
}

func (d *disk) Create(name string) (checkpoint.Output, error) {
	d.world.enter(d.process)
	o, err := d.fs.Create(d.at(name))
	d.after()
	if err != nil {
		return nil, err
	}
	return &file{d, o}, nil
}

func (d *disk) Open(name string) (io.ReadCloser, error) {
	d.world.enter(d.process)
	defer d.after()
	return d.fs.Open(d.at(name))
}

func (d *disk) List(dir string) ([]checkpoint.Info, error) {
	d.world.enter(d.process)
	defer d.after()
	return d.fs.List(d.at(dir))
}

func (d *disk) Publish(name string, data []byte) error {
	d.world.enter(d.process)
	defer d.after()
	err := d.fs.Publish(d.at(name), data)
	d.world.note("publish %s: %v", name, err)
	return err
}

func (d *disk) Remove(name string) error {
	d.world.enter(d.process)
	defer d.after()
	return d.fs.Remove(d.at(name))
}

func (d *disk) RemoveAll(dir string) error {
	d.world.enter(d.process)
	defer d.after()
	return d.fs.RemoveAll(d.at(dir))
}

// file is a file that is being written.
type file struct {
	disk *disk
	checkpoint.Output
}

func (f *file) Write(p []byte) (int, error) {
	f.disk.world.enter(f.disk.process)
	defer f.disk.after()
	return f.Output.Write(p)
}

func (f *file) Close() error {
	f.disk.world.enter(f.disk.process)
	defer f.disk.after()
	return f.Output.Close()
}

func (f *file) Abort() {
	f.disk.world.enter(f.disk.process)
	defer f.disk.after()
	f.Output.Abort()
}
