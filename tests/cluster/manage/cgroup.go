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

// Everything that a cluster starts is in a cgroup of the cluster, its pods and whatever these start included: that is
// how all of it is found again, and nothing else.
const cgroups = "/sys/fs/cgroup"

func unified() bool {
	_, err := os.Stat(filepath.Join(cgroups, "cgroup.controllers"))
	return err == nil
}

// The cluster's directory in each hierarchy of this machine.
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

// Where its own processes are. Beside those of the pods, since in the second version only leaves have processes.
func (c *cluster) own() string {
	return filepath.Join(c.root(), "parts")
}

// Where all its processes are, those of its pods included.
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
	// In a container these belong to whoever started it.
	given, err := os.ReadFile(filepath.Join(c.root(), "cgroup.controllers"))
	for _, controller := range []string{"cpu", "memory", "pids"} {
		if err == nil && !slices.Contains(strings.Fields(string(given)), controller) {
			err = fmt.Errorf("a cgroup below %s gets no %s controller: run it on the machine, not in a container", cgroups, controller)
		}
	}
	return err
}

// A cgroup counts for as much as a single process beside it, however many run in it. The pods would hardly get on while
// many that are not in it are busy, such as tests and browsers: it counts for eight. Where a hierarchy has no such
// file, none can be made.
func (c *cluster) weighs() {
	for _, dir := range c.cgroups() {
		for file, weight := range map[string]string{"cpu.shares": "8192", "cpu.weight": "800"} {
			_ = os.WriteFile(filepath.Join(dir, file), []byte(weight), 0o644)
		}
	}
}

// Kills everyone and removes the cgroups, again and again: a process may just have been on its way into them.
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

// A directory and all below it, the outer ones first.
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
