package checkpoint_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/weirsql/weir/runtime/checkpoint"
)

// fakeS3 speaks as much of S3's protocol as checkpoints need, with buckets in the path.
type fakeS3 struct {
	mu      sync.Mutex
	objects map[string][]byte // by bucket and key
	uploads map[string]map[int][]byte
	begun   int // uploads
	// fault says what goes wrong with a call.
	fault func(r *http.Request) s3Fault
	// plain servers don't know If-None-Match.
	plain bool
}

type s3Fault int

const (
	s3Works   s3Fault = iota
	s3Busy            // 503 and nothing done
	s3Reset           // the connection breaks and nothing is done
	s3Lost            // it is done, and the connection breaks
	s3Cut             // the connection breaks in the middle of the answer
	s3Refused         // 403
)

// newFakeS3 starts a server and sets the environment as users do.
func newFakeS3(t testing.TB) *fakeS3 {
	f := &fakeS3{objects: map[string][]byte{}, uploads: map[string]map[int][]byte{}, fault: func(*http.Request) s3Fault { return s3Works }}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_S3", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "id")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	t.Setenv("AWS_REGION", "eu-west-1")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	return f
}

// impatient makes the client try again at once.
func impatient(o *s3.Options) {
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 6
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		o.RateLimiter = ratelimit.None
	})
}

// breaks sets what goes wrong from now on.
func (f *fakeS3) breaks(fault func(r *http.Request) s3Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = fault
}

// object returns what is stored under a key of the bucket.
func (f *fakeS3) object(key string) []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.objects["bucket/"+key]
}

// left counts objects and uploads that haven't ended.
func (f *fakeS3) left() (objects, uploads int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.objects), len(f.uploads)
}

func (f *fakeS3) place(t testing.TB) checkpoint.FS {
	t.Helper()
	place, err := checkpoint.NewS3("bucket", "some/prefix", impatient)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func etag(data []byte) string {
	sum := md5.Sum(data)
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

func refuse(w http.ResponseWriter, status int, code string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>injected</Message></Error>", code)
}

// ServeHTTP implements http.Handler.
func (f *fakeS3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	switch fault := f.fault(r); fault {
	case s3Busy:
		refuse(w, 503, "SlowDown")
	case s3Refused:
		refuse(w, 403, "AccessDenied")
	case s3Reset:
		panic(http.ErrAbortHandler)
	case s3Lost, s3Cut:
		answer := httptest.NewRecorder()
		f.serve(answer, r, body)
		if fault == s3Cut && answer.Body.Len() > 1 {
			maps.Copy(w.Header(), answer.Header())
			w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
			w.WriteHeader(answer.Code)
			w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
			http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	default:
		f.serve(w, r, body)
	}
}

func (f *fakeS3) serve(w http.ResponseWriter, r *http.Request, body []byte) {
	key, q := strings.TrimPrefix(r.URL.Path, "/"), r.URL.Query()
	upload := f.uploads[q.Get("uploadId")]
	if q.Has("uploadId") && upload == nil {
		refuse(w, 404, "NoSuchUpload")
		return
	}
	data, there := f.objects[key]
	switch {
	case r.Method == http.MethodPost && q.Has("uploads"):
		f.begun++
		id := fmt.Sprint("upload-", f.begun)
		f.uploads[id] = map[int][]byte{}
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>%s</UploadId></InitiateMultipartUploadResult>", id)
	case r.Method == http.MethodPost:
		var list struct {
			Part []struct {
				PartNumber int
				ETag       string
			}
		}
		if err := xml.Unmarshal(body, &list); err != nil {
			refuse(w, 400, "MalformedXML")
			return
		}
		var all []byte
		for k, p := range list.Part {
			part, there := upload[p.PartNumber]
			if !there || etag(part) != p.ETag || k > 0 && p.PartNumber <= list.Part[k-1].PartNumber {
				refuse(w, 400, "InvalidPart")
				return
			}
			if k < len(list.Part)-1 && len(part) < 5<<20 {
				refuse(w, 400, "EntityTooSmall")
				return
			}
			all = append(all, part...)
		}
		f.objects[key] = all
		delete(f.uploads, q.Get("uploadId"))
		fmt.Fprintf(w, "<CompleteMultipartUploadResult><ETag>%s</ETag></CompleteMultipartUploadResult>", etag(all))
	case r.Method == http.MethodPut && upload != nil:
		n, _ := strconv.Atoi(q.Get("partNumber"))
		upload[n] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodPut:
		if r.Header.Get("If-None-Match") == "*" && f.plain {
			refuse(w, 501, "NotImplemented")
			return
		}
		if r.Header.Get("If-None-Match") == "*" && there {
			refuse(w, 412, "PreconditionFailed")
			return
		}
		f.objects[key] = body
		w.Header().Set("ETag", etag(body))
	case r.Method == http.MethodDelete && upload != nil:
		delete(f.uploads, q.Get("uploadId"))
		w.WriteHeader(204)
	case r.Method == http.MethodDelete:
		delete(f.objects, key)
		w.WriteHeader(204)
	case q.Get("list-type") == "2":
		f.list(w, strings.TrimSuffix(key, "/"), q.Get("prefix"), q.Get("delimiter"), q.Get("continuation-token"))
	case !there:
		refuse(w, 404, "NoSuchKey")
	case r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != etag(data):
		refuse(w, 412, "PreconditionFailed")
	default:
		w.Header().Set("ETag", etag(data))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data)) // with ranges
	}
}

// list answers three names at a time.
func (f *fakeS3) list(w http.ResponseWriter, bucket, prefix, delimiter, after string) {
	type entry struct {
		Key    string `xml:",omitempty"`
		Size   int    `xml:",omitempty"`
		Prefix string `xml:",omitempty"`
	}
	var result struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		IsTruncated           bool
		NextContinuationToken string `xml:",omitempty"`
		Contents              []entry
		CommonPrefixes        []entry
	}
	n, last := 0, after
	for _, name := range slices.Sorted(maps.Keys(f.objects)) {
		key, ok := strings.CutPrefix(name, bucket+"/")
		if !ok || !strings.HasPrefix(key, prefix) {
			continue
		}
		shown := key
		if i := strings.Index(key[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			shown = key[:len(prefix)+i+1]
		}
		if shown <= last {
			continue
		}
		if n++; n > 3 {
			result.IsTruncated, result.NextContinuationToken = true, last
			break
		}
		if last = shown; shown == key {
			result.Contents = append(result.Contents, entry{Key: key, Size: len(f.objects[name])})
		} else {
			result.CommonPrefixes = append(result.CommonPrefixes, entry{Prefix: shown})
		}
	}
	xml.NewEncoder(w).Encode(result)
}

// A file of several parts, through answers that are lost and connections that break, is the same when it is read.
func TestS3Faults(t *testing.T) {
	f := newFakeS3(t)
	place := f.place(t)
	rnd, faults := rand.New(rand.NewPCG(1, 2)), rand.New(rand.NewPCG(3, 4))
	n := 0
	f.breaks(func(*http.Request) s3Fault {
		if n++; n%3 == 0 { // of the attempts of a call some succeed
			return s3Works
		}
		return []s3Fault{s3Busy, s3Reset, s3Lost, s3Cut}[faults.IntN(4)]
	})
	data := make([]byte, 20<<20+17)
	for i := range data {
		data[i] = byte(rnd.Uint32())
	}
	out, err := place.Create("job/chk-1/large")
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(data); at += 64 << 10 {
		if _, err := out.Write(data[at:min(len(data), at+64<<10)]); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if stored := f.object("some/prefix/job/chk-1/large"); !bytes.Equal(stored, data) {
		t.Fatalf("%d bytes are stored, want %d", len(stored), len(data))
	}
	r, err := place.Open("job/chk-1/large")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes were read, want %d; %v", len(got), len(data), err)
	}
	for k := range 20 {
		name := fmt.Sprintf("job/chk-%d/manifest.json", k)
		if err := place.Publish(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if infos, err := place.List("job"); err != nil || len(infos) != 20 {
		t.Fatalf("listed %v, %v", infos, err)
	}
	err = place.RemoveAll("job")
	if objects, _ := f.left(); err != nil || objects != 0 {
		t.Fatalf("%d objects are left, %v", objects, err)
	}
}

// A write that is given up leaves no parts behind, which would cost money.
func TestS3Abort(t *testing.T) {
	f := newFakeS3(t)
	out, err := f.place(t).Create("a")
	if err != nil {
		t.Fatal(err)
	}
	_, err = out.Write(make([]byte, 9<<20))
	if _, uploads := f.left(); err != nil || uploads != 1 {
		t.Fatalf("%d uploads, %v", uploads, err)
	}
	out.Abort()
	if objects, uploads := f.left(); objects != 0 || uploads != 0 {
		t.Errorf("%d uploads and %d objects are left", uploads, objects)
	}
}

// A network that is down, or rights that are missing, say nothing of a checkpoint: no older one is taken in its place.
func TestS3Unreachable(t *testing.T) {
	f := newFakeS3(t)
	place := f.place(t)
	s := store(t, place)
	take(t, s, 1)
	take(t, s, 1000)
	for name, fault := range map[string]func(r *http.Request) s3Fault{
		"down":      func(*http.Request) s3Fault { return s3Reset },
		"busy":      func(*http.Request) s3Fault { return s3Busy },
		"forbidden": func(*http.Request) s3Fault { return s3Refused },
		"breaks in the files": func(r *http.Request) s3Fault {
			return map[bool]s3Fault{true: s3Reset}[strings.HasSuffix(r.URL.Path, ".state")]
		},
	} {
		f.breaks(fault)
		c, skipped, err := checkpoint.LatestIn(place, "job")
		if err == nil || errors.Is(err, checkpoint.ErrNone) || len(skipped) > 0 || !strings.Contains(err.Error(), "s3://bucket/some/prefix/job") {
			t.Errorf("%s: got %v, skipped %v, %v", name, c, skipped, err)
		}
		if _, err := checkpoint.NewStoreIn(place, "job", ""); err == nil && name != "breaks in the files" {
			t.Errorf("%s: a store could be opened", name)
		}
	}
}

// A manifest isn't overwritten, whether the server helps with that or not.
func TestS3Publish(t *testing.T) {
	for _, plain := range []bool{false, true} {
		f := newFakeS3(t)
		f.plain = plain
		place := f.place(t)
		if err := place.Publish("a", []byte("1")); err != nil {
			t.Fatal(err)
		}
		if err := place.Publish("a", []byte("2")); !errors.Is(err, fs.ErrExist) {
			t.Errorf("published again: %v", err)
		}
		if got := string(f.object("some/prefix/a")); got != "1" {
			t.Errorf("it is %q now", got)
		}
	}
}

// What is missing in the settings is said.
func TestS3Settings(t *testing.T) {
	newFakeS3(t)
	if _, err := checkpoint.Resolve("s3:///prefix"); err == nil || !strings.Contains(err.Error(), "lacks the bucket") {
		t.Errorf("without bucket: %v", err)
	}
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	t.Setenv("AWS_CONFIG_FILE", "none")
	if _, err := checkpoint.Resolve("s3://bucket"); err != nil {
		t.Errorf("a server of one's own needs no region: %v", err)
	}
	t.Setenv("AWS_ENDPOINT_URL_S3", "")
	if _, err := checkpoint.Resolve("s3://bucket"); err == nil || !strings.Contains(err.Error(), "AWS_REGION") {
		t.Errorf("without region: %v", err)
	}
}
