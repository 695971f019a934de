// A copy of containerd's folder, by which a machine has all images from its first moment.
package machine

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// copyContainers copies containerd's folder. Files of images are only linked: nobody writes to them, what a
// container changes is copied first.
func copyContainers(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		return copyEntry(path, filepath.Join(to, name), entry)
	})
}

func copyEntry(from, to string, entry os.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	switch {
	case entry.IsDir():
		return copyFolder(to, info)
	// containerd's own books; a file of that name in an image is the image's
	case info.Mode().IsRegular() && filepath.Ext(from) == ".db" && !strings.Contains(from, "/snapshots/"):
		return copyFile(from, to, info)
	default:
		return os.Link(from, to)
	}
}

func copyFolder(to string, info os.FileInfo) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t)
	if err := os.Lchown(to, int(owner.Uid), int(owner.Gid)); err != nil {
		return err
	}
	// Go's mode has the sticky bit and its kin elsewhere than the kernel's
	return syscall.Chmod(to, owner.Mode&0o7777)
}

func copyFile(from, to string, info os.FileInfo) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err := io.Copy(target, source); err != nil {
		target.Close()
		return err
	}
	return target.Close()
}
