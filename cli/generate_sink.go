package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/klauspost/compress/gzip"
	"github.com/spf13/cobra"

	connector "github.com/weirsql/weir/connectors/kinesis"
	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/runtime/clock"
)

// putRecords is how many records go to a stream's sink at once: as many requests as a Putter has under way, twice.
const putRecords = 4000

// streamSink puts generated records into a stream.
type streamSink struct {
	stream string
	putter *connector.Putter
	packer *packer // nil: records go as they are
}

func newStreamSink(client *kinesis.Client, stream string, o connector.PutterOptions, packed bool) *streamSink {
	s := &streamSink{stream: stream, putter: connector.NewPutter(client, stream, o)}
	if packed {
		s.packer = newPacker()
	}
	return s
}

// Put implements generator.Sink.
func (s *streamSink) Put(ctx context.Context, records []generator.Record) (failed int, err error) {
	failed, err = s.putter.Put(ctx, len(records), func(i int) (data, key []byte) {
		data = records[i].Data
		if s.packer != nil {
			data = s.packer.pack(data)
		}
		return data, records[i].PartitionKey
	})
	if err != nil && ctx.Err() == nil {
		err = about(s.stream, "put records into", err)
	}
	return failed, err
}

// packer makes gzip files of records, as the Kinesis Data Generator does.
type packer struct {
	buffer bytes.Buffer
	writer *gzip.Writer
}

func newPacker() *packer {
	p := &packer{}
	p.writer = newGzip(&p.buffer)
	return p
}

func newGzip(w io.Writer) *gzip.Writer {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return gzip.NewWriter(w) // never happens: there is such a level
	}
	return z
}

// pack returns data compressed, until the next call.
func (p *packer) pack(data []byte) []byte {
	p.buffer.Reset()
	p.writer.Reset(&p.buffer)
	// A buffer takes everything.
	_, _ = p.writer.Write(data)
	_ = p.writer.Close()
	return p.buffer.Bytes()
}

// lineSink writes records as lines.
func lineSink(w io.Writer) generator.Sink {
	var buf []byte
	return generator.SinkFunc(func(_ context.Context, records []generator.Record) (int, error) {
		buf = buf[:0]
		for _, r := range records {
			buf = append(append(buf, r.Data...), '\n')
		}
		_, err := w.Write(buf)
		return 0, err
	})
}

// recordFile is a file that is being written, or, without one, what stays open at its end.
type recordFile struct {
	*bufio.Writer
	zip  *gzip.Writer // what Writer writes into, when the file is compressed
	file *os.File
}

// createOutput creates a file and its directory. One whose name ends with .gz is compressed.
func createOutput(dir, name string) (*recordFile, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	o := outputTo(f, strings.HasSuffix(name, ".gz"))
	o.file = f
	return o, nil
}

// outputTo writes into what stays open at the end.
func outputTo(w io.Writer, packed bool) *recordFile {
	o := &recordFile{}
	if packed {
		o.zip = newGzip(w)
		w = o.zip
	}
	o.Writer = bufio.NewWriterSize(w, 1<<16)
	return o
}

// Close writes what is left. Its error is that of the disk.
func (o *recordFile) Close() error {
	err := o.Flush()
	if o.zip != nil {
		err = errors.Join(err, o.zip.Close())
	}
	if o.file != nil {
		err = errors.Join(err, o.file.Close())
	}
	return err
}

// closing closes an output at the end of a function, whose result it joins where the disk has one.
func closing(o *recordFile, result *error) {
	if err := o.Close(); err != nil {
		*result = errors.Join(*result, err)
	}
}

// destination is where generated records go, by the flags.
type destination struct {
	awsFlags
	output string // directory, or - for standard output; "" is streams
	create bool
	gzip   bool
}

// onlyStreams are the flags that mean nothing when files are written.
var onlyStreams = []string{"local", "endpoint", "region", "create"}

// check refuses flags that contradict each other.
func (d *destination) check(cmd *cobra.Command) error {
	if d.output == "" {
		return nil
	}
	if name := given(cmd, onlyStreams); name != "" {
		return usageErrorf("--%s is for streams, and --output writes files instead", name)
	}
	return nil
}

// traffic is what is sent: a generator's, or a player's.
type traffic struct {
	run   func(ctx context.Context) error
	stats func() generator.Stats
	at    func(generator.Stats) string // what the line of progress begins with; may be nil
}

// send opens the destinations of streams, of which standard output has the empty name, runs the traffic that start makes of
// them, and shows how it is getting on.
func (d *destination) send(cmd *cobra.Command, streams []string, start func(sinks map[string]generator.Sink) (traffic, error)) (result error) {
	ctx := cmd.Context()
	out, stop := newScreen(cmd.OutOrStdout(), cmd.ErrOrStderr())
	defer stop()
	sinks := map[string]generator.Sink{}
	var counted []*streamSink
	switch d.output {
	case "":
		client, err := d.kinesis(ctx)
		if err != nil {
			return err
		}
		defer d.close()
		log, err := d.log.open(out.writer(out.stderr))
		if err != nil {
			return err
		}
		for _, name := range streams {
			if d.create {
				if err := ensureStream(ctx, client, name); err != nil {
					return err
				}
			}
			sink := newStreamSink(client, name, connector.PutterOptions{Clock: clock.Real{}, Log: log}, d.gzip)
			sinks[name] = sink
			counted = append(counted, sink)
		}
	case "-":
		w := outputTo(out.writer(out.stdout), d.gzip)
		defer closing(w, &result)
		lines := lineSink(w)
		sinks[""] = generator.SinkFunc(func(ctx context.Context, records []generator.Record) (int, error) {
			failed, err := lines.Put(ctx, records)
			if err == nil && !d.gzip { // who reads along sees each line when it is due
				err = w.Flush()
			}
			return failed, err
		})
	default:
		suffix := ".jsonl"
		if d.gzip {
			suffix += ".gz"
		}
		for _, name := range streams {
			w, err := createOutput(d.output, name+suffix)
			if err != nil {
				return err
			}
			sinks[name] = lineSink(w)
			defer closing(w, &result)
		}
	}
	t, err := start(sinks)
	if err != nil {
		return err
	}
	s := newSending(t, counted)
	out.showStatus(s.line)
	err = t.run(ctx)
	out.showStatus(nil)
	given := s.result(out)
	switch {
	case errors.Is(err, context.Canceled):
		return &exitError{code: exitInterrupted}
	case err == nil:
		return given
	case d.output == "":
		return d.explain(err)
	}
	return err
}

// sending is what is being sent, and shown of it.
type sending struct {
	traffic
	sinks   []*streamSink // whose counts are more recent than those of the traffic
	began   time.Time
	counted time.Time // when the rates were taken
	last    generator.Stats
	records float64 // a second
	bytes   float64
}

func newSending(t traffic, sinks []*streamSink) *sending {
	now := time.Now()
	return &sending{traffic: t, sinks: sinks, began: now, counted: now}
}

// counts are those of now, with how often records were sent again.
func (s *sending) counts() (st generator.Stats, resent int64) {
	st = s.stats()
	if len(s.sinks) == 0 {
		return st, 0
	}
	st.Sent, st.Failed, st.Bytes = 0, 0, 0
	for _, sink := range s.sinks {
		c := sink.putter.Counts()
		st.Sent += c.Taken
		st.Failed += c.Failed
		st.Bytes += c.Bytes
		resent += c.Resent
	}
	return st, resent
}

// line is the line of progress:
//
//	sent 12,345 of 60,000 · 1,200/s · 0.2 MB/s · failed 1 · sent again 12 · 3s behind
func (s *sending) line() string {
	st, resent := s.counts()
	now := time.Now()
	if since := now.Sub(s.counted); since >= time.Second {
		s.records = float64(st.Sent-s.last.Sent) / since.Seconds()
		s.bytes = float64(st.Bytes-s.last.Bytes) / since.Seconds()
		s.counted, s.last = now, st
	}
	text := ""
	if s.at != nil {
		text = s.at(st) + " · "
	}
	text += "sent " + thousands(st.Sent)
	if st.Planned > 0 {
		text += " of " + thousands(st.Planned)
	}
	text += fmt.Sprintf(" · %s/s · %s/s", thousands(int64(s.records+0.5)), byteText(s.bytes))
	if st.Failed > 0 {
		text += " · failed " + thousands(st.Failed)
	}
	if resent > 0 {
		text += " · sent again " + thousands(resent)
	}
	if behind := st.Lag.Round(time.Second); behind > 0 {
		text += fmt.Sprintf(" · %s behind", behind)
	}
	return text
}

// result says at the end what has been sent, and is the error of a run that has given records up.
func (s *sending) result(out *screen) error {
	st, resent := s.counts()
	took := time.Since(s.began)
	text := fmt.Sprintf("%d records sent, %d failed", st.Sent, st.Failed)
	if resent > 0 {
		text += fmt.Sprintf(", %d sent again", resent)
	}
	if left := st.Planned - st.Sent - st.Failed; left > 0 && st.Lag >= time.Second {
		text += fmt.Sprintf(", %d not sent in time", left)
	}
	text += fmt.Sprintf(", %d bytes in %.1f s", st.Bytes, took.Seconds())
	if seconds := took.Seconds(); seconds > 0 && st.Sent > 0 {
		text += fmt.Sprintf(": %s records/s, %s/s", thousands(int64(float64(st.Sent)/seconds+0.5)), byteText(float64(st.Bytes)/seconds))
	}
	out.say("%s", text)
	if st.Failed > 0 {
		return fmt.Errorf("%s records were given up: the stream refused them again and again", thousands(st.Failed))
	}
	return nil
}

// byteText is a number of bytes for people.
func byteText(n float64) string {
	for _, unit := range []string{"B", "kB", "MB"} {
		if n < 999.5 || unit == "MB" {
			if unit == "B" || n >= 99.95 {
				return fmt.Sprintf("%.0f %s", n, unit)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1000
	}
	return ""
}

// engineClock lends the engine's clock to a generator.
type engineClock struct{ clock.Clock }

func (c engineClock) Sleep(ctx context.Context, d time.Duration) error {
	return clock.Sleep(ctx, c.Clock, d)
}
