package filesystem

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/connectortest"
	"github.com/weirsql/weir/connectors/format/json"
)

// A bad record is named by its line, wherever reading began, and the bytes of all records are counted.
func TestPlaceOfBadRecords(t *testing.T) {
	dir := t.TempDir()
	var text strings.Builder
	var want []string
	for i := range 1000 {
		if i%37 == 5 {
			want = append(want, fmt.Sprintf("line %d, byte %d", i+1, text.Len()))
			text.WriteString("no JSON\n")
			continue
		}
		fmt.Fprintf(&text, jsonLine, i, "x")
	}
	put(t, dir, "plain", text.String(), "packed.gz", gzipped(t, text.String()))
	for _, name := range []string{"plain", "packed.gz"} {
		s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir+"/"+name), idText...))
		s.splitSize, s.chunkSize = 5000, 300
		splits, err := s.Splits(context.Background())
		if err != nil || name == "plain" && len(splits) < 3 {
			t.Fatalf("%d splits, %v", len(splits), err)
		}
		var got []string
		var size int64
		for _, split := range splits {
			for {
				r, err := s.Open(context.Background(), split, connectors.ReaderContext{Columns: idText,
					BadRecord: func(_ []byte, where string, _ error) error {
						got = append(got, strings.TrimPrefix(where, "file "+dir+"/"+name+", "))
						return nil
					}})
				if err != nil {
					t.Fatal(err)
				}
				// The reader is closed now and then, and another goes on.
				out := connectortest.NewBatch(idText)
				status := connectors.Ready
				for range 3 {
					if status == connectors.Ready {
						if status, err = r.Poll(out, 20); err != nil {
							t.Fatal(err)
						}
					}
				}
				split.Position = r.Position()
				size += r.(connectors.ByteCounter).BytesRead()
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
				if status == connectors.Ended {
					break
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: bad records at\n\t%s\nwant\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		if size != int64(text.Len()) {
			t.Errorf("%s: %d bytes read of %d", name, size, text.Len())
		}
	}
}

// A row is named by its line, too, wherever reading began, with empty lines and bad records between.
func TestPlaceOfRows(t *testing.T) {
	dir := t.TempDir()
	var text strings.Builder
	lines := map[int32]string{} // by id
	for i := range 500 {
		switch {
		case i%37 == 5:
			text.WriteString("no JSON\n")
		case i%23 == 7:
			text.WriteString("\n")
		default:
			lines[int32(i)] = fmt.Sprintf("line %d, byte %d", i+1, text.Len())
			fmt.Fprintf(&text, jsonLine, i, "x")
		}
	}
	put(t, dir, "plain", text.String(), "packed.gz", gzipped(t, text.String()))
	for _, name := range []string{"plain", "packed.gz"} {
		s := testSource(t, connectortest.Table(t, Spec, json.Spec, options("path", dir+"/"+name), idText...))
		s.splitSize, s.chunkSize = 5000, 300
		splits, err := s.Splits(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		seen := 0
		for _, split := range splits {
			r, err := s.Open(context.Background(), split, connectors.ReaderContext{Columns: idText,
				BadRecord: func([]byte, string, error) error { return nil }})
			if err != nil {
				t.Fatal(err)
			}
			for status := connectors.Ready; status == connectors.Ready; {
				out := connectortest.NewBatch(idText)
				if status, err = r.Poll(out, 20); err != nil {
					t.Fatal(err)
				}
				for i := out.N - 1; i >= 0; i -= 3 {
					got, want := r.(connectors.Locator).Locate(i), lines[out.Cols[0].Value(i).(int32)]
					if got != "file "+dir+"/"+name+", "+want {
						t.Errorf("row %d of %s is at %s, want %s", i, name, got, want)
					}
				}
				seen += out.N
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if seen != len(lines) {
			t.Errorf("%s: %d rows of %d", name, seen, len(lines))
		}
	}
}
