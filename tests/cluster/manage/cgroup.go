package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// All processes of a cluster are in its cgroup, also its pods and their children. So a cleanup finds all of them, and
// no others.
const cgroups = "/sys/fs/cgroup"

func unified() bool {
	_, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers"))
	return err == nil
}

// The cluster's directory in each cgroup hierarchy of this machine.
func (c *cluster) cgroups() []string {
	if unified() {
		return []string{filepath.Join(cgroups, c.name())}
	}
	found, _ := filepath.Glob(filepath.Join(cgroups, "*", "cgroup.procs"))
	for i, f := range found {
		found[i] = filepath.Join(filepath.Dir(f), c.name())
	}
	return found
}

// The cgroup of its own processes, beside those of the pods: in cgroup v2, only leaves have processes.
func (c *cluster) own() string {
	return filepath.Join(c.root(), "parts")
}

// The cgroup of all its processes, with those of its pods.
func (c *cluster) root() string {
	if unified() {
		return filepath.Join(cgroups, c.name())
	}
	return filepath.Join(cgroups, "pids", c.name())
}

func (c *cluster) makeCgroups() error {
	if unified() {
		controllers, err := os.ReadFile(filepath.Join(cgroups, "cgroup.controllers"))
		if err != nil {
			return err
		}
		for _, controller := range strings.Fields(string(controllers)) {
			_ = os.WriteFile(filepath.Join(cgroups, "cgroup.subtree_control"), []byte("+"+controller), 0o644)
		}
	}
	for _, dir := range append(c.cgroups(), c.own()) {
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	c.weighs()
	if !unified() {
		return nil
	}
	// In a container, these belong to the process that started it.
	given, err := os.ReadFile(filepath.Join(c.root(), "cgroup.controllers"))
	for _, controller := range []string{"cpu", "memory", "pids"} {
		if err == nil && !slices.Contains(strings.Fields(string(given)), controller) {
			err = fmt.Errorf("a cgroup below %s gets no %s controller: run it on the machine, not in a container", cgroups, controller)
		}
	}
	return err
}

// A cgroup gets as much CPU as one process beside it. Busy tests and browsers outside would starve the pods, so the
// cluster counts as eight. A hierarchy without such a file does not allow this.
func (c *cluster) weighs() {
	for _, dir := range c.cgroups() {
		for file, weight := range map[string]string{"cpu.shares": "8192", "cpu.weight": "800"} {
			_ = os.WriteFile(filepath.Join(dir, file), []byte(weight), 0o644)
		}
	}
}

// Kills all processes and removes the cgroups, repeatedly: a process may just be entering one.
func (c *cluster) end() error {
	return within(time.Minute, func() (bool, error) { return c.killed() && c.removed(), nil })
}

func (c *cluster) killed() bool {
	alive := false
	for _, dir := range below(c.root()) {
		procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
		for _, line := range strings.Fields(string(procs)) {
			if pid, err := strconv.Atoi(line); err == nil && startTime(pid) != "" {
				alive = true
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	return !alive
}

func (c *cluster) removed() bool {
	left := 0
	for _, root := range c.cgroups() {
		dirs := below(root)
		for i := len(dirs) - 1; i >= 0; i-- {
			if syscall.Rmdir(dirs[i]) != nil {
				left++
			}
		}
	}
	return left == 0
}

// A directory and its descendants, parents first.
func below(root string) []string {
	var dirs []string
	_ = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}
