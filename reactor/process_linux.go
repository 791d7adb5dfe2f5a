package reactor

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// thisProcess says where this process runs and which it is, in a form that [processEnded]
// of another one understands; "" if that cannot be told.
func thisProcess() string {
	pid := os.Getpid()
	// A /proc that numbers processes in another way than the kernel does for us would
	// tell of others.
	self, err := os.Readlink("/proc/self")
	place := placeOfProcesses()
	if err != nil || self != strconv.Itoa(pid) || place == "" {
		return ""
	}
	started, _, err := startOf(pid)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%s/%d/%s", place, pid, started)
}

// placeOfProcesses is where one number means one process, and one time one moment: a
// machine since its last start, and in it a namespace. It is a hash, since it is nobody
// else's business. It is "" if it cannot be told.
func placeOfProcesses() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	host, err := os.Hostname() // copies of a running machine have the same boot_id
	if err != nil {
		return ""
	}
	numbers, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	times, _ := os.Readlink("/proc/self/ns/time") // there is none before Linux 5.6
	hash := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%s\n%s", bytes.TrimSpace(boot), host, numbers, times))
	return fmt.Sprintf("%x", hash[:8])
}

// startOf is when a process was started, in the kernel's own unit, and whether it has ended
// already and only its parent has not taken note.
func startOf(pid int) (started string, over bool, err error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", false, err
	}
	// The name of the program, in brackets, may hold anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const state, startTime = 0, 19
	if len(fields) <= startTime {
		return "", false, fmt.Errorf("read what the kernel says of process %d: %w", pid, fs.ErrInvalid)
	}
	return fields[startTime], fields[state] == "Z" || fields[state] == "X", nil
}

// processEnded tells whether a process is certain to have ended. What cannot be known, as
// of one on another machine or in another container, is not certain.
func processEnded(process string) bool {
	place, rest, _ := strings.Cut(process, "/")
	number, started, _ := strings.Cut(rest, "/")
	pid, err := strconv.Atoi(number)
	if err != nil || pid <= 0 || started == "" || place == "" || thisProcess() == "" || place != placeOfProcesses() {
		return false
	}
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) { // also where /proc hides processes
		return true
	}
	now, over, err := startOf(pid)
	return err == nil && (over || now != started)
}
