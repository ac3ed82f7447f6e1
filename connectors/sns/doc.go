// Package sns is weir's own `sns` connector: a sink that publishes one message per row to a topic of Amazon SNS, or of
// weir's embedded server. Subject and text come from templates with the row's values in them.
//
// Write renders messages (template.go, number.go); a goroutine of the writer's publishes them, in order (writer.go), or holds
// them back for a digest (digest.go). Start reading at Spec.
package sns
