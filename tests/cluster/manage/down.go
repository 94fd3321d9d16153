package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Ends everything of a cluster the hard way. Can be repeated, and after an up that came only half the way.
func down(dir string) error {
	if entries, err := os.ReadDir(dir); errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	c, err := open(dir)
	if err != nil {
		return err
	}
	for _, step := range []func() error{
		c.killAll, c.removeSockets, c.unmount, c.disconnect, c.removeCgroups, c.removeTraces,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	// What says which cluster this was goes last.
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != "cluster.json" {
			if err := os.RemoveAll(c.path(entry.Name())); err != nil {
				return err
			}
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return restoreTunables()
}

// The shims of containerd have theirs outside its directories.
func (c *cluster) removeSockets() error {
	files, _ := filepath.Glob(c.path("containerd-state", "io.containerd.runtime.v2.task", "k8s.io", "*", "address"))
	for _, file := range files {
		address, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if socket, ok := strings.CutPrefix(string(address), "unix://"); ok {
			_ = os.Remove(socket)
		}
	}
	return nil
}

func (c *cluster) unmount() error {
	return within(10*time.Second, func() (bool, error) {
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		if err != nil {
			return false, err
		}
		lines := strings.Split(strings.TrimSpace(string(mounts)), "\n")
		clean := true
		for i := len(lines) - 1; i >= 0; i-- {
			if at := strings.Fields(lines[i])[4]; strings.HasPrefix(at, c.Dir+"/") {
				clean = false
				_ = syscall.Unmount(at, syscall.MNT_DETACH)
			}
		}
		return clean, nil
	})
}

// What the kubelet and the network plugins write in places that cannot be chosen.
func (c *cluster) removeTraces() error {
	results, _ := filepath.Glob("/var/lib/cni/results/" + c.name() + "-*")
	for _, file := range results {
		_ = os.Remove(file)
	}
	links, _ := filepath.Glob("/var/log/containers/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err == nil && strings.HasPrefix(target, c.Dir+"/") {
			_ = os.Remove(link)
		}
	}
	return nil
}
