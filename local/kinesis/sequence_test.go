package kinesis

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// The layout, spelled in hexadecimal, against math/big.
func TestSequenceLayout(t *testing.T) {
	hex := func(s string) string {
		n, ok := new(big.Int).SetString(s, 16)
		if !ok {
			t.Fatalf("bad hex %q", s)
		}
		return n.String()
	}
	for _, c := range []struct {
		seq  sequence
		want string
	}{
		{sequence{}, hex("20000000000000000000000000000000000000000000002")},
		{sequence{created: 0x54be5bb0a, shard: 1, index: 7, time: 0x054be5bb1}, hex("2" + "54be5bb0a" + "1" + "0000000000000007" + "00" + "054be5bb1" + "00000001" + "2")},
		{sequence{created: 1, shard: 0x1f, index: 1<<63 - 1, time: 1}, hex("2" + "000000001" + "f" + "7fffffffffffffff" + "00" + "000000001" + "0000001f" + "2")},
	} {
		if got := c.seq.String(); got != c.want {
			t.Errorf("%+v: got %s, want %s", c.seq, got, c.want)
		}
	}
}

// A sequence number that AWS gave out in March 2019 (quoted in kinesalite's pull request 87).
func TestSequenceFromAWS(t *testing.T) {
	const text = "49594189147623985939251953501666965394405037144469929986"
	want := sequence{created: 0x5c9993c8, shard: 0, index: 0xc3, time: 0x5c9993df}
	s, ok := parseSequence(text)
	if !ok || s != want || s.String() != text {
		t.Errorf("got %+v %v = %s, want %+v", s, ok, s, want)
	}
}

func TestSequenceRoundTrip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	last := ""
	for i := range 2000 {
		s := sequence{created: 1_700_000_000, shard: 3, index: uint64(i), time: rng.Int64N(time36)}
		text := s.String()
		if len(text) != sequenceDigits || text <= last {
			t.Fatalf("%s does not follow %s", text, last)
		}
		last = text
		if got, ok := parseSequence(text); !ok || got != s {
			t.Fatalf("%s: got %+v %v, want %+v", text, got, ok, s)
		}
	}
	for _, bad := range []string{"", "0", "5", last[1:], last + "0", "x" + last[1:], "99999999999999999999999999999999999999999999999999999999"} {
		if s, ok := parseSequence(bad); ok {
			t.Errorf("%q parsed as %+v", bad, s)
		}
	}
}

func TestHashKey(t *testing.T) {
	for text, ok := range map[string]bool{
		"0": true, "1": true, "340282366920938463463374607431768211455": true,
		"340282366920938463463374607431768211456": false, "999999999999999999999999999999999999999": false,
		"": false, "01": false, "-1": false, "1e3": false,
	} {
		k, got := parseHashKey([]byte(text))
		if got != ok || ok && k.String() != text {
			t.Errorf("%q: got %s %v", text, k, got)
		}
	}
	// MD5("a") = 0cc175b9c0f1b6a831c399e269772661.
	if got := hashPartitionKey([]byte("a")); got != (hashKey{0x0cc175b9c0f1b6a8, 0x31c399e269772661}) {
		t.Errorf("MD5 of a: %x", got)
	}
	// Ranges as AWS cuts them for three shards: floor(2^128/3) wide, the rest in the last.
	starts := splitRing(3)
	for i, want := range []string{"0", "113427455640312821154458202477256070485", "226854911280625642308916404954512140970"} {
		if starts[i].String() != want {
			t.Errorf("start of shard %d: %s, want %s", i, starts[i], want)
		}
	}
	if (hashKey{0, 0}).prev() != maxHashKey || maxHashKey.next() != (hashKey{}) || (hashKey{1, 0}).prev() != (hashKey{0, ^uint64(0)}) {
		t.Error("neighbours across a word or the end of the ring")
	}
}

func BenchmarkSequenceAppend(b *testing.B) {
	buf := make([]byte, 0, 64)
	s := sequence{created: 1_700_000_000, shard: 3, time: 1_700_000_100}
	for b.Loop() {
		s.index++
		buf = s.append(buf[:0])
	}
}
