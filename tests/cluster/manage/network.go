package main

import (
	"errors"
	"net"
	"os"
)

// A cluster has its own network namespace, connected to the machine by a veth pair. The rules, routes and devices that
// its parts create are visible only there, and end with it. A route through the node leads to its pods.
const slots = 64

// Creating the namespace claims a slot: the second attempt fails. A slot with leftovers of another cluster is not free.
func (c *cluster) claimNetwork() error {
	for c.Slot = range slots {
		_, device := net.InterfaceByName(c.name())
		_, cgroup := os.Stat(c.root())
		if device == nil || cgroup == nil || command("ip", "netns", "add", c.name()) != nil {
			continue
		}
		if err := c.save(); err != nil {
			return err
		}
		return c.connect()
	}
	return errors.New("no network namespace can be made: all are taken, or this machine does not allow it")
}

func (c *cluster) connect() error {
	inside := func(args ...string) []string { return append([]string{"ip", "-n", c.name()}, args...) }
	for _, line := range [][]string{
		{"ip", "link", "add", c.name(), "type", "veth", "peer", "name", "eth0", "netns", c.name()},
		{"ip", "address", "add", c.host() + "/30", "dev", c.name()},
		{"ip", "link", "set", c.name(), "up"},
		inside("address", "add", c.address()+"/30", "dev", "eth0"),
		inside("link", "set", "eth0", "up"),
		inside("link", "set", "lo", "up"),
		{"ip", "route", "add", c.pods(), "via", c.address()},
		{"ip", "route", "add", c.services(), "via", c.address()},
		{"nsenter", "--net=/run/netns/" + c.name(), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"},
	} {
		if err := command(line...); err != nil {
			return err
		}
	}
	return nil
}

func (c *cluster) disconnect() error {
	// The device disappears at once, the namespace only with its last process.
	_ = command("ip", "link", "delete", c.name())
	if command("ip", "netns", "pids", c.name()) != nil {
		return nil
	}
	return command("ip", "netns", "delete", c.name())
}
