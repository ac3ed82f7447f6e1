package filesystem

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// compressed says how a file is compressed; its name tells.
type compressed uint8

const (
	plainFile compressed = iota
	gzipFile
	zstdFile
)

func compression(path string) compressed {
	switch {
	case strings.HasSuffix(path, ".gz"), strings.HasSuffix(path, ".gzip"):
		return gzipFile
	case strings.HasSuffix(path, ".zst"):
		return zstdFile
	}
	return plainFile
}

// stream is the plain contents of a file from some offset on.
type stream struct {
	io.Reader
	file  *os.File
	close func()
}

// openAt opens a file for reading its plain contents from offset. A compressed file is read from the start to get there.
func openAt(path string, offset int64) (*stream, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	s := &stream{Reader: file, file: file, close: func() {}}
	switch compression(path) {
	case plainFile:
		_, err = file.Seek(offset, io.SeekStart)
		return s, s.orClose(err)
	case gzipFile:
		s.Reader, err = gzip.NewReader(file)
	case zstdFile:
		var d *zstd.Decoder
		// One goroutine's worth: readers run side by side already.
		if d, err = zstd.NewReader(file, zstd.WithDecoderConcurrency(1)); err == nil {
			s.Reader, s.close = d, d.Close
		}
	}
	if err == nil {
		_, err = io.CopyN(io.Discard, s.Reader, offset)
	}
	if err == io.EOF {
		err = fmt.Errorf("%s is shorter than the position to go on at, byte %d; was it replaced?", path, offset)
	}
	return s, s.orClose(err)
}

func (s *stream) orClose(err error) error {
	if err != nil {
		s.Close()
	}
	return err
}

// Close closes the file.
func (s *stream) Close() error {
	s.close()
	return s.file.Close()
}
