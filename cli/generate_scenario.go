package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/weirsql/weir/generator"
	"github.com/weirsql/weir/runtime/clock"
)

// scenarioFlags are the flags of generate that concern a scenario.
type scenarioFlags struct {
	file, output, labels, speed string
	series                      time.Duration
	create                      bool
}

// notWithScenario are the flags whose place is the scenario's file.
var notWithScenario = []string{"stream", "template", "rate", "count", "partition-key", "raw"}

// onlyWithScenario are the flags that mean nothing without one.
var onlyWithScenario = []string{"output", "labels", "speed", "series"}

// given returns the first of the flags that the command line has, or "".
func given(cmd *cobra.Command, names []string) string {
	for _, name := range names {
		if cmd.Flags().Changed(name) {
			return name
		}
	}
	return ""
}

// run plays a scenario; length and seed are those of the flags, 0 and nil when not given.
func (f *scenarioFlags) run(cmd *cobra.Command, a *awsFlags, length time.Duration, seed *int64) error {
	if name := given(cmd, notWithScenario); name != "" {
		return usageErrorf("--%s doesn't go with --scenario; that stands in the file", name)
	}
	if cmd.Flags().Changed("series") && f.output == "" {
		return usageErrorf("--series needs an --output: a directory, or - for standard output")
	}
	if cmd.Flags().Changed("series") && f.speed != "" {
		return usageErrorf("--speed is how fast records are sent, and --series counts them instead")
	}
	if f.output != "" {
		if name := given(cmd, []string{"local", "endpoint", "region", "create"}); name != "" {
			return usageErrorf("--%s is for streams, and --output writes files instead", name)
		}
	}
	s, err := f.read(length, seed)
	if err != nil {
		return err
	}
	if f.labels != "" {
		if err := writeLabels(f.labels, s.Labels()); err != nil {
			return err
		}
	}
	if cmd.Flags().Changed("series") {
		return f.writeSeries(cmd.OutOrStdout(), s)
	}
	return f.play(cmd, a, s)
}

func (f *scenarioFlags) read(length time.Duration, seed *int64) (*generator.Scenario, error) {
	text, err := os.ReadFile(f.file)
	if err != nil {
		return nil, usageErrorf("%w", err)
	}
	s, err := generator.ParseScenario(f.file, text, time.Now())
	if err != nil {
		return nil, &exitError{exitUsage, err}
	}
	if length != 0 {
		s.For = length
	}
	if seed != nil {
		s.Seed = *seed
	}
	if err := s.Check(); err != nil {
		return nil, usageErrorf("%s: %w", f.file, err)
	}
	return s, nil
}

// pace is the speed that the flags ask for: as fast as possible into files, and as time goes into streams, unless told.
func (f *scenarioFlags) pace() (float64, error) {
	switch f.speed {
	case "max":
		return 0, nil
	case "":
		if f.output != "" {
			return 0, nil
		}
		return 1, nil
	}
	speed, err := strconv.ParseFloat(strings.TrimPrefix(f.speed, "×"), 64)
	if err != nil || !(speed > 0) {
		return 0, usageErrorf("--speed takes how many times as fast as time goes, or max, found %q", f.speed)
	}
	return speed, nil
}

func (f *scenarioFlags) play(cmd *cobra.Command, a *awsFlags, s *generator.Scenario) (result error) {
	ctx := cmd.Context()
	speed, err := f.pace()
	if err != nil {
		return err
	}
	out, stop := newScreen(cmd.OutOrStdout(), cmd.ErrOrStderr())
	defer stop()
	sinks := map[string]generator.Sink{}
	cfg := generator.PlayerConfig{Scenario: s, Speed: speed, Clock: engineClock{clock.Real{}}}
	switch f.output {
	case "":
		client, err := a.kinesis(ctx)
		if err != nil {
			return err
		}
		defer a.close()
		for _, name := range s.Streams() {
			if f.create {
				if err := ensureStream(ctx, client, name); err != nil {
					return err
				}
			}
			sinks[name] = &kinesisSink{client: client, stream: name, clock: clock.Real{}}
		}
	case "-":
		sinks[""] = lineSink(out.writer(out.stdout))
	default:
		for _, name := range s.Streams() {
			w, err := createOutput(f.output, name+".jsonl")
			if err != nil {
				return err
			}
			sinks[name] = lineSink(w)
			defer closing(w, &result)
		}
	}
	p, err := generator.NewPlayer(cfg, sinks)
	if err != nil {
		return &exitError{exitUsage, fmt.Errorf("%s: %w", f.file, err)}
	}
	out.showStatus(func() string {
		st := p.Stats()
		return s.Start.Add(st.Elapsed).Format(time.DateTime) + ", " + generated(st)
	})
	err = p.Run(ctx)
	out.showStatus(nil)
	st := p.Stats()
	out.say("%d records sent, %d failed, %d bytes", st.Sent, st.Failed, st.Bytes)
	if errors.Is(err, context.Canceled) {
		return &exitError{code: exitInterrupted}
	}
	if err != nil && f.output == "" {
		return a.explain(err)
	}
	return err
}

// writeSeries writes how many records of each traffic a step has, as lines of JSON.
func (f *scenarioFlags) writeSeries(stdout io.Writer, s *generator.Scenario) (result error) {
	steps, err := s.Series(f.series)
	if err != nil {
		return usageErrorf("%s: %w", f.file, err)
	}
	w := &recordFile{Writer: bufio.NewWriter(stdout)}
	if f.output != "-" {
		if w, err = createOutput(f.output, "series.jsonl"); err != nil {
			return err
		}
	}
	defer closing(w, &result)
	var names [][]byte
	for _, name := range s.Traffic() {
		quoted, err := json.Marshal(name)
		if err != nil {
			return err
		}
		names = append(names, quoted)
	}
	var line []byte
	for at, counts := range steps {
		line = at.AppendFormat(append(line[:0], `{"time":"`...), time.DateTime)
		line = append(line, '"')
		for i, n := range counts {
			line = append(append(append(line, ','), names[i]...), ':')
			line = strconv.AppendInt(line, n, 10)
		}
		if _, err := w.Write(append(line, '}', '\n')); err != nil {
			return err
		}
	}
	return nil
}

func writeLabels(name string, labels []generator.Label) (result error) {
	w, err := createOutput(filepath.Dir(name), filepath.Base(name))
	if err != nil {
		return err
	}
	defer closing(w, &result)
	e := json.NewEncoder(w)
	for _, l := range labels {
		if err := e.Encode(l); err != nil {
			return err
		}
	}
	return nil
}

// recordFile is a file that is being written, or, without one, what stays open at its end.
type recordFile struct {
	*bufio.Writer
	file *os.File
}

func createOutput(dir, name string) (*recordFile, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return nil, err
	}
	return &recordFile{bufio.NewWriterSize(f, 1<<16), f}, nil
}

// Close writes what is left. Its error is that of the disk.
func (o *recordFile) Close() error {
	err := o.Flush()
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
