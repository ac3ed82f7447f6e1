package faultfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/weirsql/weir/runtime/checkpoint/faultfs"
	"github.com/weirsql/weir/runtime/clock"
)

var every = faultfs.Plan{
	Chance: map[faultfs.Kind]float64{
		faultfs.WriteError: 0.1, faultfs.NoSpace: 0.05, faultfs.CloseError: 0.1, faultfs.PublishLost: 0.1, faultfs.PublishDone: 0.1,
		faultfs.ReadError: 0.1, faultfs.Slow: 0.1, faultfs.Torn: 0.5,
	},
	SlowFor: time.Minute,
	CrashAt: 300,
}

// busy uses a place for a while and says what happened.
func busy(f *faultfs.FS) (log []string) {
	note := func(what string, err error) { log = append(log, fmt.Sprint(what, ": ", err)) }
	for i := range 100 {
		name := fmt.Sprintf("dir/%d", i)
		out, err := f.Create(name)
		note("create", err)
		if err == nil {
			n, err := out.Write(bytes.Repeat([]byte{byte(i)}, 100))
			note(fmt.Sprint("write ", n), err)
			switch {
			case err != nil:
				out.Abort()
			case i%4 > 0: // the others stay open
				note("close", out.Close())
			}
		}
		note("publish", f.Publish(name+"m", []byte("manifest")))
		if r, err := f.Open(name); err == nil {
			data, err := io.ReadAll(r)
			note(fmt.Sprint("read ", len(data)), err)
		}
		if i%10 == 9 {
			note("remove", f.Remove(name))
		}
	}
	return log
}

// The same seed gives the same faults, another seed others; all kinds come.
func TestSeeds(t *testing.T) {
	run := func(seed uint64) (log []string, files map[string]string, faults map[faultfs.Kind]int) {
		mem := faultfs.NewMem()
		c := clock.NewVirtual(time.Unix(0, 0))
		c.Run(func() {
			f := faultfs.New(mem, c, seed, every)
			log = append(busy(f), fmt.Sprint(c.Now()))
			faults = f.Injected()
			if !f.Crashed() {
				t.Errorf("seed %d: after %d calls there was no crash", seed, f.Calls())
			}
		})
		files = map[string]string{}
		for _, name := range mem.Names() {
			data, _ := mem.Get(name)
			files[name] = string(data)
		}
		return log, files, faults
	}
	total := map[faultfs.Kind]int{}
	var last []string
	for seed := range uint64(10) {
		log, files, faults := run(seed)
		again, sameFiles, sameFaults := run(seed)
		if !slices.Equal(log, again) || !maps.Equal(files, sameFiles) || !maps.Equal(faults, sameFaults) {
			t.Errorf("seed %d gives different runs", seed)
		}
		if slices.Equal(log, last) {
			t.Errorf("seed %d gives the run of the one before", seed)
		}
		last = log
		for k, n := range faults {
			total[k] += n
		}
	}
	if len(total) != 10 {
		t.Errorf("injected were only %v", total)
	}
}

// What was closed or published survives the loss of power; what wasn't is lost or cut; nothing works afterwards.
func TestCrash(t *testing.T) {
	outcomes := map[string]bool{}
	for seed := range uint64(50) {
		mem := faultfs.NewMem()
		f := faultfs.New(mem, clock.Real{}, seed, faultfs.Plan{})
		safe, err := f.Create("safe")
		if err != nil {
			t.Fatal(err)
		}
		safe.Write([]byte("all of it"))
		if err := safe.Close(); err != nil {
			t.Fatal(err)
		}
		if err := f.Publish("published", []byte("all of it")); err != nil {
			t.Fatal(err)
		}
		open, err := f.Create("open")
		if err != nil {
			t.Fatal(err)
		}
		open.Write([]byte("some of it"))
		f.Crash()
		for _, name := range []string{"safe", "published"} {
			if data, _ := mem.Get(name); string(data) != "all of it" {
				t.Errorf("%s has %q", name, data)
			}
		}
		data, there := mem.Get("open")
		if !bytes.HasPrefix([]byte("some of it"), data) {
			t.Errorf("open has %q", data)
		}
		outcomes[map[bool]string{false: "lost", true: "cut"}[there]] = true
		_, err = open.Write([]byte("x"))
		_, createErr := f.Create("new")
		_, openErr := f.Open("safe")
		_, listErr := f.List(".")
		for _, err := range []error{err, open.Close(), createErr, openErr, listErr, f.Publish("new", nil), f.Remove("safe"), f.RemoveAll("."), f.MakeDir("dir")} {
			if !errors.Is(err, faultfs.ErrPower) {
				t.Errorf("after the crash: %v", err)
			}
		}
	}
	if len(outcomes) != 2 {
		t.Errorf("it always was %v", outcomes)
	}
}

// A full disk stays full until something is removed.
func TestNoSpace(t *testing.T) {
	f := faultfs.New(faultfs.NewMem(), clock.Real{}, 1, faultfs.Plan{Chance: map[faultfs.Kind]float64{faultfs.NoSpace: 0.2}})
	for f.Publish(fmt.Sprint(f.Calls()), nil) == nil {
	}
	for range 10 {
		if err := f.Publish("x", nil); !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
	}
	for i := 0; ; i++ {
		if err := f.Remove("0"); err != nil {
			t.Fatal(err)
		}
		if f.Publish("x", nil) == nil {
			break
		}
	}
}
