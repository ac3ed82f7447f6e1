package rcf

import (
	"bytes"
	"encoding/binary"
	"flag"
	"hash/crc32"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// codecOptions are forests of every kind, small enough that samples are full and evict after some dozens of points.
var codecOptions = map[string]Options{
	"one dimension":    {Trees: 6, SampleSize: 16, TimeDecay: new(0.1), OutputAfter: 1, Seed: 1},
	"three dimensions": {Trees: 5, SampleSize: 8, Dimensions: 3, TimeDecay: new(0.05), Seed: 2},
	"shingle":          {Trees: 3, SampleSize: 8, Dimensions: 6, ShingleSize: 3, InternalShingling: true, TimeDecay: new(0.3), OutputAfter: 5, Seed: 3},
	"rotation":         {Trees: 3, SampleSize: 8, Dimensions: 4, ShingleSize: 4, InternalShingling: true, InternalRotation: true, Seed: 4},
	"filling slowly":   {Trees: 4, SampleSize: 12, InitialAcceptFraction: 0.25, OutputAfter: 2, Seed: 5},
	"steep decay":      {Trees: 4, SampleSize: 6, TimeDecay: new(1e300), OutputAfter: 2, Seed: 6},
}

// codecPoint is point i of a stream with duplicates and outliers.
func codecPoint(i, dims int) []float64 {
	p := make([]float64, dims)
	for d := range p {
		p[d] = float64((i*(7+d) + d) % 23 / 2)
		if i%37 == 36 {
			p[d] *= -9.5
		}
	}
	return p
}

func marshal(t testing.TB, f *Forest) []byte {
	t.Helper()
	state, err := f.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// A forest that was written and read has the same future, whenever that happens.
func TestRestoredForestHasTheSameFuture(t *testing.T) {
	const points, future = 120, 60
	for name, o := range codecOptions {
		t.Run(name, func(t *testing.T) {
			f := mustNew(t, o)
			var states [][]byte // before each point
			var scores []float64
			for i := range points + future {
				states = append(states, marshal(t, f))
				scores = append(scores, step(t, f, codecPoint(i, f.InputDimensions())))
			}
			for cut := range points {
				var restored Forest
				if err := restored.UnmarshalBinary(states[cut]); err != nil {
					t.Fatalf("after %d points: %v", cut, err)
				}
				if !bytes.Equal(marshal(t, &restored), states[cut]) {
					t.Fatalf("after %d points: written anew, the state differs", cut)
				}
				for i := cut; i < cut+future; i++ {
					got := step(t, &restored, codecPoint(i, f.InputDimensions()))
					if math.Float64bits(got) != math.Float64bits(scores[i]) {
						t.Fatalf("restored after %d points, score %d is %v, undisturbed %v", cut, i, got, scores[i])
					}
				}
				if cut+future < len(states) && !bytes.Equal(marshal(t, &restored), states[cut+future]) {
					t.Fatalf("restored after %d points, the state %d points later differs", cut, future)
				}
			}
		})
	}
}

func TestAppendBinaryKeepsWhatIsThere(t *testing.T) {
	f := mustNew(t, codecOptions["one dimension"])
	for i := range 40 {
		step(t, f, codecPoint(i, 1))
	}
	state := marshal(t, f)
	if got, err := f.AppendBinary([]byte("before")); err != nil || string(got) != "before"+string(state) {
		t.Errorf("appended state differs: %v", err)
	}
}

// Whatever is wrong with a state, it is an error, and the forest stays as it was.
func TestDamagedStateIsRefused(t *testing.T) {
	f := mustNew(t, codecOptions["shingle"])
	for i := range 40 {
		step(t, f, codecPoint(i, 2))
	}
	state := marshal(t, f)
	victim := mustNew(t, codecOptions["one dimension"])
	before := marshal(t, victim)
	refused := func(data []byte, want string) {
		t.Helper()
		if err := victim.UnmarshalBinary(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
		if !bytes.Equal(marshal(t, victim), before) {
			t.Fatal("a refused state changed the forest")
		}
	}
	for i := range state {
		damaged := slices.Clone(state)
		damaged[i] ^= 1 << (i % 8)
		refused(damaged, "state")
		refused(state[:i], "") // truncated
	}
	refused(nil, "data of 0 bytes doesn't begin as a state does")
	refused(append([]byte("tcf"), state[3:]...), "doesn't begin as a state does")
	refused(append([]byte("rcf\x02"), state[4:]...), "version 2, this program knows version 1")
	refused(resum(append(slices.Clone(state[:len(state)-4]), 1, 2, 3, 4, 5, 6)), "2 bytes follow its end")
}

// resum gives a state with changes in it a checksum that holds.
func resum(state []byte) []byte {
	if len(state) < 4 {
		return state
	}
	body := state[:len(state)-4]
	return binary.LittleEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
}

// FuzzUnmarshal looks for a state that passes the checks and fails later. It mends the checksum, which would refuse
// nearly everything.
func FuzzUnmarshal(f *testing.F) {
	for _, o := range codecOptions {
		forest := mustNew(f, o)
		for i := range 50 {
			if i%16 == 0 {
				f.Add(marshal(f, forest))
			}
			step(f, forest, codecPoint(i, forest.InputDimensions()))
		}
	}
	f.Fuzz(func(t *testing.T, state []byte) {
		var forest Forest
		if err := forest.UnmarshalBinary(resum(slices.Clone(state))); err != nil {
			return
		}
		if !bytes.Equal(marshal(t, &forest), resum(slices.Clone(state))) {
			var again Forest // numbers may have longer forms than ours, but mean the same
			if err := again.UnmarshalBinary(marshal(t, &forest)); err != nil {
				t.Fatalf("the state written anew is refused: %v", err)
			}
		}
		var a Attribution
		for i := range 40 {
			p := codecPoint(i, forest.InputDimensions())
			step(t, &forest, p)
			if err := forest.Attribution(p, &a); err != nil {
				t.Fatal(err)
			}
		}
	})
}

var rewrite = flag.Bool("rewrite", false, "write the recorded state of the present version")

// A state of version 1 stays readable, and means what it meant: the scores after it are those of a forest that was never
// written, which equal the reference.
func TestStateOfVersion1(t *testing.T) {
	const path = "testdata/forest_v1.bin"
	o := Options{Trees: 4, SampleSize: 16, Dimensions: 4, ShingleSize: 2, InternalShingling: true, TimeDecay: new(0.1), Seed: 11}
	f := mustNew(t, o)
	for i := range 50 {
		step(t, f, codecPoint(i, 2))
	}
	if *rewrite {
		if err := os.WriteFile(path, marshal(t, f), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	state, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var restored Forest
	if err := restored.UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	for i := 50; i < 100; i++ {
		if got, want := step(t, &restored, codecPoint(i, 2)), step(t, f, codecPoint(i, 2)); got != want {
			t.Fatalf("score %d is %v, never written %v", i, got, want)
		}
	}
}
