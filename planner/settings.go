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
	Aliases      []string // Flink's older spellings
	Kind         option.Kind
	Values       []string // of an Enum
	Least        int64    // of an Int
	Summary      string
}

// KnownSettings lists the keys that weir reads, by name.
var KnownSettings = []Setting{
	{Key: "execution.checkpointing.dir", Aliases: []string{"state.checkpoints.dir", "state.backend.fs.checkpointdir"}, Kind: option.String, Summary: "where checkpoints go, a directory or s3://bucket/prefix; by default below the data directory"},
	{Key: "execution.checkpointing.externalized-checkpoint-retention", Kind: option.Enum, Default: "RETAIN_ON_CANCELLATION", Values: []string{"RETAIN_ON_CANCELLATION", "DELETE_ON_CANCELLATION", "NO_EXTERNALIZED_CHECKPOINTS"}, Summary: "whether checkpoints outlive their job: always, unless it is canceled, or never; --restore latest needs them"},
	{Key: "execution.checkpointing.incremental", Aliases: []string{"state.backend.incremental"}, Kind: option.Bool, Default: "true", Summary: "state of more than 8 MB is written as what has changed since the checkpoint before"},
	{Key: "execution.checkpointing.interval", Kind: option.Duration, Default: "10 s", Summary: "time between checkpoints; 0 takes them only at a stop"},
	{Key: "execution.checkpointing.max-concurrent-checkpoints", Kind: option.Int, Default: "1", Least: 1, Summary: "checkpoints are taken one at a time, whatever this allows"},
	{Key: "execution.checkpointing.min-pause", Kind: option.Duration, Default: "0 ms", Summary: "the least time between the end of a checkpoint and the beginning of the next"},
	{Key: "execution.checkpointing.mode", Kind: option.Enum, Default: "EXACTLY_ONCE", Values: []string{"EXACTLY_ONCE", "AT_LEAST_ONCE"}, Summary: "barriers are aligned in both modes, so that state is exactly-once"},
	{Key: "execution.checkpointing.num-retained", Aliases: []string{"state.checkpoints.num-retained"}, Kind: option.Int, Default: "2", Least: 1, Summary: "checkpoints that are kept; never fewer than 2, so that a damaged one isn't the only one"},
	{Key: "execution.checkpointing.savepoint-dir", Aliases: []string{"state.savepoints.dir"}, Kind: option.String, Summary: "where savepoints go, a directory or s3://bucket/prefix"},
	{Key: "execution.checkpointing.timeout", Kind: option.Duration, Default: "10 min", Summary: "a checkpoint that takes longer is given up; the job goes on"},
	{Key: "execution.checkpointing.tolerable-failed-checkpoints", Kind: option.Int, Summary: "checkpoints in a row that may fail before the job does; unset: any number"},
	{Key: "execution.checkpointing.unaligned.enabled", Aliases: []string{"execution.checkpointing.unaligned"}, Kind: option.Enum, Default: "false", Values: []string{"false"}, Summary: "unaligned checkpoints are not supported: queues are short, so barriers don't wait for long"},
	{Key: "execution.runtime-mode", Kind: option.Enum, Default: "STREAMING", Values: []string{"STREAMING", "AUTOMATIC"}, Summary: "batch mode is not supported: bounded inputs run as streams that end"},
	{Key: "execution.state-recovery.ignore-unclaimed-state", Aliases: []string{"execution.savepoint.ignore-unclaimed-state"}, Kind: option.Bool, Default: "false", Summary: "state of operators that the query doesn't have is dropped instead of refused"},
	{Key: "execution.state-recovery.path", Aliases: []string{"execution.savepoint.path"}, Kind: option.String, Summary: "the savepoint or checkpoint that the next jobs start from"},
	{Key: "parallelism.default", Kind: option.Int, Default: "0", Summary: "subtasks per operator; 0 is the number of cores"},
	{Key: "pipeline.auto-watermark-interval", Kind: option.Duration, Default: "200 ms", Summary: "0 emits a watermark after every row that raises it; else watermarks follow batches"},
	{Key: "pipeline.name", Kind: option.String, Summary: "the name of the next jobs"},
	{Key: "restart-strategy.exponential-delay.attempts-before-reset-backoff", Kind: option.Int, Default: "2147483647", Least: 1, Summary: "failures before the job fails for good, unless the delay is reset"},
	{Key: "restart-strategy.exponential-delay.backoff-multiplier", Kind: option.Float, Default: "1.5", Summary: "how the delay grows with every failure"},
	{Key: "restart-strategy.exponential-delay.initial-backoff", Kind: option.Duration, Default: "1 s", Summary: "the first delay"},
	{Key: "restart-strategy.exponential-delay.jitter-factor", Kind: option.Float, Default: "0.1", Summary: "the part of a delay by which it may be shorter or longer"},
	{Key: "restart-strategy.exponential-delay.max-backoff", Kind: option.Duration, Default: "1 min", Summary: "the longest delay"},
	{Key: "restart-strategy.exponential-delay.reset-backoff-threshold", Kind: option.Duration, Default: "1 h", Summary: "after so long without a failure the delay begins anew"},
	{Key: "restart-strategy.failure-rate.delay", Kind: option.Duration, Default: "1 s", Summary: "the delay before a restart"},
	{Key: "restart-strategy.failure-rate.failure-rate-interval", Kind: option.Duration, Default: "1 min", Summary: "the time over which failures are counted"},
	{Key: "restart-strategy.failure-rate.max-failures-per-interval", Kind: option.Int, Default: "1", Least: 1, Summary: "with more failures in that time the job fails for good"},
	{Key: "restart-strategy.fixed-delay.attempts", Kind: option.Int, Default: "1", Summary: "restarts before the job fails for good"},
	{Key: "restart-strategy.fixed-delay.delay", Kind: option.Duration, Default: "1 s", Summary: "the delay before a restart"},
	{Key: "restart-strategy.type", Aliases: []string{"restart-strategy"}, Kind: option.Enum, Values: []string{"none", "off", "disable", "fixed-delay", "fixeddelay", "exponential-delay", "exponentialdelay", "failure-rate", "failurerate"}, Summary: "what becomes of a job after a failure; unset: exponential-delay when it keeps checkpoints, else none"},
	{Key: "sql-client.execution.result-mode", Kind: option.String, Default: "table", Summary: "how the REPL shows results: table, changelog or tableau"},
	{Key: "table.dml-sync", Kind: option.Bool, Default: "false", Summary: "an INSERT in the REPL waits for its job"},
	{Key: "table.exec.legacy-cast-behaviour", Kind: option.Enum, Default: "DISABLED", Values: []string{"DISABLED"}, Summary: "casts of before Flink 1.15 are not supported"},
	{Key: "table.exec.mini-batch.enabled", Kind: option.Bool, Default: "false", Summary: "group aggregates emit once per batch instead of once per row"},
	{Key: "table.exec.sink.not-null-enforcer", Kind: option.Enum, Default: "ERROR", Values: []string{"ERROR", "DROP"}, Summary: "what happens to a NULL for a NOT NULL column"},
	{Key: "table.exec.sink.upsert-materialize", Kind: option.Enum, Default: "AUTO", Values: []string{"AUTO", "NONE", "FORCE"}, Summary: "whether sinks repair changelogs whose key differs from the table's"},
	{Key: "table.exec.source.idle-timeout", Kind: option.Duration, Default: "0 ms", Summary: "a split without rows for this long no longer holds back the watermark; 0 is never"},
	{Key: "table.exec.state.ttl", Kind: option.Duration, Default: "0 ms", Summary: "state not touched for this long is dropped; 0 keeps it"},
	{Key: "table.local-time-zone", Kind: option.String, Default: "default", Summary: "the session's time zone; default is the machine's"},
	{Key: "table.optimizer.agg-phase-strategy", Kind: option.Enum, Default: "AUTO", Values: []string{"AUTO", "TWO_PHASE", "ONE_PHASE"}, Summary: "whether rows are aggregated before an exchange, too: where it pays, wherever it can be done, or never"},
	{Key: "weir.function.patience", Kind: option.Duration, Default: "10 s", Summary: "how long a function may take for a batch of rows until it is said that it doesn't return; then a job can be stopped and canceled without it"},
	{Key: "weir.memory.limit", Kind: option.Size, Summary: "how much memory the state of all jobs together may take; what has not been used for long goes to disk beyond it; fixed by the first job; unset: half of the machine's, or the container's"},
	{Key: "weir.over.max-keys", Kind: option.Int, Default: "0", Summary: "keys of an OVER window whose state is kept, of all subtasks together; beyond it the key that has gone longest without a row is forgotten; 0 keeps all"},
	{Key: "weir.seed", Kind: option.Int, Summary: "the seed of everything random; unset: random functions get one that is drawn for the session and that EXPLAIN shows, everything else 42"},
	{Key: "weir.udf.memory-limit", Kind: option.Size, Default: "64 mb", Summary: "how much memory one instance of a function in GO or WASM may take: a subtask's, and of an aggregate with the states of all its groups"},
	{Key: "weir.udf.timeout", Kind: option.Duration, Default: "10 s", Summary: "how long a function in GO or WASM may take for one batch of rows; 0: as long as it likes"},
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
			known = append(append(known, d.Key), d.Aliases...)
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
	if n, err := strconv.ParseInt(value, 10, 64); decl.Kind == option.Int && err == nil && n < decl.Least {
		return fmt.Errorf("setting %q: value %q is less than %d", key, value, decl.Least)
	}
	if key == "table.local-time-zone" && !strings.EqualFold(value, "default") {
		if _, err := temporal.ParseZone(value); err != nil {
			return fmt.Errorf("setting %q: %w", key, err)
		}
	}
	s.values[decl.Key] = value
	return nil
}

// Reset returns a setting to its default, or with an empty key all of them.
func (s *Settings) Reset(key string) {
	if key == "" {
		clear(s.values)
		return
	}
	if d := findSetting(key); d != nil {
		key = d.Key
	}
	delete(s.values, key)
}

func findSetting(key string) *Setting {
	for i := range KnownSettings {
		if KnownSettings[i].Key == key || slices.Contains(KnownSettings[i].Aliases, key) {
			return &KnownSettings[i]
		}
	}
	return nil
}

// Get returns a setting or its default.
func (s *Settings) Get(key string) string {
	d := findSetting(key)
	if d != nil {
		key = d.Key
	}
	if v, ok := s.values[key]; ok {
		return v
	}
	if d != nil {
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

// Size returns a Size setting in bytes, 0 if it isn't set.
func (s *Settings) Size(key string) int64 {
	n, _ := option.ParseSize(s.Get(key)) // Set has checked it
	return n
}

// Float returns a Float setting.
func (s *Settings) Float(key string) float64 {
	f, _ := strconv.ParseFloat(s.Get(key), 64)
	return f
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
