package kinesis_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/weirsql/weir/local"
)

// announce opens a connection and announces a body of the size, of which nothing comes. It returns the status of the answer: 100
// says that the server waits for the body.
func announce(t testing.TB, s *local.Server, action string, size int) (net.Conn, int) {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.KinesisEndpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: Kinesis_20131202.%s\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", action, size)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return c, resp.StatusCode
}

// Clients that promise large bodies and don't send them can't take more memory than there is for them, nor keep others out.
func TestSlowClientsAreBounded(t *testing.T) {
	s := start(t, local.Options{})
	created(t, client(s), "s", 1)
	const large = 16 << 20
	var waiting []net.Conn
	for i := range 40 {
		c, status := announce(t, s, "PutRecords", large)
		switch {
		case i < 32 && status == 100:
			waiting = append(waiting, c)
		case i < 32 || status != 503:
			t.Fatalf("the client number %d gets %d", i+1, status)
		}
	}
	if status, _ := post(t, s, "PutRecord", `{"StreamName":"s","PartitionKey":"k","Data":""}`); status != 200 {
		t.Errorf("a small request: %d", status)
	}
	for _, c := range waiting {
		c.Close()
	}
	for { // until the server has noticed; the test's own deadline is the limit
		if _, status := announce(t, s, "PutRecords", large); status == 100 {
			return
		}
	}
}

// Connections that are open and do nothing cost little, and nobody else notices them.
func TestOpenConnections(t *testing.T) {
	s := start(t, local.Options{})
	const n = 1000
	before := heap()
	for range n {
		c, status := announce(t, s, "ListStreams", 2)
		if status != 100 {
			t.Fatalf("status %d", status)
		}
		io.WriteString(c, "{") // and waits
	}
	if per := (heap() - before) / n; per > 64<<10 {
		t.Errorf("%d bytes for each open connection, both ends", per)
	}
	if status, _ := post(t, s, "ListStreams", "{}"); status != 200 {
		t.Errorf("status %d", status)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
