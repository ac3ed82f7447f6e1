package planner

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types/temporal"
)

// Settings are the session's options: what SET changes. Keys and defaults are Flink's, weir's own begin with "weir.".
type Settings struct {
	values map[string]string
}

// Setting declares a key that weir reads. Flink's other keys are accepted and have no effect.
type Setting struct {
	Key, Default string
	Kind         option.Kind
	Values       []string // of an Enum
	Summary      string
}

// KnownSettings lists the keys that weir reads, by name.
var KnownSettings = []Setting{
	{Key: "execution.checkpointing.interval", Kind: option.Duration, Default: "10 s", Summary: "time between checkpoints; 0 takes them only at a stop"},
	{Key: "execution.checkpointing.dir", Kind: option.String, Summary: "where checkpoints go; by default below the data directory"},
	{Key: "execution.runtime-mode", Kind: option.Enum, Default: "STREAMING", Values: []string{"STREAMING", "AUTOMATIC"}, Summary: "batch mode is not supported: bounded inputs run as streams that end"},
	{Key: "parallelism.default", Kind: option.Int, Default: "0", Summary: "subtasks per operator; 0 is the number of cores"},
	{Key: "pipeline.auto-watermark-interval", Kind: option.Duration, Default: "200 ms", Summary: "0 emits a watermark after every row that raises it; else watermarks follow batches"},
	{Key: "pipeline.name", Kind: option.String, Summary: "the name of the next jobs"},
	{Key: "sql-client.execution.result-mode", Kind: option.String, Default: "table", Summary: "how the REPL shows results: table, changelog or tableau"},
	{Key: "table.dml-sync", Kind: option.Bool, Default: "false", Summary: "an INSERT in the REPL waits for its job"},
	{Key: "table.exec.legacy-cast-behaviour", Kind: option.Enum, Default: "DISABLED", Values: []string{"DISABLED"}, Summary: "casts of before Flink 1.15 are not supported"},
	{Key: "table.exec.mini-batch.enabled", Kind: option.Bool, Default: "false", Summary: "group aggregates emit once per batch instead of once per row"},
	{Key: "table.exec.sink.not-null-enforcer", Kind: option.Enum, Default: "ERROR", Values: []string{"ERROR", "DROP"}, Summary: "what happens to a NULL for a NOT NULL column"},
	{Key: "table.exec.sink.upsert-materialize", Kind: option.Enum, Default: "AUTO", Values: []string{"AUTO", "NONE", "FORCE"}, Summary: "whether sinks repair changelogs whose key differs from the table's"},
	{Key: "table.exec.source.idle-timeout", Kind: option.Duration, Default: "0 ms", Summary: "a split without rows for this long no longer holds back the watermark; 0 is never"},
	{Key: "table.exec.state.ttl", Kind: option.Duration, Default: "0 ms", Summary: "state not touched for this long is dropped; 0 keeps it"},
	{Key: "table.local-time-zone", Kind: option.String, Default: "default", Summary: "the session's time zone; default is the machine's"},
	{Key: "weir.seed", Kind: option.Int, Default: "42", Summary: "the seed of everything random"},
}

// flinkPrefixes are the beginnings of keys that Flink knows.
var flinkPrefixes = []string{"table.", "execution.", "pipeline.", "parallelism.", "sql-client.", "state.", "restart-strategy",
	"taskmanager.", "jobmanager.", "rest.", "security.", "$internal.", "akka.", "cluster.", "metrics.", "client.", "env.", "heartbeat.",
	"high-availability", "historyserver.", "io.", "kubernetes.", "queryable-state.", "slot.", "web.", "yarn.", "classloader.",
	"compiler.", "fs.", "s3.", "process.", "job.", "__table."}

// NewSettings returns settings with nothing changed.
func NewSettings() *Settings { return &Settings{values: map[string]string{}} }

// Clone returns a copy.
func (s *Settings) Clone() *Settings { return &Settings{values: maps.Clone(s.values)} }

// All returns the changed settings, sorted by key.
func (s *Settings) All() [][2]string {
	var out [][2]string
	for _, k := range slices.Sorted(maps.Keys(s.values)) {
		out = append(out, [2]string{k, s.values[k]})
	}
	return out
}

// Set changes a setting. A key that neither weir nor Flink knows, and a value that doesn't parse, are refused.
func (s *Settings) Set(key, value string) error {
	decl := findSetting(key)
	if decl == nil {
		for _, p := range flinkPrefixes {
			if strings.HasPrefix(key, p) {
				s.values[key] = value
				return nil
			}
		}
		var known []string
		for _, d := range KnownSettings {
			known = append(known, d.Key)
		}
		if near := diag.Suggest(key, known); near != "" {
			return fmt.Errorf("unknown setting %q; did you mean %q?", key, near)
		}
		return fmt.Errorf("unknown setting %q", key)
	}
	_, errs := option.Check(map[string]string{key: value}, []option.Option{{Key: key, Kind: decl.Kind, Values: decl.Values}}, diag.Suggest)
	if len(errs) > 0 {
		return errs[0]
	}
	if key == "table.local-time-zone" && !strings.EqualFold(value, "default") {
		if _, err := temporal.ParseZone(value); err != nil {
			return fmt.Errorf("setting %q: %w", key, err)
		}
	}
	s.values[key] = value
	return nil
}

// Reset returns a setting to its default, or with an empty key all of them.
func (s *Settings) Reset(key string) {
	if key == "" {
		clear(s.values)
		return
	}
	delete(s.values, key)
}

func findSetting(key string) *Setting {
	for i := range KnownSettings {
		if KnownSettings[i].Key == key {
			return &KnownSettings[i]
		}
	}
	return nil
}

// Get returns a setting or its default.
func (s *Settings) Get(key string) string {
	if v, ok := s.values[key]; ok {
		return v
	}
	if d := findSetting(key); d != nil {
		return d.Default
	}
	return ""
}

// Duration returns a Duration setting.
func (s *Settings) Duration(key string) time.Duration {
	d, _ := option.ParseDuration(s.Get(key)) // Set has checked it
	return d
}

// Int returns an Int setting.
func (s *Settings) Int(key string) int64 {
	n, _ := strconv.ParseInt(s.Get(key), 10, 64)
	return n
}

// Bool returns a Bool setting.
func (s *Settings) Bool(key string) bool { return strings.EqualFold(s.Get(key), "true") }

// EveryWatermark reports whether every row that raises the watermark is followed by it.
func (s *Settings) EveryWatermark() bool { return s.Duration("pipeline.auto-watermark-interval") == 0 }

// Location is the session's time zone.
func (s *Settings) Location() *time.Location {
	if name := s.Get("table.local-time-zone"); !strings.EqualFold(name, "default") {
		if loc, err := temporal.ParseZone(name); err == nil {
			return loc
		}
	}
	return time.Local
}
