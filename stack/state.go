package stack

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// State is what has been made from a file in one place: an account and region, or an embedded server. It is a file in a
// directory, written after every change, whole or not at all.
//
// It is kept on the machine and not as tags, since subscriptions have none, and since tags take permissions that streams and
// topics don't. So only the machine that has made a stack takes it down.
type State struct {
	path string

	File  string `json:"file"`
	Place string `json:"place"`
	Made  []Made `json:"made"`

	// Name and Params are what the stack was last made with, so that nobody has to give them again.
	Name   string            `json:"name,omitempty"`
	Params map[string]string `json:"params,omitempty"`
}

// Made is a resource that Up has made.
type Made struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"` // of the Resource
	Name string `json:"name"`
	ARN  string `json:"arn"`
	// Created tells a stream from one that somebody has made in its place: Unix milliseconds.
	Created int64 `json:"created,omitempty"`
}

// OpenState reads the state of a file in a place, which is empty if there is none. dir is where states are kept.
func OpenState(dir, file, place string) (*State, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	sum := sha256.Sum256([]byte(path + "\x00" + place))
	s := &State{path: filepath.Join(dir, hex.EncodeToString(sum[:12])+".json"), File: path, Place: place}
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what the stack has made: %w", err)
	}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("read what the stack has made: %s is damaged: %w", s.path, err)
	}
	return s, nil
}

// find returns what was made for a resource, or nil.
func (s *State) find(id string) *Made {
	for i := range s.Made {
		if s.Made[i].ID == id {
			return &s.Made[i]
		}
	}
	return nil
}

// add remembers a resource that was made.
func (s *State) add(m Made) error {
	s.Made = slices.DeleteFunc(s.Made, func(old Made) bool { return old.ID == m.ID })
	s.Made = append(s.Made, m)
	return s.write()
}

// remove forgets one that is gone.
func (s *State) remove(id string) error {
	s.Made = slices.DeleteFunc(s.Made, func(old Made) bool { return old.ID == id })
	return s.write()
}

// Remember keeps the name and the parameters that a stack is made with.
func (s *State) Remember(name string, params map[string]string) error {
	s.Name, s.Params = name, params
	return s.write()
}

func (s *State) write() error {
	if len(s.Made) == 0 {
		err := os.Remove(s.path)
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return err
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(s.path), 0o755); err != nil {
		return fmt.Errorf("remember what the stack has made: %w", err)
	}
	tmp := fmt.Sprintf("%s.%d", s.path, os.Getpid())
	if err := os.WriteFile(tmp, append(text, '\n'), 0o644); err != nil {
		return fmt.Errorf("remember what the stack has made: %w", err)
	}
	return os.Rename(tmp, s.path)
}
