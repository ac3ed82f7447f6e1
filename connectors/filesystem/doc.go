// Package filesystem is Flink's `filesystem` connector over the files of this machine: a table is a file or a folder of
// them, in any format that this project knows, optionally partitioned into folders named k=v.
//
// Reading takes each file, or each range of a large one, as a split whose position is a byte offset (source.go, list.go,
// reader.go). Writing is exactly-once in two phases: rows go to hidden files, a checkpoint seals them, and its completion
// renames them into sight (sink.go, writer.go). Start reading at Spec.
package filesystem
