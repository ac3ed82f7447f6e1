// Package checkpoint keeps the state of jobs on disk: it writes checkpoints so that a reader sees a whole one or none,
// finds the newest that is undamaged, and reads it back.
//
// A checkpoint is a folder:
//
//	DIR/JOB/chk-7/manifest.json     what belongs to it; written last, renamed into place: with it the checkpoint exists
//	DIR/JOB/chk-7/op-0003-01.state  the entries of subtask 1 of the fourth operator, in checksummed blocks
//
// When to take one, and of what, is decided elsewhere (runtime). Start reading at Write and Open.
package checkpoint
