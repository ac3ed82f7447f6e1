//go:build slow && linux

package bench

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
)

// TestLatencyRun measures what a user of two processes sees, from the call of PutRecord on `weir local` to the line that
// `weir run` prints: pushed by enhanced fan-out, polled as a server on this machine is, and polled as AWS allows it, five times
// a second. Nothing else is under way.
func TestLatencyRun(t *testing.T) {
	bin, dir := filepath.Join(t.TempDir(), "weir"), t.TempDir()
	if text, err := exec.Command("go", "build", "-o", bin, "../cmd/weir").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, text)
	}
	addr := freeAddress(t)
	server := &faultProcess{name: "weir local", bin: bin, dir: dir, args: func() []string {
		return []string{"local", "--dir", filepath.Join(dir, "local"), "--addr", addr, "--sns-addr", freeAddress(t)}
	}}
	server.start(t)
	client := faultClient("http://"+addr, 1)
	server.await(t, client)
	if _, err := client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("calls"), ShardCount: aws.Int32(1)}); err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for _, mode := range []struct {
		name, options string
		records       int
		apart         time.Duration // at least; twice that at most
		target        time.Duration
	}{
		{"fan-out", "'scan.stream.recordpublisher' = 'EFO', 'scan.stream.efo.consumername' = 'latency'", 400, 20 * time.Millisecond, 25 * time.Millisecond},
		{"polling, a server on this machine", "'scan.stream.recordpublisher' = 'POLLING'", 150, 50 * time.Millisecond, 250 * time.Millisecond},
		{"polling, five times a second", "'scan.shard.getrecords.intervalmillis' = '200', 'source.reader.empty-records-fetch-interval' = '200 ms'", 50, 200 * time.Millisecond, 250 * time.Millisecond},
	} {
		t.Run(mode.name, func(t *testing.T) {
			rows, out := io.Pipe()
			defer out.Close()
			run := &faultProcess{name: "weir run", bin: bin, dir: dir, stdout: out, args: func() []string {
				return []string{"run", "--data-dir", filepath.Join(dir, "home"), "-e", fmt.Sprintf(`
CREATE TEMPORARY TABLE calls (id BIGINT, word STRING) WITH ('connector' = 'kinesis', 'stream' = 'calls', 'aws.endpoint' = 'http://%s',
  'scan.stream.initpos' = 'LATEST', 'format' = 'json', %s);
CREATE TEMPORARY TABLE seen (id BIGINT) WITH ('connector' = 'print');
INSERT INTO seen SELECT id FROM calls WHERE word = 'yes';`, addr, mode.options)}
			}}
			run.start(t)
			defer run.kill()
			var mu sync.Mutex
			printed := map[int]time.Time{}
			come := make(chan int, 1024)
			go func() {
				number := regexp.MustCompile(`\+I\[(\d+)\]`)
				for s := bufio.NewScanner(rows); s.Scan(); {
					now := time.Now()
					row := number.FindStringSubmatch(s.Text())
					if row == nil {
						continue
					}
					id, _ := strconv.Atoi(row[1])
					mu.Lock()
					printed[id] = now
					mu.Unlock()
					come <- id
				}
			}()
			put := map[int]time.Time{}
			write := func(id int) {
				put[id] = time.Now()
				if _, err := client.PutRecord(t.Context(), &kinesis.PutRecordInput{
					StreamName: aws.String("calls"), Data: fmt.Appendf(nil, `{"id":%d,"word":"yes"}`, id), PartitionKey: aws.String("k"),
				}); err != nil {
					t.Fatal(err)
				}
			}
			await := func(id int, limit time.Duration) bool {
				for timer := time.NewTimer(limit); ; {
					select {
					case got := <-come:
						if got == id {
							return true
						}
					case err := <-run.ended:
						t.Fatalf("weir run: %v\n%s", err, run.said())
					case <-timer.C:
						return false
					}
				}
			}
			id := 0
			for ; ; id++ { // until the job reads
				if write(id); await(id, 500*time.Millisecond) {
					break
				}
				if id > 60 {
					t.Fatalf("no row is printed\n%s", run.said())
				}
			}
			first := id + 1
			for range mode.records {
				id++
				write(id)
				time.Sleep(mode.apart + time.Duration(rng.Int64N(int64(mode.apart))))
			}
			if !await(id, 10*time.Second) {
				t.Fatalf("record %d isn't printed\n%s", id, run.said())
			}
			mu.Lock()
			defer mu.Unlock()
			var took []time.Duration
			for i := first; i <= id; i++ {
				took = append(took, printed[i].Sub(put[i]))
			}
			t.Logf("PutRecord → row printed: %s\n%s", quantiles(took), histogram(took))
			report(t, mode.name+", p99", quantile(took, 0.99), mode.target)
		})
	}
}
