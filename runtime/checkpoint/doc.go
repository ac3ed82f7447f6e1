// Package checkpoint keeps the state of jobs: it writes checkpoints and savepoints so that a reader sees a whole one or
// none, finds the newest that is undamaged, and reads it back in a stream.
//
// A checkpoint is a folder in a directory or a bucket (FS):
//
//	JOB/chk-7/manifest.json     what belongs to it; written last, at once: with it the checkpoint exists
//	JOB/chk-7/op-0003-01.state  a part of the state of subtask 1 of the fourth operator, in checksummed blocks
//	JOB/chk-5/op-0003-01.state  an earlier part that chk-7 builds on, when checkpoints are incremental
//	savepoint-JOB-4f0c…/        the same in one folder that needs no other and belongs to the user
//
// State is handed over in parts while records flow (Part), small parts stay in the manifest. The state of a subtask is
// its parts in order: what a later one has under a name and key replaces, or removes, what the earlier ones have.
//
// When to take a checkpoint, and of what, is decided elsewhere (runtime). Start reading at Store.Begin and OpenIn.
package checkpoint
