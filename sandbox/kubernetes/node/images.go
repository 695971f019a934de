// The images that this machine can pull: names that a file maps to folders.
package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// image is one entry of the file --images names.
type image struct {
	// Root is the folder that holds the image's files.
	Root string `json:"root"`
	// Delay is how long a pull takes, as Go writes durations.
	Delay string `json:"delay"`
	// Entrypoint is run when the pod names no command.
	Entrypoint []string `json:"entrypoint"`
	// Env is the image's own environment.
	Env map[string]string `json:"env"`
}

// imageStore is what a node knows of images: the file, and which of them lie on the machine already.
type imageStore struct {
	file    string
	faults  string
	mu      sync.Mutex
	present map[string]bool
}

func newImageStore(file, faults string) *imageStore {
	return &imageStore{file: file, faults: faults, present: map[string]bool{}}
}

// find reads the file anew, so an image that becomes known is found at the next try.
func (s *imageStore) find(name string) (image, error) {
	content, err := os.ReadFile(s.file)
	if err != nil {
		return image{}, err
	}
	known := map[string]image{}
	if err := json.Unmarshal(content, &known); err != nil {
		return image{}, fmt.Errorf("%s: %w", s.file, err)
	}
	found, ok := known[name]
	if !ok {
		return image{}, fs.ErrNotExist
	}
	if !filepath.IsAbs(found.Root) {
		return image{}, fmt.Errorf("%s: the root of %s is no absolute path", s.file, name)
	}
	if _, err := found.delay(); err != nil {
		return image{}, fmt.Errorf("%s: %s: %w", s.file, name, err)
	}
	return found, nil
}

func (i image) delay() (time.Duration, error) {
	if i.Delay == "" {
		return 0, nil
	}
	return time.ParseDuration(i.Delay)
}

func (s *imageStore) isPresent(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.present[name]
}

// pulled is what a pull brought, for the event that tells of it.
type pulled struct {
	took time.Duration
	size int64
}

// pull takes as long as the image says and fails with the words of containerd.
func (s *imageStore) pull(name string, stop <-chan struct{}) (pulled, error) {
	begun := time.Now()
	if readFaults(s.faults).stopsPullOf(name) {
		return pulled{}, fmt.Errorf("failed to pull and unpack image %q: failed to resolve reference %q: "+
			"failed to authorize: failed to fetch anonymous token: unexpected status from GET request: 401 Unauthorized", name, name)
	}
	found, err := s.find(name)
	if errors.Is(err, fs.ErrNotExist) {
		return pulled{}, fmt.Errorf("rpc error: code = NotFound desc = failed to pull and unpack image %q: "+
			"failed to resolve reference %q: %s: not found", name, name, name)
	}
	if err != nil {
		return pulled{}, err
	}
	delay, _ := found.delay()
	select {
	case <-time.After(delay):
	case <-stop:
		return pulled{}, errors.New("rpc error: code = Canceled desc = context canceled")
	}
	size, err := sizeOf(found.Root)
	if err != nil {
		return pulled{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.present[name] = true
	return pulled{took: time.Since(begun), size: size}, nil
}

func sizeOf(folder string) (int64, error) {
	var size int64
	err := filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size, err
}
