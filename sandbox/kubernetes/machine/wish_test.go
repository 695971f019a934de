package machine

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMachineIsNotPutWhereItCanNotSeeItself(t *testing.T) {
	for _, state := range []string{"/run/world", "/var/lib/ci/target/machines/a", "/var/log"} {
		if _, err := ReadWish(state); err == nil || !strings.Contains(err.Error(), "move "+state) {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestCopyOfImagesSharesFilesAndNoBooks(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	for name, mode := range map[string]os.FileMode{"meta.db": 0o600, "snapshots/1/fs/x.db": 0o644, "snapshots/1/fs/y": 0o755} {
		file := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o711); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("y", filepath.Join(from, "snapshots/1/fs/link")); err != nil {
		t.Fatal(err)
	}
	if err := copyContainers(from, to); err != nil {
		t.Fatal(err)
	}
	for name, shared := range map[string]bool{"meta.db": false, "snapshots/1/fs/x.db": true, "snapshots/1/fs/y": true, "snapshots/1/fs/link": true} {
		one, err := os.Lstat(filepath.Join(from, name))
		if err != nil {
			t.Fatal(err)
		}
		other, err := os.Lstat(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		if os.SameFile(one, other) != shared || one.Mode() != other.Mode() {
			t.Errorf("%s: shared %v, mode %v", name, os.SameFile(one, other), other.Mode())
		}
	}
	if info, err := os.Stat(filepath.Join(to, "snapshots")); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("folder: %v, %v", info, err)
	}
}
