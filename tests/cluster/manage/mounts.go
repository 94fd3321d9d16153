package main

import (
	"fmt"
	"os"
	"strings"
)

// A cluster has a mount namespace of its own too: its mounts end with its last process, and what its programs write in
// places that cannot be chosen is below its directory.
var fixed = []string{"/var/lib/kubelet", "/var/lib/cni", "/var/log/containers", "/run/containerd"}

const holder = "holder"

// The first process; it does nothing but have the namespace, for the others to enter.
func (c *cluster) holder() part {
	script := ""
	for _, place := range fixed {
		own := c.path("fixed", strings.ReplaceAll(place[1:], "/", "-"))
		script += fmt.Sprintf("mkdir -p %[1]s %[2]s && mount --bind %[1]s %[2]s && ", own, place)
	}
	ready := c.path("fixed", "ready")
	return part{holder, []string{"unshare", "--mount", "--propagation", "slave", "sh", "-ec",
		script + "touch " + ready + " && exec sleep infinity"}, func() bool { _, err := os.Stat(ready); return err == nil }}
}

// What goes before a command so that it runs in the cluster's namespaces.
func (c *cluster) enter() []string {
	enter := []string{"nsenter", "--net=/run/netns/" + c.name()}
	if pid := c.pid(part{name: holder}); pid != 0 {
		enter = append(enter, fmt.Sprintf("--mount=/proc/%d/ns/mnt", pid), "--wd="+c.Dir)
	}
	return enter
}
