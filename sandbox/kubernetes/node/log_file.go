// The log of one run of a container, in the files and the format that container runtimes write:
// a time, the stream, F for a full line or P for a part of one, and the text.
package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// longestEntry is where container runtimes cut a line into parts.
const longestEntry = 16 * 1024

type logFile struct {
	path    string
	mu      sync.Mutex
	file    *os.File
	readers sync.WaitGroup
	ends    []*os.File
}

func createLog(path string) (*logFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	// appended to, so that whoever empties it rotates it
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	return &logFile{path: path, file: file}, nil
}

// pipe gives the end that a process writes a stream to. The caller closes it once the process has it.
func (l *logFile) pipe(stream string) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	l.ends = append(l.ends, read)
	l.readers.Add(1)
	go func() {
		defer l.readers.Done()
		l.copy(stream, read)
	}()
	return write, nil
}

func (l *logFile) copy(stream string, from io.Reader) {
	lines := bufio.NewReaderSize(from, longestEntry)
	for {
		line, err := lines.ReadSlice('\n')
		if len(line) > 0 {
			l.write(stream, line, errors.Is(err, bufio.ErrBufferFull))
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return
		}
	}
}

func (l *logFile) write(stream string, line []byte, partial bool) {
	tag := "F"
	if partial {
		tag = "P"
	}
	if line[len(line)-1] == '\n' {
		line = line[:len(line)-1]
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.file, "%s %s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), stream, tag, line)
}

// close waits for what the processes had written when they ended. A process that was not found when its
// container was ended may hold a stream open for ever, so the wait is short.
func (l *logFile) close() {
	done := make(chan struct{})
	go func() { l.readers.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	for _, end := range l.ends {
		end.Close()
	}
	<-done
	l.file.Close()
}
