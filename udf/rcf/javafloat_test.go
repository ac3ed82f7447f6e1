package rcf

import (
	"bufio"
	"compress/gzip"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestJavaFloatEqualsJDK17(t *testing.T) {
	file, err := os.Open("testdata/javafloat.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for scanner := bufio.NewScanner(unzipped); scanner.Scan(); lines++ {
		hex, want, _ := strings.Cut(scanner.Text(), " ")
		bits, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendJavaFloat(nil, math.Float32frombits(uint32(bits))); string(got) != want {
			t.Errorf("bits %s: %s, JDK 17 prints %s", hex, got, want)
		}
	}
	if lines < 2000 {
		t.Errorf("only %d lines", lines)
	}
}

func TestJavaFloatKnownTexts(t *testing.T) {
	for want, v := range map[string]float32{
		"500.0":         500,
		"166.7":         166.7,
		"9999999.0":     9999999,
		"1.0E7":         1e7,
		"4.49999995E11": 4.5e11, // not the shortest, and so one longer than JDK 19's
		"3.4028235E38":  math.MaxFloat32,
		"1.4E-45":       math.SmallestNonzeroFloat32,
		"-0.0":          float32(math.Copysign(0, -1)),
		"-Infinity":     float32(math.Inf(-1)),
		"NaN":           float32(math.NaN()),
	} {
		if got := appendJavaFloat(nil, v); string(got) != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// From 1 to 1e7 the JDK prints the shortest decimal that reads back as the same float, with at least one decimal place.
func TestJavaFloatIsShortestInPlainForm(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	low, high := math.Float32bits(1), math.Float32bits(1e7)
	for range 100_000 {
		v := math.Float32frombits(low + random.Uint32N(high-low))
		want := strconv.FormatFloat(float64(v), 'f', -1, 32)
		if !strings.Contains(want, ".") {
			want += ".0"
		}
		if got := appendJavaFloat(nil, v); string(got) != want {
			t.Fatalf("%s, shortest is %s", got, want)
		}
	}
}

// Any float must read back as itself, whatever its digits.
func FuzzJavaFloatReadsBack(f *testing.F) {
	f.Add(uint32(0x43fa0000))
	f.Add(uint32(0x26000597)) // overflows a 64-bit word in the JDK's arithmetic
	f.Fuzz(func(t *testing.T, bits uint32) {
		v := math.Float32frombits(bits)
		text := string(appendJavaFloat(nil, v))
		back, err := strconv.ParseFloat(text, 32)
		if err != nil || float32(back) != v && v == v {
			t.Errorf("bits %x: %s reads back as %v (%v)", bits, text, back, err)
		}
	})
}
