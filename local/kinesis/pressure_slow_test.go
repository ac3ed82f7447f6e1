//go:build slow && linux

package kinesis_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/weirsql/weir/local"
)

// Clients that send a byte now and then, of a header or of a body, and clients that don't take their answer, are given up:
// after half a minute, a minute and a minute.
func TestSlowClientsAreGivenUp(t *testing.T) {
	s := start(t, local.Options{})
	c := client(s)
	created(t, c, "s", 1)
	for range 9 { // more than a connection's buffers hold
		put(t, c, "s", "k", strings.Repeat("x", 1<<20-1))
	}
	it := *iterate(t, c, "s", types.ShardIteratorTypeTrimHorizon, nil)
	const head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.%s\r\nContent-Type: application/x-amz-json-1.1\r\n"
	get := fmt.Sprintf(`{"ShardIterator":%q}`, it)
	var all sync.WaitGroup
	for _, x := range []struct {
		name, sent string
		drip, late bool // sends a byte every two seconds; reads only after the time
		after      time.Duration
	}{
		{"header", fmt.Sprintf(head, "ListStreams") + "X-Slow: ", true, false, 30 * time.Second},
		{"body", fmt.Sprintf(head, "ListStreams") + "Content-Length: 1000\r\n\r\n{", true, false, time.Minute},
		{"chunked body", fmt.Sprintf(head, "PutRecords") + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", false, false, time.Minute},
		{"answer", fmt.Sprintf(head, "GetRecords") + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(get), get), false, true, time.Minute},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.KinesisEndpoint(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.(*net.TCPConn).SetReadBuffer(256 << 10)
		begun := time.Now()
		if _, err := io.WriteString(conn, x.sent); err != nil {
			t.Fatal(err)
		}
		if x.drip {
			go func() {
				for err := error(nil); err == nil; _, err = conn.Write([]byte("x")) {
					time.Sleep(2 * time.Second) // slowness is what is tested
				}
			}()
		}
		all.Go(func() {
			if x.late {
				time.Sleep(x.after + 5*time.Second)
			}
			conn.SetReadDeadline(begun.Add(x.after + 20*time.Second))
			n, err := io.Copy(io.Discard, conn)
			took := time.Since(begun)
			if errors.Is(err, os.ErrDeadlineExceeded) || took < x.after-5*time.Second || n > 9<<20 {
				t.Errorf("%s: after %s the connection gave %d bytes and %v", x.name, took.Round(time.Second), n, err)
			}
			t.Logf("%s: given up after %s, %d bytes of answer", x.name, took.Round(time.Second), n)
		})
	}
	all.Wait()
}

// connectTo is the variable that makes TestTenThousandConnections the client, of a server at its value.
const connectTo = "WEIR_TEST_CONNECT"

// Ten thousand connections, each in the middle of a request, take bounded memory, and others are served beside them. The client
// is a process of its own, so that the memory is the server's.
func TestTenThousandConnections(t *testing.T) {
	const n = 10_000
	if addr := os.Getenv(connectTo); addr != "" {
		connect(t, addr, n)
		return
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if want := uint64(n + 500); limit.Cur < want { // the client is given the same
		raised := syscall.Rlimit{Cur: want, Max: max(limit.Max, want)}
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
			t.Skipf("%d open files are needed, %d are allowed, and raising the limit fails: %v", want, limit.Max, err)
		}
	}
	s := start(t, local.Options{})
	post(t, s, "ListStreams", "{}")
	before, resident := heap(), residentKB(t)
	client := exec.Command(os.Args[0], "-test.run", "^TestTenThousandConnections$", "-test.v")
	client.Env = append(os.Environ(), connectTo+"="+strings.TrimPrefix(s.KinesisEndpoint(), "http://"))
	hold, err := client.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	defer client.Wait()
	defer hold.Close()
	said := ""
	for lines := bufio.NewScanner(out); lines.Scan() && lines.Text() != connectTo; {
		said += lines.Text() + "\n"
	}
	if strings.Contains(said, "FAIL") {
		t.Fatal(said)
	}
	begun := time.Now()
	if status, _ := post(t, s, "ListStreams", "{}"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	served := time.Since(begun)
	grown := heap() - before
	t.Logf("%d connections in the middle of a request: %d MB of heap and stacks, %.1f kB each; resident memory has grown by %d MB; another request is served in %s",
		n, grown>>20, float64(grown)/n/1024, (residentKB(t)-resident)>>10, served.Round(time.Microsecond))
	if grown < n<<10 || grown > n*32<<10 {
		t.Errorf("%d MB", grown>>20)
	}
	if served > 5*time.Second {
		t.Errorf("another request takes %s", served)
	}
}

// connect opens connections, begins a request on each, and holds them until standard input ends.
func connect(t *testing.T, addr string, n int) {
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.ListStreams\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
		line, err := bufio.NewReaderSize(c, 64).ReadString('\n')
		if err != nil || !strings.Contains(line, "100 Continue") {
			t.Fatalf("%q %v", line, err)
		}
	}
	fmt.Println(connectTo)
	io.Copy(io.Discard, os.Stdin)
}

// residentKB is the resident memory of this process.
func residentKB(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			kb, _ := strconv.Atoi(f[1])
			return kb
		}
	}
	return 0
}
