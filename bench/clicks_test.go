package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeClicks writes count clickstream records as JSON lines, 95 bytes each: one impression, then five clicks, as in the
// lab, a thousand records to a second of event time. oracle/bench/generate.sh writes the same bytes.
func writeClicks(w io.Writer, count int) error {
	out := bufio.NewWriterSize(w, 1<<16)
	start := time.Date(2023, 8, 22, 13, 46, 30, 0, time.UTC)
	var second []byte
	var line []byte
	for i := range count {
		if i%1000 == 0 {
			second = start.Add(time.Duration(i/1000)*time.Second).AppendFormat(second[:0], time.DateTime)
		}
		action := "Click"
		if i%6 == 0 {
			action = "Impression"
		}
		line = append(append(append(line[:0], `{"browseraction":"`...), action...), `","site":"https://www.mysite.com","rowtime":"`...)
		milli := i % 1000
		line = append(append(line, second...), '.', byte('0'+milli/100), byte('0'+milli/10%10), byte('0'+milli%10))
		if _, err := out.Write(append(line, '"', '}', '\n')); err != nil {
			return err
		}
	}
	return out.Flush()
}

// clicksFile writes count records into a file of the test's own and returns its path and size.
func clicksFile(tb testing.TB, count int) (path string, size int64) {
	path = filepath.Join(tb.TempDir(), fmt.Sprintf("clicks-%d.jsonl", count))
	file, err := os.Create(path)
	if err != nil {
		tb.Fatal(err)
	}
	err = writeClicks(file, count)
	info, statErr := file.Stat()
	if closeErr := file.Close(); err != nil || statErr != nil || closeErr != nil {
		tb.Fatal(err, statErr, closeErr)
	}
	return path, info.Size()
}
