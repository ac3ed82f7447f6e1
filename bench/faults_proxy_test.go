//go:build slow && linux

package bench

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// faultProxy stands between a Kinesis and its clients and does to them what networks and AWS do: requests that are refused,
// connections that break before and after a request has been served, answers and event streams that end halfway.
type faultProxy struct {
	target   string // of requests, as http://host:port
	endpoint string // of the proxy
	client   *http.Client

	mu     sync.Mutex
	rng    *rand.Rand
	calm   bool
	chance float64 // of a fault, until the weather changes
	until  time.Time
	counts map[string]int // by kind and operation
}

// startFaultProxy serves in front of target until the test ends, in calm weather at first.
func startFaultProxy(t *testing.T, target string, rng *rand.Rand) *faultProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &faultProxy{
		target: target, endpoint: "http://" + l.Addr().String(), rng: rng, calm: true, counts: map[string]int{},
		client: &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}},
	}
	s := &http.Server{Handler: p}
	go s.Serve(l)
	t.Cleanup(func() { s.Close(); p.client.CloseIdleConnections() })
	return p
}

// rage lets faults happen, or no more.
func (p *faultProxy) rage(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calm = !on
}

// report lists how often each fault happened.
func (p *faultProxy) report() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(p.counts)) {
		fmt.Fprintf(&b, "%10d %s\n", p.counts[kind], kind)
	}
	return b.String()
}

func (p *faultProxy) count(kind string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[kind]++
}

// The faults of a request, of an answer, and of an event stream.
const (
	throttled  = "throttled"
	failed     = "answered by 5xx"
	reset      = "reset"
	lost       = "served, the answer lost"
	cut        = "served, the answer cut off"
	expired    = "iterator expired"
	halfway    = "some records throttled"
	hung       = "stream silent"
	broken     = "stream reset"
	torn       = "stream ended within an event"
	garbled    = "stream with a flipped bit"
	excepted   = "stream ended by an exception"
	ended      = "stream ended early"
	unreached  = "server not reached"
	noFault    = ""
	mostEvents = 150 // that a disturbed stream may carry before
)

var (
	requestFaults = []string{throttled, throttled, failed, reset, lost, cut}
	streamFaults  = []string{broken, torn, garbled, excepted, ended}
)

// draw decides what happens to a request. The weather changes every few seconds: from none of the requests to half of them.
func (p *faultProxy) draw(action string) (kind string, events int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calm {
		return noFault, 0
	}
	if now := time.Now(); now.After(p.until) {
		p.until = now.Add(time.Second + time.Duration(p.rng.Int64N(int64(7*time.Second))))
		p.chance = []float64{0, 0.02, 0.1, 0.1, 0.5}[p.rng.IntN(5)]
	}
	kinds := requestFaults
	switch action {
	case "GetRecords":
		kinds = append(slices.Clone(kinds), expired, expired)
	case "PutRecords":
		kinds = append(slices.Clone(kinds), halfway, halfway)
	case "SubscribeToShard": // a request lasts for minutes, if it is let
		if p.rng.IntN(40) == 0 {
			return hung, p.rng.IntN(mostEvents)
		}
		if p.rng.IntN(4) > 0 {
			return streamFaults[p.rng.IntN(len(streamFaults))], p.rng.IntN(mostEvents)
		}
	}
	if p.rng.Float64() >= p.chance {
		return noFault, 0
	}
	return kinds[p.rng.IntN(len(kinds))], 0
}

// ServeHTTP implements http.Handler.
func (p *faultProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	action := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "Kinesis_20131202.")
	kind, events := p.draw(action)
	if kind != noFault {
		p.count(kind + ": " + action)
	}
	records := 0 // of the client's
	switch kind {
	case throttled:
		code := "LimitExceededException"
		if slices.Contains([]string{"PutRecord", "PutRecords", "GetRecords", "GetShardIterator"}, action) {
			code = "ProvisionedThroughputExceededException"
		}
		refuse(w, http.StatusBadRequest, code)
		return
	case failed:
		if len(body)%2 == 0 {
			refuse(w, http.StatusInternalServerError, "InternalFailure")
		} else {
			refuse(w, http.StatusServiceUnavailable, "ServiceUnavailable")
		}
		return
	case expired:
		refuse(w, http.StatusBadRequest, "ExpiredIteratorException")
		return
	case reset:
		resetConnection(w)
		return
	case halfway:
		body, records = withhold(body)
	}
	out, err := http.NewRequestWithContext(r.Context(), r.Method, p.target+r.URL.Path, bytes.NewReader(body))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	out.Header = r.Header.Clone()
	resp, err := p.client.Do(out)
	if err != nil {
		if r.Context().Err() == nil {
			p.count(unreached + ": " + action)
		}
		resetConnection(w)
		return
	}
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/vnd.amazon.eventstream") {
		p.stream(w, r, resp, kind, events)
		return
	}
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil || kind == lost:
		resetConnection(w)
		return
	case kind == halfway && resp.StatusCode == http.StatusOK:
		answer = withheld(answer, records)
	}
	header := w.Header()
	maps.Copy(header, resp.Header)
	header.Set("Content-Length", fmt.Sprint(len(answer)))
	w.WriteHeader(resp.StatusCode)
	if kind == cut {
		w.Write(answer[:len(answer)/2])
		resetConnection(w)
		return
	}
	w.Write(answer)
}

// stream copies an event stream, event by event, up to the point at which the fault strikes.
func (p *faultProxy) stream(w http.ResponseWriter, r *http.Request, resp *http.Response, kind string, events int) {
	maps.Copy(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	control := http.NewResponseController(w)
	for n := 0; ; n++ {
		var length [4]byte // an event begins with its own length
		if _, err := io.ReadFull(resp.Body, length[:]); err == io.EOF {
			return
		} else if err != nil {
			resetConnection(w)
			return
		}
		event := make([]byte, binary.BigEndian.Uint32(length[:]))
		copy(event, length[:])
		if _, err := io.ReadFull(resp.Body, event[4:]); err != nil {
			resetConnection(w)
			return
		}
		if kind != noFault && n > events {
			switch kind {
			case hung:
				<-r.Context().Done()
				return
			case torn:
				w.Write(event[:len(event)/2])
				control.Flush()
				resetConnection(w)
				return
			case excepted:
				m := eventstream.Message{Payload: []byte(`{"message":"Internal service failure."}`)}
				m.Headers.Set(":message-type", eventstream.StringValue("exception"))
				m.Headers.Set(":exception-type", eventstream.StringValue("InternalFailureException"))
				m.Headers.Set(":content-type", eventstream.StringValue("application/x-amz-json-1.1"))
				eventstream.NewEncoder().Encode(w, m)
				return
			case ended:
				return
			case garbled:
				event[len(event)-5] ^= 4
				w.Write(event)
				return
			default:
				resetConnection(w)
				return
			}
		}
		if _, err := w.Write(event); err != nil {
			return
		}
		control.Flush()
	}
}

// putRecords is what matters of a request and an answer of PutRecords.
type putRecords struct {
	StreamName        string            `json:",omitempty"`
	StreamARN         string            `json:",omitempty"`
	FailedRecordCount int               `json:",omitempty"`
	Records           []json.RawMessage `json:",omitempty"`
}

// withhold takes every other record out of a request, and returns how many there were.
func withhold(body []byte) (rest []byte, records int) {
	var r putRecords
	if json.Unmarshal(body, &r) != nil {
		return body, 0
	}
	records = len(r.Records)
	kept := r.Records[:0]
	for i, record := range r.Records {
		if i%2 == 0 {
			kept = append(kept, record)
		}
	}
	r.Records = kept
	b, err := json.Marshal(r)
	if err != nil {
		return body, 0
	}
	return b, records
}

// withheld adds to an answer the refusals of the records that withhold has taken out.
func withheld(answer []byte, records int) []byte {
	var r putRecords
	if json.Unmarshal(answer, &r) != nil || len(r.Records) != (records+1)/2 {
		return answer
	}
	var all []json.RawMessage
	for _, result := range r.Records {
		all = append(all, result)
		if len(all) < records {
			all = append(all, json.RawMessage(`{"ErrorCode":"ProvisionedThroughputExceededException","ErrorMessage":"Rate exceeded for shard."}`))
			r.FailedRecordCount++
		}
	}
	r.Records = all
	b, err := json.Marshal(r)
	if err != nil {
		return answer
	}
	return b
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"__type":%q,"message":"a fault of the test"}`, code)
}

// resetConnection closes the client's connection so that it gets a RST, whatever has been written to it.
func resetConnection(w http.ResponseWriter) {
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	buffered.Flush()
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}
