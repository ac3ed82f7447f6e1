package service

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"sync"
)

// ErrBodyTooLarge is returned by ReadBody when the request exceeds its limit.
var ErrBodyTooLarge = errors.New("request body too large")

// Buffer is a pooled byte buffer for request bodies and answers.
type Buffer struct{ B []byte }

// keepBytes bounds what a returned buffer may hold on to: an answer of GetRecords can reach 14 MB, and a pool of those
// would stay resident for minutes after the last reader left.
const keepBytes = 4 << 20

var buffers = sync.Pool{New: func() any { return new(Buffer) }}

// GetBuffer returns an empty buffer; give it back with Free.
func GetBuffer() *Buffer {
	b := buffers.Get().(*Buffer)
	b.B = b.B[:0]
	return b
}

// Free gives the buffer back. Neither it nor any slice of it may be used afterwards.
func (buf *Buffer) Free() {
	if cap(buf.B) <= keepBytes {
		buffers.Put(buf)
	}
}

// ReadBody appends the whole request body to buf, as it was sent. A body of more than limit bytes is ErrBodyTooLarge.
func ReadBody(r *http.Request, buf *Buffer, limit int64) error {
	if r.ContentLength > limit {
		return ErrBodyTooLarge
	}
	// The announced length only sizes the first allocation, and only as far as a pooled buffer may reach anyway: memory
	// follows the bytes that arrive, not the promise.
	if n := min(r.ContentLength, keepBytes); int64(cap(buf.B)) < n+1 {
		buf.B = make([]byte, 0, n+1)
	}
	return buf.readAll(r.Body, limit)
}

// Gunzip appends what the gzip stream from holds to buf. More than limit bytes are ErrBodyTooLarge, however few they came in.
func Gunzip(from []byte, buf *Buffer, limit int64) error {
	r, err := gzip.NewReader(bytes.NewReader(from))
	if err != nil {
		return err
	}
	return buf.readAll(r, limit)
}

func (buf *Buffer) readAll(r io.Reader, limit int64) error {
	for {
		if len(buf.B) == cap(buf.B) {
			buf.B = append(buf.B, 0)[:len(buf.B)]
		}
		n, err := r.Read(buf.B[len(buf.B):cap(buf.B)])
		buf.B = buf.B[:len(buf.B)+n]
		if int64(len(buf.B)) > limit {
			return ErrBodyTooLarge
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
