package cli

import (
	"encoding/json"
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
	file, labels, speed string
	series              time.Duration
	count               int64 // records at most; 0 is no limit
}

// notWithScenario are the flags whose place is the scenario's file.
var notWithScenario = []string{"stream", "template", "rate", "partition-key", "raw"}

// notWithSeries are the flags that mean nothing when no record is made.
var notWithSeries = []string{"speed", "count"}

// onlyWithScenario are the flags that mean nothing without one.
var onlyWithScenario = []string{"labels", "speed", "series"}

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
func (f *scenarioFlags) run(cmd *cobra.Command, to *destination, length time.Duration, seed *int64) error {
	if name := given(cmd, notWithScenario); name != "" {
		return usageErrorf("--%s doesn't go with --scenario; that stands in the file", name)
	}
	if cmd.Flags().Changed("series") && to.output == "" {
		return usageErrorf("--series needs an --output: a directory, or - for standard output")
	}
	if name := given(cmd, notWithSeries); name != "" && cmd.Flags().Changed("series") {
		return usageErrorf("--%s is about records that are sent, and --series counts them instead", name)
	}
	if err := to.check(cmd); err != nil {
		return err
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
		return f.writeSeries(cmd.OutOrStdout(), to, s)
	}
	return f.play(cmd, to, s)
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
func (f *scenarioFlags) pace(to *destination) (float64, error) {
	switch f.speed {
	case "max":
		return 0, nil
	case "":
		if to.output != "" {
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

func (f *scenarioFlags) play(cmd *cobra.Command, to *destination, s *generator.Scenario) error {
	speed, err := f.pace(to)
	if err != nil {
		return err
	}
	return to.send(cmd, s.Streams(), func(sinks map[string]generator.Sink) (traffic, error) {
		p, err := generator.NewPlayer(generator.PlayerConfig{
			Scenario: s, Speed: speed, Count: f.count, BatchRecords: putRecords, Clock: engineClock{clock.Real{}},
		}, sinks)
		if err != nil {
			return traffic{}, &exitError{exitUsage, fmt.Errorf("%s: %w", f.file, err)}
		}
		return traffic{
			run: p.Run, stats: p.Stats,
			at: func(st generator.Stats) string { return s.Start.Add(st.Elapsed).Format(time.DateTime) },
		}, nil
	})
}

// writeSeries writes how many records of each traffic a step has, as lines of JSON.
func (f *scenarioFlags) writeSeries(stdout io.Writer, to *destination, s *generator.Scenario) (result error) {
	steps, err := s.Series(f.series)
	if err != nil {
		return usageErrorf("%s: %w", f.file, err)
	}
	w := outputTo(stdout, to.gzip)
	if to.output != "-" {
		name := "series.jsonl"
		if to.gzip {
			name += ".gz"
		}
		if w, err = createOutput(to.output, name); err != nil {
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
