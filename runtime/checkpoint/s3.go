package checkpoint

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/logging"
)

// bucket is a bucket of S3, or of a server that speaks its protocol, and a prefix in it.
type bucket struct {
	client *s3.Client
	name   string
	prefix string // without slashes at its ends
	// unconditional says that the server doesn't know If-None-Match.
	unconditional atomic.Bool
}

const (
	// s3Part is the size of the pieces in which a large file is sent; the last 9,000 of the 10,000 that S3 allows are larger.
	s3Part = 8 << 20
	// s3Call bounds a call with all its attempts, s3Stall the time in which an answer's body brings nothing.
	s3Call  = 5 * time.Minute
	s3Stall = time.Minute
	// s3Attempts is how often a request is tried unless AWS_MAX_ATTEMPTS says otherwise.
	s3Attempts = 6
)

// newS3 returns a place in a bucket. Region, endpoint and credentials come from where the SDK finds them: environment
// (AWS_REGION, AWS_ENDPOINT_URL_S3), configuration files, the machine's role.
func newS3(name, prefix string, options ...func(*s3.Options)) (*bucket, error) {
	b := &bucket{name: name, prefix: strings.Trim(path.Clean("/"+prefix), "/")}
	if name == "" {
		return nil, errors.New("an s3 URI lacks the bucket; give s3://bucket/prefix")
	}
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		return nil, fmt.Errorf("configure access to %s: %w", b, err)
	}
	if cfg.RetryMaxAttempts == 0 {
		cfg.RetryMaxAttempts = s3Attempts
	}
	endpoint := false
	cfg.Logger = logging.Nop{}
	options = append([]func(*s3.Options){func(o *s3.Options) {
		if o.BaseEndpoint != nil {
			// Another server, such as MinIO: it has no host name per bucket, and may not know the newer checksums.
			endpoint = true
			o.UsePathStyle = true
			if os.Getenv("AWS_REQUEST_CHECKSUM_CALCULATION") == "" {
				o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			}
			if o.Region == "" {
				o.Region = "us-east-1"
			}
		}
	}}, options...)
	b.client = s3.NewFromConfig(cfg, append(options, func(o *s3.Options) { o.Retryer = s3Retryer{o.Retryer} })...)
	if !endpoint && cfg.Region == "" {
		return nil, fmt.Errorf("%s: the region of the bucket isn't known; set AWS_REGION", b)
	}
	return b, nil
}

// s3Retryer tries again, too, what the SDK does not: calls whose answer was cut off. All calls here can be repeated.
type s3Retryer struct{ aws.Retryer }

// IsErrorRetryable implements aws.Retryer.
func (r s3Retryer) IsErrorRetryable(err error) bool {
	return r.Retryer.IsErrorRetryable(err) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// GetAttemptToken implements aws.RetryerV2.
func (r s3Retryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}

// String implements FS.
func (b *bucket) String() string { return strings.TrimSuffix("s3://"+b.name+"/"+b.prefix, "/") }

func (b *bucket) key(name string) *string {
	return aws.String(strings.TrimPrefix(path.Join(b.prefix, name), "/"))
}

// folder is the prefix of the keys in a folder.
func (b *bucket) folder(dir string) *string {
	if k := *b.key(dir); k != "" && k != "." {
		return aws.String(k + "/")
	}
	return nil
}

// fail says what was tried, and translates what is missing.
func (b *bucket) fail(op, name string, err error) error {
	if err == nil {
		return nil
	}
	switch code(err) {
	case "NoSuchKey", "NotFound":
		err = fs.ErrNotExist
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		err = fmt.Errorf("%w (is the bucket in another region? set AWS_REGION)", err)
	}
	return &fs.PathError{Op: op, Path: uri(b, name), Err: err}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

func status(err error) int {
	var r *awshttp.ResponseError
	if errors.As(err, &r) {
		return r.HTTPStatusCode()
	}
	return 0
}

func s3Context() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), s3Call)
}

// MakeDir implements FS. There are no folders; whether the bucket can be written to is found out.
func (b *bucket) MakeDir(dir string) error {
	probe := path.Join(dir, ".probe")
	if err := b.put(probe, []byte("weir: can be written to"), false); err != nil {
		return b.fail("write", probe, err)
	}
	return b.Remove(probe)
}

func (b *bucket) put(name string, data []byte, isNew bool) error {
	ctx, cancel := s3Context()
	defer cancel()
	in := &s3.PutObjectInput{Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(data)}
	if isNew {
		in.IfNoneMatch = aws.String("*")
	}
	_, err := b.client.PutObject(ctx, in)
	return err
}

// Publish implements FS. S3 makes an object visible as a whole, and takes it only if there is none.
func (b *bucket) Publish(name string, data []byte) error {
	if !b.unconditional.Load() {
		err := b.put(name, data, true)
		switch {
		case err == nil:
			return nil
		case status(err) == 412:
			// It may be our own: the answer of an earlier attempt was lost.
			if there, err := b.read(name); err != nil || !bytes.Equal(there, data) {
				return errors.Join(b.fail("publish", name, fs.ErrExist), err)
			}
			return nil
		case status(err) != 501 && code(err) != "NotImplemented":
			return b.fail("publish", name, err)
		}
		b.unconditional.Store(true)
	}
	if there, err := b.read(name); err == nil && !bytes.Equal(there, data) {
		return b.fail("publish", name, fs.ErrExist)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return b.fail("publish", name, b.put(name, data, false))
}

func (b *bucket) read(name string) ([]byte, error) {
	r, err := b.Open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

// Create implements FS. Nothing can be seen of the file before it is closed.
func (b *bucket) Create(name string) (Output, error) { return &s3Output{b: b, name: name}, nil }

// s3Output sends a small file at once when it is closed, a large one in parts.
type s3Output struct {
	b      *bucket
	name   string
	buf    []byte
	upload *string // of a large file
	parts  []types.CompletedPart
	sent   int64
	closed bool
}

// Write implements io.Writer.
func (o *s3Output) Write(p []byte) (int, error) {
	if o.closed {
		return 0, fs.ErrClosed
	}
	o.buf = append(o.buf, p...)
	if len(o.buf) >= s3Part*(1+len(o.parts)/1000) {
		if err := o.send(); err != nil {
			return 0, o.b.fail("write", o.name, err)
		}
	}
	return len(p), nil
}

// send sends what is buffered as a part.
func (o *s3Output) send() error {
	ctx, cancel := s3Context()
	defer cancel()
	if o.upload == nil {
		up, err := o.b.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: &o.b.name, Key: o.b.key(o.name)})
		if err != nil {
			return err
		}
		o.upload = up.UploadId
	}
	number := aws.Int32(int32(len(o.parts) + 1))
	part, err := o.b.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &o.b.name, Key: o.b.key(o.name), UploadId: o.upload, PartNumber: number, Body: bytes.NewReader(o.buf),
	})
	if err != nil {
		return err
	}
	o.parts = append(o.parts, types.CompletedPart{
		PartNumber: number, ETag: part.ETag,
		ChecksumCRC32: part.ChecksumCRC32, ChecksumCRC32C: part.ChecksumCRC32C, ChecksumCRC64NVME: part.ChecksumCRC64NVME,
		ChecksumSHA1: part.ChecksumSHA1, ChecksumSHA256: part.ChecksumSHA256,
	})
	o.sent += int64(len(o.buf))
	o.buf = o.buf[:0]
	return nil
}

// Close implements Output.
func (o *s3Output) Close() error {
	if o.closed {
		return fs.ErrClosed
	}
	err := o.finish()
	if err != nil {
		o.Abort()
		return o.b.fail("write", o.name, err)
	}
	o.closed, o.buf = true, nil
	return nil
}

func (o *s3Output) finish() error {
	if o.upload == nil {
		return o.b.put(o.name, o.buf, false)
	}
	if len(o.buf) > 0 {
		if err := o.send(); err != nil {
			return err
		}
	}
	ctx, cancel := s3Context()
	defer cancel()
	_, err := o.b.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &o.b.name, Key: o.b.key(o.name), UploadId: o.upload, MultipartUpload: &types.CompletedMultipartUpload{Parts: o.parts},
	})
	if code(err) == "NoSuchUpload" {
		// An earlier attempt may have ended it, and its answer was lost.
		head, headErr := o.b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.b.name, Key: o.b.key(o.name)})
		if headErr == nil && aws.ToInt64(head.ContentLength) == o.sent {
			return nil
		}
	}
	return err
}

// Abort implements Output. What can't be aborted now is for a lifecycle rule of the bucket.
func (o *s3Output) Abort() {
	if o.closed {
		return
	}
	o.closed, o.buf = true, nil
	if o.upload != nil {
		ctx, cancel := s3Context()
		defer cancel()
		o.b.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &o.b.name, Key: o.b.key(o.name), UploadId: o.upload})
	}
}

// Open implements FS.
func (b *bucket) Open(name string) (io.ReadCloser, error) {
	in := &s3Input{b: b, name: name}
	if err := in.get(); err != nil {
		return nil, b.fail("open", name, err)
	}
	return in, nil
}

// s3Input reads an object, and goes on where it was when the connection breaks.
type s3Input struct {
	b      *bucket
	name   string
	etag   *string
	at     int64
	size   int64
	body   io.ReadCloser
	cancel context.CancelFunc
	stall  *time.Timer
	broken int // times since the last byte
}

func (in *s3Input) get() error {
	ctx, cancel := context.WithCancel(context.Background())
	stall := time.AfterFunc(s3Call, cancel)
	req := &s3.GetObjectInput{Bucket: &in.b.name, Key: in.b.key(in.name), IfMatch: in.etag}
	if in.at > 0 {
		req.Range = aws.String(fmt.Sprintf("bytes=%d-", in.at))
	}
	out, err := in.b.client.GetObject(ctx, req)
	stall.Stop()
	if err != nil {
		cancel()
		return err
	}
	if out.ContentLength == nil || in.at > 0 && out.ContentRange == nil {
		out.Body.Close()
		cancel()
		return errors.New("the server doesn't say how long the object is, or can't send a part of it")
	}
	in.size = in.at + *out.ContentLength
	in.etag, in.body, in.cancel, in.stall = out.ETag, out.Body, cancel, stall
	return nil
}

// Read implements io.Reader. It returns io.EOF at the end of the object only.
func (in *s3Input) Read(p []byte) (int, error) {
	for {
		if in.at == in.size {
			return 0, io.EOF
		}
		var n int
		var err error
		if in.body == nil {
			err = in.get()
		}
		if err == nil {
			in.stall.Reset(s3Stall)
			n, err = in.body.Read(p[:min(int64(len(p)), in.size-in.at)])
			in.stall.Stop()
			in.at += int64(n)
		} else {
			return 0, in.b.fail("read", in.name, err) // after the attempts of the SDK
		}
		if n > 0 {
			in.broken = 0
			return n, nil
		}
		if err == nil {
			continue
		}
		in.Close()
		if in.broken++; in.broken > s3Attempts {
			return 0, in.b.fail("read", in.name, fmt.Errorf("the connection breaks again and again: %w", err))
		}
	}
}

// Close implements io.Closer.
func (in *s3Input) Close() error {
	if in.body == nil {
		return nil
	}
	in.cancel() // what wasn't read isn't wanted
	err := in.body.Close()
	in.body = nil
	return err
}

// List implements FS.
func (b *bucket) List(dir string) (infos []Info, err error) {
	prefix := b.folder(dir)
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: prefix, Delimiter: aws.String("/")})
	for pages.HasMorePages() {
		ctx, cancel := s3Context()
		page, err := pages.NextPage(ctx)
		cancel()
		if err != nil {
			return nil, b.fail("list", dir, err)
		}
		for _, p := range page.CommonPrefixes {
			infos = append(infos, Info{Name: path.Base(aws.ToString(p.Prefix)), Dir: true})
		}
		for _, o := range page.Contents {
			infos = append(infos, Info{Name: strings.TrimPrefix(aws.ToString(o.Key), aws.ToString(prefix)), Size: aws.ToInt64(o.Size)})
		}
	}
	return infos, nil
}

// Remove implements FS.
func (b *bucket) Remove(name string) error {
	ctx, cancel := s3Context()
	defer cancel()
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: b.key(name)})
	if err = b.fail("remove", name, err); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// RemoveAll implements FS.
func (b *bucket) RemoveAll(dir string) error {
	prefix := b.folder(dir)
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: prefix})
	for pages.HasMorePages() {
		ctx, cancel := s3Context()
		page, err := pages.NextPage(ctx)
		cancel()
		if err != nil {
			return b.fail("remove", dir, err)
		}
		for _, o := range page.Contents {
			if err := b.Remove(path.Join(dir, strings.TrimPrefix(aws.ToString(o.Key), aws.ToString(prefix)))); err != nil {
				return err
			}
		}
	}
	return nil
}
