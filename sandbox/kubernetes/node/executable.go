// Which file a container's command runs: one in a mounted folder or in the image's root, never one of the
// host. What can not be found is refused with the words of a container runtime.
package node

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	securejoin "github.com/cyphar/filepath-securejoin"
)

// standardPath is a container's PATH where neither image nor pod sets one, and opt/*/bin, where images of
// one program put it.
var standardPath = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/opt/*/bin"}

// files is what a container can see: its mounts over the root of its image.
type files struct {
	mounts mounts
	root   string
}

// locate gives the file of the machine that a path of the container stands for. Links inside the root stay
// inside it; a link in a mounted folder must end in something that the container can see.
func (f files) locate(path string) (string, error) {
	if place, mounted := f.mounts.locate(path); mounted {
		real, err := filepath.EvalSymlinks(place)
		if err != nil {
			return "", err
		}
		if !f.sees(real) {
			return "", fmt.Errorf("%s leads out of the container: %w", path, fs.ErrNotExist)
		}
		return real, nil
	}
	return securejoin.SecureJoin(f.root, path)
}

func (f files) sees(place string) bool {
	folders := []string{f.root}
	for _, mount := range f.mounts {
		folders = append(folders, mount.folder)
	}
	for _, folder := range folders {
		real, err := filepath.EvalSymlinks(folder)
		if err == nil && (place == real || strings.HasPrefix(place, real+"/")) {
			return true
		}
	}
	return false
}

// searchPath turns a container's PATH into folders of the machine.
func (f files) searchPath(path string) []string {
	entries := standardPath
	if path != "" {
		entries = strings.Split(path, ":")
	}
	var folders []string
	for _, entry := range entries {
		if place, mounted := f.mounts.locate(entry); mounted {
			folders = append(folders, place)
		} else if strings.Contains(entry, "*") {
			found, _ := filepath.Glob(filepath.Join(f.root, entry))
			folders = append(folders, found...)
		} else if strings.HasPrefix(entry, "/") {
			folders = append(folders, filepath.Join(f.root, entry))
		}
	}
	return folders
}

// command gives the argument list that really runs: a script is started by the interpreter it names, and
// that one has to be the container's own, else the kernel would take the host's.
func (f files) command(command []string, workingDir, path string) (executable string, args []string, err error) {
	name := command[0]
	executable, err = f.executable(name, workingDir, path)
	if err != nil {
		return "", nil, err
	}
	first := name
	if filepath.IsAbs(first) {
		first = filepath.Clean(first)
	}
	args = append([]string{f.mounts.translate(first)}, f.mounts.translateAll(command[1:])...)
	interpreter := interpreterOf(executable)
	if len(interpreter) == 0 {
		return executable, args, nil
	}
	script := executable
	executable, err = f.executable(interpreter[0], workingDir, path)
	if err != nil || len(interpreterOf(executable)) > 0 {
		return "", nil, fmt.Errorf("exec %s: interpreter %s: no such file or directory", name, interpreter[0])
	}
	return executable, append(append(interpreter, script), args[1:]...), nil
}

func (f files) executable(name, workingDir, path string) (string, error) {
	if !strings.Contains(name, "/") {
		for _, folder := range f.searchPath(path) {
			place := filepath.Join(folder, name)
			if real, err := filepath.EvalSymlinks(place); err == nil && f.sees(real) && isExecutable(real) == nil {
				return real, nil
			}
		}
		return "", fmt.Errorf("exec: %q: executable file not found in $PATH", name)
	}
	if !filepath.IsAbs(name) {
		name = filepath.Join(workingDir, name)
	}
	place, err := f.locate(name)
	if err == nil {
		err = isExecutable(place)
	}
	if os.IsPermission(err) {
		return "", fmt.Errorf("exec: %q: permission denied", name)
	}
	if err != nil {
		return "", fmt.Errorf("exec: %q: stat %s: no such file or directory", name, name)
	}
	return place, nil
}

func isExecutable(place string) error {
	info, err := os.Stat(place)
	if err != nil {
		return err
	}
	if info.IsDir() || info.Mode()&0o111 == 0 {
		return fs.ErrPermission
	}
	return nil
}

// interpreterOf reads the first line of a script: the interpreter and at most one argument, as the kernel
// splits it.
func interpreterOf(place string) []string {
	file, err := os.Open(place)
	if err != nil {
		return nil
	}
	defer file.Close()
	line, _ := bufio.NewReaderSize(file, 256).ReadSlice('\n')
	rest, script := strings.CutPrefix(string(line), "#!")
	if !script {
		return nil
	}
	parts := strings.SplitN(strings.TrimSpace(rest), " ", 2)
	if len(parts) == 2 {
		parts[1] = strings.TrimSpace(parts[1])
	}
	if parts[0] == "" {
		return nil
	}
	return parts
}
