package kpl

import (
	"bytes"
	"crypto/md5"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
)

// user is a user record, in full.
type user struct {
	Key  string `json:"key"`
	Hash string `json:"hash"`
	Data []byte `json:"data"`
}

func users(data []byte, records []Record) (all []user) {
	text := func(s Span) string { return string(data[s.From:s.To]) }
	for _, r := range records {
		all = append(all, user{text(r.PartitionKey), text(r.ExplicitHashKey), []byte(text(r.Data))})
	}
	return all
}

func same(a, b []user) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) }

// encode packs user records, and checks that the sizes that are foretold are true.
func encode(t testing.TB, e *Encoder, all []user) []byte {
	e.Reset()
	for _, u := range all {
		want := e.SizeWith([]byte(u.Key), []byte(u.Hash), u.Data)
		if e.Add([]byte(u.Key), []byte(u.Hash), u.Data); e.Size() != want {
			t.Errorf("with %q: %d bytes, foretold %d", u, e.Size(), want)
		}
	}
	out := e.Append(nil)
	if len(out) != e.Size() || e.Len() != len(all) {
		t.Errorf("%d records in %d bytes; said to be %d in %d", len(all), len(out), e.Len(), e.Size())
	}
	return out
}

// AWS's aggregation module makes the same bytes of the same user records, and they are what comes out of its bytes.
// testdata/aggregate.py has asked it.
func TestReference(t *testing.T) {
	text, err := os.ReadFile("testdata/aggregated.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name       string `json:"name"`
		Records    []user `json:"records"`
		Aggregated []byte `json:"aggregated"`
	}
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) < 6 {
		t.Fatal(len(cases), err)
	}
	var d Decoder
	var e Encoder
	for _, c := range cases {
		records, ok := d.Decode(nil, c.Aggregated)
		if got := users(c.Aggregated, records); !ok || !same(got, c.Records) {
			t.Errorf("%s: decoded %v: %q, want %q", c.Name, ok, got, c.Records)
		}
		if got := encode(t, &e, c.Records); !bytes.Equal(got, c.Aggregated) {
			t.Errorf("%s: encoded %x, want %x", c.Name, got, c.Aggregated)
		}
	}
}

// sealed is an aggregated record of this protobuf, whatever it is.
func sealed(protobuf string) []byte {
	digest := md5.Sum([]byte(protobuf))
	return append([]byte("\xf3\x89\x9a\xc2"+protobuf), digest[:]...)
}

// What the format allows for beside what encoders write.
func TestVariations(t *testing.T) {
	want := []user{{"k", "", []byte("data")}}
	for name, protobuf := range map[string]string{
		"usual":                    "\x0a\x01k" + "\x1a\x08\x08\x00\x1a\x04data",
		"table behind the records": "\x1a\x08\x08\x00\x1a\x04data" + "\x0a\x01k",
		"data before the index":    "\x0a\x01k" + "\x1a\x08\x1a\x04data\x08\x00",
		"the last value counts":    "\x0a\x01k" + "\x1a\x0d\x08\x09\x08\x00\x1a\x01x\x1a\x04data",
		"tags":                     "\x0a\x01k" + "\x1a\x0d\x08\x00\x1a\x04data\x22\x03\x0a\x01t",
		"unknown fields":           "\x28\x07" + "\x0a\x01k" + "\x1a\x0f\x08\x00\x1a\x04data\x2d\x01\x02\x03\x04\x08\x00" + "\x32\x01x",
		"other wire types":         "\x08\x05" + "\x0a\x01k" + "\x1a\x0a\x08\x00\x1a\x04data\x18\x01",
		"a longer varint":          "\x0a\x01k" + "\x1a\x09\x08\x80\x00\x1a\x04data",
	} {
		var d Decoder
		data := sealed(protobuf)
		if records, ok := d.Decode(nil, data); !ok || !same(users(data, records), want) {
			t.Errorf("%s: %v, %q", name, ok, users(data, records))
		}
	}
	var d Decoder
	if records, ok := d.Decode(nil, sealed("\x0a\x01k")); !ok || len(records) != 0 {
		t.Errorf("no user records: %v, %v", ok, records)
	}
}

// Everything else is an ordinary record, and leaves what was there.
func TestOrdinary(t *testing.T) {
	whole := sealed("\x0a\x01k" + "\x1a\x08\x08\x00\x1a\x04data")
	changed := func(at int) []byte {
		b := bytes.Clone(whole)
		b[at] ^= 1
		return b
	}
	for name, data := range map[string][]byte{
		"empty":                       nil,
		"magic alone":                 whole[:4],
		"magic and an empty protobuf": sealed(""),
		"other magic":                 changed(0),
		"other content":               changed(6),
		"other digest":                changed(len(whole) - 1),
		"cut":                         whole[:len(whole)-1],
		"json":                        []byte(`{"browseraction":"Click","site":"https://www.mysite.com"}`),
		"truncated field":             sealed("\x0a\x01k" + "\x1a\x09\x08\x00\x1a\x04data"),
		"truncated inner field":       sealed("\x0a\x01k" + "\x1a\x08\x08\x00\x1a\x05data"),
		"no index":                    sealed("\x0a\x01k" + "\x1a\x06\x1a\x04data"),
		"no data":                     sealed("\x0a\x01k" + "\x1a\x02\x08\x00"),
		"no such key":                 sealed("\x0a\x01k" + "\x1a\x08\x08\x01\x1a\x04data"),
		"no such hash key":            sealed("\x0a\x01k" + "\x1a\x0a\x08\x00\x10\x00\x1a\x04data"),
		"an endless index":            sealed("\x0a\x01k" + "\x1a\x11\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x1a\x04data"),
		"field number 0":              sealed("\x00\x00"),
		"group without an end":        sealed("\x0b"),
		"second record bad":           sealed("\x0a\x01k" + "\x1a\x08\x08\x00\x1a\x04data" + "\x1a\x02\x08\x00"),
	} {
		var d Decoder
		before := []Record{{Data: Span{1, 2}}}
		if after, ok := d.Decode(before, data); ok || len(after) != 1 || after[0] != before[0] {
			t.Errorf("%s: %v, %v", name, ok, after)
		}
	}
}

// Hash keys are decimal numbers of 128 bits; without one it is the partition key's MD5. Checked with math/big.
func TestHash(t *testing.T) {
	for _, text := range []string{"0", "7", "18446744073709551615", "18446744073709551616", "85070591730234615865843651857942052864",
		"340282366920938463463374607431768211455", "000000000000000000000000000000000000000000001"} {
		want, _ := new(big.Int).SetString(text, 10)
		if h, ok := ParseHash([]byte(text)); !ok || new(big.Int).SetBytes(h[:]).Cmp(want) != 0 {
			t.Errorf("%s: %x, %v", text, h, ok)
		}
	}
	for _, text := range []string{"", "-1", "+1", "1e3", " 1", "340282366920938463463374607431768211456", "680564733841876926926749214863536422912", strings.Repeat("9", 60)} {
		if h, ok := ParseHash([]byte(text)); ok {
			t.Errorf("%q: %x", text, h)
		}
	}
	if h, ok := HashOf([]byte("key"), nil); !ok || h != md5.Sum([]byte("key")) {
		t.Errorf("partition key: %x", h)
	}
	seven, _ := ParseHash([]byte("7"))
	if h, ok := HashOf([]byte("key"), []byte("7")); !ok || h != seven {
		t.Errorf("explicit hash key: %x", h)
	}
	nine, _ := ParseHash([]byte("9"))
	r := Range{From: seven, To: nine}
	for text, want := range map[string]bool{"6": false, "7": true, "8": true, "9": true, "10": false, "18446744073709551624": false} {
		if h, _ := ParseHash([]byte(text)); r.Contains(h) != want {
			t.Errorf("[7, 9] contains %s: %v", text, !want)
		}
	}
}

// FuzzDecode: no bytes make the decoder panic or point outside of them, and what it finds is found again in what the encoder
// makes of it.
func FuzzDecode(f *testing.F) {
	f.Add("\x0a\x01k\x12\x017\x1a\x0a\x08\x00\x10\x00\x1a\x04data\x1a\x05\x08\x00\x1a\x01x")
	f.Add("\x1a\x08\x08\x00\x1a\x04data\x0a\x01k")
	f.Add("\x0b\x0c")
	f.Fuzz(func(t *testing.T, protobuf string) {
		var d Decoder
		if _, ok := d.Decode(nil, []byte(protobuf)); ok && !Aggregated([]byte(protobuf)) {
			t.Error("decoded without magic")
		}
		data := sealed(protobuf)
		records, ok := d.Decode(nil, data)
		if !ok {
			if len(records) != 0 {
				t.Error("records of an ordinary record")
			}
			return
		}
		want := users(data, records)
		var e Encoder
		again := encode(t, &e, want)
		if records, ok = d.Decode(records[:0], again); len(want) > 0 && (!ok || !same(users(again, records), want)) {
			t.Errorf("%q encoded and decoded: %q", want, users(again, records))
		}
	})
}

var sink int

// BenchmarkDecode and BenchmarkEncode: 500 records of the lab's in 50 KiB, as the producer library packs them.
func BenchmarkDecode(b *testing.B) {
	data := encode(b, new(Encoder), lab())
	var d Decoder
	var records []Record
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		records, _ = d.Decode(records[:0], data)
		sink += len(records)
	}
	b.ReportMetric(float64(b.N*len(records))/b.Elapsed().Seconds(), "records/s")
}

func BenchmarkEncode(b *testing.B) {
	all := lab()
	keys, data := make([][]byte, len(all)), make([][]byte, len(all))
	for i, u := range all {
		keys[i], data[i] = []byte(u.Key), u.Data
	}
	var e Encoder
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		e.Reset()
		for i := range keys {
			e.Add(keys[i], nil, data[i])
		}
		out = e.Append(out[:0])
		sink += len(out)
	}
	b.SetBytes(int64(len(out)))
	b.ReportMetric(float64(b.N*len(all))/b.Elapsed().Seconds(), "records/s")
}

func lab() (all []user) {
	for i := range 500 {
		all = append(all, user{Key: fmt.Sprint("user-", i%50), Data: []byte(`{"browseraction": "Click", "site": "https://www.mysite.com"}`)})
	}
	return all
}
