package kinesis_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/local"
)

// Both sides run in this process, over HTTP: the figures include the client's share.

// labBody is a PutRecords of 500 records of the lab's size.
func labBody(stream string) string {
	var b strings.Builder
	b.WriteString(`{"StreamName":"` + stream + `","Records":[`)
	for i := range 500 {
		if i > 0 {
			b.WriteByte(',')
		}
		data := fmt.Sprintf(`{"user_id": "user%d", "event": "click", "n": %d, "pad": "xxxxxxx"}`, i%100, i)
		fmt.Fprintf(&b, `{"Data":"%s","PartitionKey":"user%d"}`, base64.StdEncoding.EncodeToString([]byte(data)), i%100)
	}
	b.WriteString(`]}`)
	return b.String()
}

func BenchmarkPutRecords(b *testing.B) {
	for _, mode := range []string{"disk", "memory"} {
		b.Run(mode, func(b *testing.B) {
			o := local.Options{}
			if mode == "disk" {
				o.Dir = b.TempDir()
			}
			s := start(b, o)
			created(b, client(s), "s", 4)
			body := []byte(labBody("s"))
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					resp := send(b, http.DefaultClient, s, "PutRecords", "application/x-amz-json-1.1", body)
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
			b.ReportMetric(float64(b.N)*500/b.Elapsed().Seconds(), "records/s")
		})
	}
}

func BenchmarkGetRecords(b *testing.B) {
	s := start(b, local.Options{Dir: b.TempDir()})
	c := client(s)
	created(b, c, "s", 1)
	body := []byte(labBody("s"))
	for range 40 {
		resp := send(b, http.DefaultClient, s, "PutRecords", "application/x-amz-json-1.1", body)
		resp.Body.Close()
	}
	it := []byte(fmt.Sprintf(`{"ShardIterator":%q}`, *iterate(b, c, "s", types.ShardIteratorTypeTrimHorizon, nil)))
	for b.Loop() {
		resp := send(b, http.DefaultClient, s, "GetRecords", "application/x-amz-json-1.1", it)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	b.ReportMetric(float64(b.N)*10_000/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkFanOut is from a PutRecord to the record at a subscriber, one at a time.
func BenchmarkFanOut(b *testing.B) {
	s := start(b, local.Options{Dir: b.TempDir()})
	c := pushClient(b, s)
	created(b, c, "s", 1)
	sub := subscribe(b, c, register(b, c, "s", "c"), shard0, types.StartingPosition{Type: types.ShardIteratorTypeLatest}).opened()
	var took []time.Duration
	for b.Loop() {
		at := time.Now()
		put(b, c, "s", "k", "x")
		sub.take(1)
		took = append(took, time.Since(at))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}
