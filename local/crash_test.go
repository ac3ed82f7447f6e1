package local_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/local"
)

// crashDir, in the environment, makes the test binary a server on that directory instead of running tests; with noSync, one
// that doesn't wait for the disk.
const (
	crashDir = "WEIR_LOCAL_CRASH_DIR"
	noSync   = "WEIR_LOCAL_CRASH_NO_SYNC"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		s, err := local.Start(context.Background(), local.Options{Dir: dir, NoSync: os.Getenv(noSync) != ""})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(s.KinesisEndpoint())
		select {} // until killed
	}
	os.Exit(m.Run())
}

// kill -9 at any time loses no acknowledged record, no stream, and no order; and frees the directory.
func TestKill(t *testing.T) { testKill(t) }

// That the disk isn't waited for changes nothing as long as the machine lives.
func TestKillNoSync(t *testing.T) { testKill(t, noSync+"=1") }

func testKill(t *testing.T, env ...string) {
	dir := t.TempDir()
	const rounds, writers, enough = 4, 3, 40
	acked := make([][]string, writers) // data, in the order of the answers
	position := map[string]string{}    // data → sequence number
	for round := range rounds {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(append(os.Environ(), crashDir+"="+dir), env...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		endpoint := strings.TrimSpace(line)
		if err != nil || !strings.HasPrefix(endpoint, "http://") {
			cmd.Process.Kill()
			t.Fatalf("round %d: child says %q %v", round, line, err)
		}
		if info, ok := local.Join(dir); !ok || info.PID != cmd.Process.Pid || info.KinesisEndpoint != endpoint {
			t.Errorf("join: %+v %v", info, ok)
		}
		c := client(endpoint)
		if round == 0 {
			if _, err := c.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: aws.String("s"), ShardCount: aws.Int32(2)}); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		total, killed := 0, false
		for w := range writers {
			wg.Go(func() {
				for n := 0; ; n++ {
					in := &kinesis.PutRecordsInput{StreamName: aws.String("s")}
					for i := range 1 + n%5 {
						data := fmt.Sprintf("%d.%d.%d.%d", w, round, n, i)
						in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: []byte(data), PartitionKey: aws.String(fmt.Sprint("key", w))})
					}
					out, err := c.PutRecords(context.Background(), in)
					if err != nil {
						return // killed
					}
					mu.Lock()
					for i, r := range out.Records {
						data := string(in.Records[i].Data)
						acked[w] = append(acked[w], data)
						position[data] = *r.SequenceNumber
					}
					if total++; total == enough && !killed {
						killed = true
						cmd.Process.Kill() // SIGKILL, while the others write
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if !killed {
			cmd.Process.Kill()
			t.Errorf("round %d: the writers failed after %d requests", round, total)
		}
		cmd.Wait()
	}

	s, err := local.Start(context.Background(), local.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := client(s.KinesisEndpoint())
	found := map[string]string{}
	var order [writers][]string
	for shard := range 2 {
		it, err := c.GetShardIterator(t.Context(), &kinesis.GetShardIteratorInput{StreamName: aws.String("s"),
			ShardId: aws.String(fmt.Sprintf("shardId-%012d", shard)), ShardIteratorType: types.ShardIteratorTypeTrimHorizon})
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for next := it.ShardIterator; ; {
			out, err := c.GetRecords(t.Context(), &kinesis.GetRecordsInput{ShardIterator: next})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range out.Records {
				if *r.SequenceNumber <= last {
					t.Fatalf("%s does not follow %s", *r.SequenceNumber, last)
				}
				last = *r.SequenceNumber
				data := string(r.Data)
				if found[data] != "" {
					t.Errorf("%s is there twice", data)
				}
				found[data] = last
				w := data[0] - '0'
				order[w] = append(order[w], data)
			}
			if next = out.NextShardIterator; *out.MillisBehindLatest == 0 {
				break
			}
		}
	}
	n := 0
	for w, records := range acked {
		at := 0
		for _, data := range records {
			if found[data] != position[data] {
				t.Fatalf("%s was acknowledged as %s and is now %q", data, position[data], found[data])
			}
			for at < len(order[w]) && order[w][at] != data {
				at++ // written, but killed before the answer
			}
			if at == len(order[w]) {
				t.Fatalf("%s is out of order", data)
			}
			n++
		}
	}
	if n < rounds*enough {
		t.Errorf("only %d records were acknowledged", n)
	}
}
