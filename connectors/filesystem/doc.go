// Package filesystem is Flink's `filesystem` connector over the files of this machine: a table is a file or a folder of
// them, in any format that this project knows, optionally partitioned into folders named k=v.
//
// Reading takes each file, or each range of a large one, as a split whose position is a byte offset (source.go, list.go,
// reader.go). Writing is exactly-once in two phases: rows go to hidden files, which are brought to disk behind a barrier while
// others are written (syncer.go), and the completion of the checkpoint renames them into sight (sink.go, writer.go).
// Partitions that are complete can be marked (committer.go, partition_time.go). Start reading at Spec.
//
// Unlike Flink's, its part files end with every checkpoint, also those of row formats, so that rows are in sight then.
package filesystem
