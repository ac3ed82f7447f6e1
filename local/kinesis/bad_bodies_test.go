package kinesis_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/weirsql/weir/local"
)

// bodies are bodies of every operation that are whole, in a protocol.
func bodies(t *testing.T, all []constraint, marshal func(any) ([]byte, error)) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, c := range all {
		var body map[string]any
		if err := json.Unmarshal([]byte(request(all, c.action, "StreamName", "none")), &body); err != nil {
			t.Fatal(err)
		}
		b, err := marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		out[c.action] = b
	}
	return out
}

// Bodies that end early, nest without end or are no objects are refused as AWS refuses them, whatever the operation.
func TestBadBodies(t *testing.T) {
	s := start(t, local.Options{})
	all := readConstraints(t)
	for contentType, marshal := range map[string]func(any) ([]byte, error){"application/x-amz-json-1.1": json.Marshal, "application/x-amz-cbor-1.1": cbor.Marshal} {
		deep := []byte(strings.Repeat(`{"a":[`, 300_000))
		wrong := [][]byte{[]byte(`[]`), []byte(`"StreamName"`), []byte(`1`), []byte(`{"StreamName":"s"`), []byte("{\"StreamName\":\"\xff"), []byte(`{"a":1e`), {0}}
		if contentType == "application/x-amz-cbor-1.1" {
			deep = bytes.Repeat([]byte{0xa1, 0x61, 'a', 0x81}, 300_000)
			wrong = [][]byte{{0x80}, {0x61, 'a'}, {1}, {0xa1, 0x61, 'a'}, {0xa1, 0x61, 0xff, 1}, {0xbb, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0xff}}
		}
		for action, body := range bodies(t, all, marshal) {
			cuts := slices.Clone(wrong)
			if action == "PutRecords" || action == "DescribeStream" { // of its own decoder, and by the general one
				cuts = append(cuts, deep)
			}
			for _, n := range []int{1, len(body) / 3, len(body) / 2, len(body) - 1} {
				if n > 0 && n < len(body) {
					cuts = append(cuts, body[:n])
				}
			}
			for _, b := range cuts {
				resp := send(t, http.DefaultClient, s, action, contentType, b)
				answer, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if err != nil || resp.StatusCode != 400 || !bytes.Contains(answer, []byte("SerializationException")) {
					t.Errorf("%s %s %.40q: status %d, %.200q %v", contentType, action, b, resp.StatusCode, answer, err)
				}
			}
		}
	}
}

// endless is a body of so many bytes, which the transport may go on reading when it has been answered.
type endless struct{ left atomic.Int64 }

func (e *endless) Read(b []byte) (int, error) {
	n := min(int64(len(b)), e.left.Load())
	if n <= 0 {
		return 0, io.EOF
	}
	for i := range b[:n] {
		b[i] = ' '
	}
	e.left.Add(-n)
	return int(n), nil
}

// A body of 100 MB is refused after what an operation may have, whether its length is announced or not, and leaves nothing behind.
func TestHugeBody(t *testing.T) {
	s := start(t, local.Options{})
	before := heap()
	for _, announced := range []bool{true, false} {
		for _, action := range []string{"PutRecords", "ListStreams"} {
			const size = 100 << 20
			sent := &endless{}
			sent.left.Store(size)
			req, err := http.NewRequestWithContext(t.Context(), "POST", s.KinesisEndpoint(), sent)
			if err != nil {
				t.Fatal(err)
			}
			if announced {
				req.ContentLength = size
			}
			req.Header.Set("X-Amz-Target", "Kinesis_20131202."+action)
			req.Header.Set("Content-Type", "application/x-amz-json-1.1")
			resp, err := http.DefaultClient.Do(req)
			if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				err = nil // the answer was on its way when the client was still sending
			} else if err == nil {
				kind, _ := errorOf(t, resp)
				if resp.Body.Close(); resp.StatusCode != 413 || kind != "RequestEntityTooLargeException" {
					t.Errorf("%s: %d %s", action, resp.StatusCode, kind)
				}
			}
			if err != nil {
				t.Errorf("%s, announced %v: %v", action, announced, err)
			}
			if taken := size - sent.left.Load(); taken > 32<<20 {
				t.Errorf("%s, announced %v: %d MB were taken", action, announced, taken>>20)
			}
		}
	}
	http.DefaultClient.CloseIdleConnections()
	if grown := heap() - before; grown > 40<<20 {
		t.Errorf("%s are held", fmt.Sprint(grown>>20, " MB"))
	}
	if status, _ := post(t, s, "ListStreams", "{}"); status != 200 {
		t.Errorf("status %d", status)
	}
}
