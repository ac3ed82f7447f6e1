package rcf

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"strings"
	"testing"
)

func TestLogarithmsEqualTheJVM(t *testing.T) {
	want, err := os.ReadFile("testdata/logarithms.txt")
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	ln := logarithms(n)
	hash := fnv.New64a()
	for k := 1; k <= n; k++ {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], math.Float64bits(ln[k]))
		hash.Write(b[:])
		if d := math.Abs(ln[k] - math.Log(float64(k))); d > 4e-15 {
			t.Fatalf("ln(%d) = %v, off by %v", k, ln[k], d)
		}
	}
	if got := fmt.Sprintf("%016x", hash.Sum64()); got != strings.TrimSpace(string(want)) {
		t.Errorf("the bits of ln(1)…ln(%d) hash to %s, those of the JVM to %s", n, got, want)
	}
}

func TestLogarithmsOfPowersOfTwo(t *testing.T) {
	ln := logarithms(1 << 17)
	for e := 1; e <= 17; e *= 2 {
		// e is a power of two, so that the product is exactly e times the rounded ln 2, itself correctly rounded.
		if got, want := ln[1<<e], float64(e)*math.Ln2; got != want {
			t.Errorf("ln(2^%d) = %v, want %v", e, got, want)
		}
	}
	if short := logarithms(3); len(short) != 4 || short[1] != 0 {
		t.Errorf("logarithms(3) = %v", short)
	}
}
