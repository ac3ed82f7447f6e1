package kinesis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	jsonformat "github.com/weirsql/weir/connectors/format/json"
	"github.com/weirsql/weir/types"
)

// answer is what a page holds, as values.
type answer struct {
	Behind   time.Duration
	Iterator string
	Children []string
	Records  []answerRecord
}

type answerRecord struct {
	Data, Key, Sequence string
	Arrival             int64
}

func (p *page) answer() answer {
	a := answer{Behind: p.behind, Iterator: p.iterator, Children: append([]string(nil), p.children...)}
	for _, r := range p.records {
		a.Records = append(a.Records, answerRecord{string(p.bytes(r.data)), string(p.bytes(r.key)), string(p.bytes(r.sequence)), r.arrival})
	}
	return a
}

func TestDecode(t *testing.T) {
	for body, want := range map[string]answer{
		`{"MillisBehindLatest":0,"NextShardIterator":"AAA=","Records":[]}`:    {Iterator: "AAA="},
		`{"MillisBehindLatest":1500,"NextShardIterator":null,"Records":null}`: {Behind: 1500 * time.Millisecond},
		` { } `: {},
		`{"Records":[{"Data":"eyJhIjoxfQ==","PartitionKey":"k","SequenceNumber":"49","ApproximateArrivalTimestamp":1.692711990123E9}]}`: {
			Records: []answerRecord{{`{"a":1}`, "k", "49", 1692711990123}},
		},
		"{\n \"Records\" : [ {\"EncryptionType\": \"KMS\", \"SequenceNumber\" :\"1\", \"ApproximateArrivalTimestamp\": 1692711990.5, \"Data\":\"\",\"PartitionKey\":\"\\u00e4\\n\\\"\\\\\"} ,{\"SequenceNumber\":\"2\",\"Data\":\"\\/\\/8=\"}] , \"New\": {\"a\":[1,{\"b\":\"}\\\"\"},true,null],\"c\":-1e5}, \"NextShardIterator\":\"x\" }": {
			Iterator: "x", Records: []answerRecord{{"", "ä\n\"\\", "1", 1692711990500}, {"\xff\xff", "", "2", 0}},
		},
		`{"ChildShards":[{"HashKeyRange":{"EndingHashKey":"9","StartingHashKey":"0"},"ParentShards":["p"],"ShardId":"left"},{"ShardId":"right"}],"MillisBehindLatest":0,"Records":[]}`: {
			Children: []string{"left", "right"},
		},
	} {
		p := &page{}
		if err := p.decode([]byte(body)); err != nil {
			t.Errorf("%s: %v", body, err)
		} else if diff := cmp.Diff(want, p.answer()); diff != "" {
			t.Errorf("%s: %s", body, diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for _, body := range []string{
		``, `{`, `[]`, `{}x`, `{"Records"}`, `{"Records":`, `{"Records":[`, `{"Records":[{}]}`, `{"Records":[{"Data":"?","SequenceNumber":"1"}]}`,
		`{"Records":[{"Data":"YQ","SequenceNumber":"1"}]}`, `{"Records":[{"Data":"YQ==","SequenceNumber":1}]}`, `{"Records":[{"Data":"YQ==","SequenceNumber":"1"}`,
		`{"MillisBehindLatest":"x"}`, `{"NextShardIterator":"x`, `{"NextShardIterator":"\x"}`, `{"x":}`, `{"x":[}`, `{"x":{]]}`, `{"x" 1}`, `<html>`,
	} {
		if err := (&page{}).decode([]byte(body)); err == nil {
			t.Errorf("%s is taken", body)
		}
	}
}

// Arrival times are rounded to milliseconds, whatever the notation.
func TestSeconds(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "1692711990": 1692711990000, "1692711990.1": 1692711990100, "1692711990.123": 1692711990123,
		"1692711990.1234": 1692711990123, "1692711990.1236": 1692711990124, "1692711990.1235": 1692711990124, "1.692711990123E9": 1692711990123,
		"1.69271199E9": 1692711990000, "1.692711990E9": 1692711990000, "1.692711990123e9": 1692711990123, "1.6927119901236E9": 1692711990124,
		"1692711990.123456789012345": 1692711990123, "1.7E9": 1700000000000, "2E9": 2000000000000,
	} {
		s := scanner{b: []byte(text)}
		if got := s.seconds(); got != want || s.err != nil {
			t.Errorf("%s: %d (%v), want %d", text, got, s.err, want)
		}
	}
}

// What encoding/json takes for an answer is decoded to the same; nothing makes it panic.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"MillisBehindLatest":1,"NextShardIterator":"AAA=","Records":[{"Data":"eyJhIjoxfQ==","PartitionKey":"k","SequenceNumber":"49","ApproximateArrivalTimestamp":1.692711990123E9}]}`))
	f.Add([]byte(`{"ChildShards":[{"ShardId":"left","ParentShards":["a"]}],"x":[1,{"y":"\"}"}],"Records":[]}`))
	f.Add([]byte(`{"Records":[{"SequenceNumber":"1","PartitionKey":"\u00e4","ApproximateArrivalTimestamp":1692711990.5,"Data":"\/w=="}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		p := &page{}
		err := p.decode(body)

		var in struct {
			MillisBehindLatest *float64
			NextShardIterator  *string
			ChildShards        []struct{ ShardId *string }
			Records            []struct {
				Data, PartitionKey, SequenceNumber *string
				ApproximateArrivalTimestamp        *float64
			}
		}
		var exact struct{ Records []map[string]json.RawMessage }
		if err != nil || json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &exact) != nil {
			return
		}
		text := func(s *string) string {
			if s == nil {
				return ""
			}
			return *s
		}
		got := p.answer()
		if len(in.Records) != len(got.Records) {
			return // a member twice, or in other letters
		}
		for _, r := range exact.Records {
			for name := range r {
				for _, known := range []string{"Data", "PartitionKey", "SequenceNumber", "ApproximateArrivalTimestamp"} {
					if name != known && strings.EqualFold(name, known) {
						return
					}
				}
			}
		}
		for i, r := range in.Records {
			data, err := base64.StdEncoding.DecodeString(text(r.Data))
			if err != nil || r.SequenceNumber == nil || text(r.SequenceNumber) != got.Records[i].Sequence {
				return
			}
			if string(data) != got.Records[i].Data || text(r.PartitionKey) != got.Records[i].Key {
				t.Errorf("record %d is %+v, want data %q and key %q", i, got.Records[i], data, text(r.PartitionKey))
			}
			if at := r.ApproximateArrivalTimestamp; at != nil && *at > 0 && *at < 1e11 && math.Abs(*at*1000-float64(got.Records[i].Arrival)) > 0.51 {
				t.Errorf("record %d arrived at %d, want %f", i, got.Records[i].Arrival, *at*1000)
			}
		}
	})
}

// benchBody is an answer with 10,000 of the lab's events, as AWS writes it.
func benchBody() []byte {
	record := fmt.Sprintf(`{"ApproximateArrivalTimestamp":1.692711990123E9,"Data":"%s","PartitionKey":"0123456789abcdef","SequenceNumber":"49643837442012345678901234567890123456789012345678901234"}`,
		base64.StdEncoding.EncodeToString([]byte(`{"browseraction": "Click", "site": "https://www.mysite.com"}`)))
	body := []byte(`{"MillisBehindLatest":0,"NextShardIterator":"AAAAAAAAAAGx","Records":[`)
	for i := range 10_000 {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, record...)
	}
	return append(body, `]}`...)
}

func BenchmarkDecode(b *testing.B) {
	body := benchBody()
	p := &page{}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := p.decode(body); err != nil || len(p.records) != 10_000 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkColumns turns the body of an answer into columns: records, then their JSON, and a metadata column. That is the
// work of one core beside the network's.
func BenchmarkColumns(b *testing.B) {
	body := benchBody()
	env := connectortest.NewEnv()
	env.KinesisEndpoint = "http://127.0.0.1:1"
	columns := []connectors.Column{
		{Name: "browseraction", Type: types.StringType}, {Name: "site", Type: types.StringType},
		{Name: "rowtime", Type: types.TimestampLTZType(3), MetadataKey: "timestamp", Virtual: true},
	}
	s, err := newSource(&env.Env, connectortest.Table(b, Spec, jsonformat.Spec, map[string]string{"stream": "s"}, columns...))
	if err != nil {
		b.Fatal(err)
	}
	r, err := newReader(s.(*source), nil, "shard", position{TrimHorizon: true}, connectors.ReaderContext{Columns: columns, Wake: func() {}})
	if err != nil {
		b.Fatal(err)
	}
	out := connectortest.NewBatch(columns)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		p := r.room(b.Context())
		if err := p.decode(body); err != nil {
			b.Fatal(err)
		}
		p.behind = time.Second // there is more: the page is kept
		r.deliver(p)
		for n := 0; n < 10_000; n += out.N {
			out.Reset()
			if _, err := r.Poll(out, 8192); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkDecodeNaive is what encoding/json makes of the same.
func BenchmarkDecodeNaive(b *testing.B) {
	body := benchBody()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		var out struct {
			Records []struct {
				Data                         []byte
				PartitionKey, SequenceNumber string
				ApproximateArrivalTimestamp  float64
			}
		}
		if err := json.Unmarshal(body, &out); err != nil || len(out.Records) != 10_000 {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "records/s")
}
