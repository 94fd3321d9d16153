package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	if unified() {
		return filepath.Join(cgroups, c.name(), "parts")
	}
	return filepath.Join(cgroups, "pids", c.name(), "parts")
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
	return nil
}

// Kills until nobody is left.
func (c *cluster) killAll() error {
	root := filepath.Dir(c.own())
	return within(30*time.Second, func() (bool, error) {
		alive := false
		for _, dir := range below(root) {
			procs, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs"))
			for _, line := range strings.Fields(string(procs)) {
				if pid, err := strconv.Atoi(line); err == nil && startTime(pid) != "" {
					alive = true
					_ = syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		}
		return !alive, nil
	})
}

func (c *cluster) removeCgroups() error {
	return within(10*time.Second, func() (bool, error) {
		left := 0
		for _, root := range c.cgroups() {
			dirs := below(root)
			for i := len(dirs) - 1; i >= 0; i-- {
				if syscall.Rmdir(dirs[i]) != nil {
					left++
				}
			}
		}
		return left == 0, nil
	})
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
