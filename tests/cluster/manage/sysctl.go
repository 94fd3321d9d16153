package main

import (
	"os"
	"path/filepath"
	"strings"
)

// The kubelet sets these for the whole machine. The old values are kept until the last cluster is down.
var tunables = []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops",
	"kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes"}

const kept = "/run/opencode-test-cluster-sysctls"

func keepTunables() error {
	if _, err := os.Stat(kept); err == nil {
		return nil
	}
	var lines []string
	for _, name := range tunables {
		value, err := os.ReadFile(filepath.Join("/proc/sys", name))
		if err != nil {
			return err
		}
		lines = append(lines, name+" "+strings.TrimSpace(string(value)))
	}
	return os.WriteFile(kept, []byte(strings.Join(lines, "\n")), 0o644)
}

func restoreTunables() error {
	if others, _ := filepath.Glob("/run/netns/opencode*"); len(others) > 0 {
		return nil
	}
	text, err := os.ReadFile(kept)
	if err != nil {
		return nil
	}
	for _, line := range strings.Split(string(text), "\n") {
		name, value, _ := strings.Cut(line, " ")
		if err := os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0o644); err != nil {
			return err
		}
	}
	return os.Remove(kept)
}
